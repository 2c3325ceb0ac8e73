// nlp.js (npm node-nlp 4) with loa's own FAQ entries.
//   node nlp.js ask HOW ENTRIES LABELLED ROUNDS   queries per second in process, one JSON object
//   node nlp.js serve HOW ENTRIES                 a chat server on npm ws in loa's protocol; prints "port=N"
// HOW is "entities", as the manual sets it up (forceNER: dates, numbers, addresses … are looked for in every question), or
// "lean", without that.
import fs from 'node:fs';
import nlp from 'node-nlp';
import { WebSocketServer } from 'ws';

const [, , mode, how, entriesPath, labelledPath, rounds] = process.argv;
const entries = JSON.parse(fs.readFileSync(entriesPath, 'utf8'));
const manager = new nlp.NlpManager({ languages: ['vi'], forceNER: how === 'entities', autoSave: false, nlu: { log: false } });

for (const entry of entries) {
    for (const phrase of [entry.question, ...(entry.variants ?? [])]) manager.addDocument('vi', phrase, entry.id);
    manager.addAnswer('vi', entry.id, entry.answer);
}
await manager.train();

async function answer(text) {
    const found = await manager.process('vi', text);
    return found.answer ?? 'Cán bộ sẽ trả lời anh/chị.';
}

async function ask() {
    const questions = fs.readFileSync(labelledPath, 'utf8').split('\n').map(l => l.split('\t')[0]).filter(Boolean);
    for (const q of how === 'lean' ? questions : questions.slice(0, 50)) await answer(q); // warm
    const took = [];
    const begun = process.hrtime.bigint();
    for (let r = 0; r < Number(rounds); r++) {
        for (const q of questions) {
            const at = process.hrtime.bigint();
            await answer(q);
            took.push(Number(process.hrtime.bigint() - at) / 1000);
        }
    }
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    took.sort((a, b) => a - b);
    console.log(JSON.stringify({ n: took.length, per_s: took.length / seconds, p50_us: took[took.length >> 1],
        p99_us: took[Math.floor(took.length * 0.99)] }));
}

// Keeps each conversation in memory: nothing is durable here.
function serve() {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false }, () =>
        console.log(`port=${server.address().port}`));
    server.on('connection', socket => {
        const log = [];
        const say = (from, text) => {
            log.push({ seq: log.length + 1, at: Date.now(), from, text });
            return log[log.length - 1];
        };
        socket.on('message', async data => {
            const m = JSON.parse(data);
            if (m.type === 'hello') {
                socket.send(JSON.stringify({ type: 'ready', epoch: '', offset: 0, talk: 'bot' }));
            } else if (m.type === 'say') {
                socket.send(JSON.stringify({ type: 'ack', id: m.id, seq: say('c', m.text).seq }));
                socket.send(JSON.stringify({ type: 'line', ...say('b', await answer(m.text)) }));
            }
        });
    });
}

await (mode === 'serve' ? serve() : ask());
