// An idle WebSocket server that answers each client's first message.   node ws.js   prints "port=N"
import { WebSocketServer } from 'ws';

const clients = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false }, () =>
    console.log(`port=${server.address().port}`));
server.on('connection', socket => socket.once('message', data => {
    clients.set(JSON.parse(data).token, { socket, offset: 0 });
    socket.send('{"type":"ready","epoch":"","offset":0}');
}));
