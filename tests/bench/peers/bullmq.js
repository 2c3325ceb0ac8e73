// The same steps as loa's with what a Node team would choose: node:http, BullMQ 5, undici, ioredis. One process.
//   node bullmq.js REDIS_SOCKET SINK_PORT APP_ID SECRET     prints "port=N"
import http from 'node:http';
import { createHash } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import Redis from 'ioredis';
import { Pool } from 'undici';

const [, , socket, sinkPort, appId, secret] = process.argv;
const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const redis = connect();
const queue = new Queue('events', { connection: connect(), defaultJobOptions: { removeOnComplete: 1000, attempts: 5 } });
const provider = new Pool(`http://127.0.0.1:${sinkPort}`, { connections: 64 });

const worker = new Worker('events', async job => {
    const d = job.data.data;
    const body = JSON.stringify({
        phone: '84' + d.SoDienThoai.slice(1),
        template_id: '341902',
        template_data: { ma_ho_so: d.MaHoSo, ten: d.ChuHoSo, thu_tuc: d.TenTTHC, ngay_hen: d.NgayHenTra },
        tracking_id: job.id,
    });
    const answer = await provider.request({
        path: '/message/template', method: 'POST', body,
        headers: { 'content-type': 'application/json', access_token: 'a' },
    });
    const said = await answer.body.json();
    if (said.error !== 0) throw new Error(String(said.error));
    return said.data.msg_id;
}, { connection: connect(), concurrency: 64 });
worker.on('error', e => console.error(e));

async function receive(path, headers, text) {
    const body = JSON.parse(text);
    if (path === '/v1/dossier-events') {
        await queue.add('status', body, { jobId: body.id });
        return 202;
    }
    const mac = createHash('sha256').update(appId + text + body.timestamp + secret).digest('hex');
    if (headers['x-zevent-signature'] !== 'mac=' + mac) return 403;
    await redis.xadd('receipts', '*', 'e', body.message.tracking_id, 't', body.message.delivery_time);
    return 200;
}

const server = http.createServer((req, res) => {
    const parts = [];
    req.on('data', d => parts.push(d));
    req.on('end', async () => {
        let status = 500;
        try {
            status = await receive(req.url, req.headers, Buffer.concat(parts).toString());
        } catch (e) {
            console.error(e);
        }
        const out = '{"accepted":1,"duplicates":0,"rejected":[]}';
        res.writeHead(status, { 'content-type': 'application/json', 'content-length': out.length });
        res.end(out);
    });
});
server.keepAliveTimeout = 60000;
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
server.listen(0, '127.0.0.1', () => console.log(`port=${server.address().port}`));
