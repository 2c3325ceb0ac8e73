// The way to the server: calls with the CSRF token of the session, and the live WebSocket, which comes back by itself.
//
// A request that changes something keeps its id until it is answered, through lost connections and a reload of the page:
// the server does it once however often it hears it.

const RETRY_FIRST_MS = 700, RETRY_MAX_MS = 15000, ANSWER_MS = 15000;
const OUTBOX = "loa-desk-outbox";

export class Refused extends Error {
  constructor(code, message, status) {
    super(message || "Chưa làm được, vui lòng thử lại.");
    this.code = code;
    this.status = status;
  }
}

// ---- calls ----

let csrf = "";
let loggedOut = () => {};

export const setCsrf = (token) => { csrf = token; };
export const onLoggedOut = (fn) => { loggedOut = fn; };

export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method, credentials: "same-origin", cache: "no-store",
      headers: method === "GET" ? {} : { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: method === "GET" ? undefined : JSON.stringify(body || {}),
    });
  } catch (e) {
    throw new Refused("lost", "Không nối được với máy chủ. Vui lòng kiểm tra mạng rồi thử lại.", 0);
  }
  const text = await answer.text();
  const data = /json/.test(answer.headers.get("Content-Type") || "") ? JSON.parse(text) : text;
  if (answer.ok) return data;
  if (answer.status === 401 && data.code === "not_logged_in") loggedOut();
  const first = data.errors && data.errors[0] && data.errors[0].detail_vi;
  throw new Refused(data.code, first || data.detail_vi, answer.status);
}

// ---- the socket ----

const self = Math.random().toString(36).slice(2, 10) + Date.now().toString(36);
let serial = 0, socket = null, timer = null, retries = 0, wanted = false;
const asked = new Map(); // id -> { message, again, done, fail, limit }
let heard = () => {}, changed = () => {};

export const newId = () => `${self}-${++serial}`;

function saved() {
  try {
    return JSON.parse(sessionStorage.getItem(OUTBOX)) || [];
  } catch (e) {
    return [];
  }
}

function save() {
  const keep = [...asked.values()].filter((a) => a.again).map((a) => a.message);
  sessionStorage.setItem(OUTBOX, JSON.stringify(keep));
}

function transmit(entry) {
  if (!live()) return;
  socket.send(JSON.stringify(entry.message));
  clearTimeout(entry.limit);
  entry.limit = setTimeout(again, ANSWER_MS); // no answer: this connection is dead, though nobody told us
}

export const live = () => socket !== null && socket.readyState === 1;

// `again`: keep it until it is answered. Otherwise it fails when the connection is lost.
export function request(type, fields = {}, { again: keepIt = false, id = newId() } = {}) {
  return new Promise((done, fail) => {
    if (!keepIt && !live()) {
      fail(new Refused("lost", "Đang mất kết nối, vui lòng đợi."));
      return;
    }
    const entry = { message: { type, id, ...fields }, again: keepIt, done, fail };
    asked.set(id, entry);
    if (keepIt) save();
    transmit(entry);
  });
}

export function whisper(type, fields) {
  if (live()) socket.send(JSON.stringify({ type, ...fields }));
}

function answer(m) {
  const entry = asked.get(m.id);
  if (!entry) return;
  asked.delete(m.id);
  clearTimeout(entry.limit);
  if (entry.again) save();
  if (m.type === "ok") entry.done(m);
  else entry.fail(new Refused(m.code, m.detail_vi));
}

function down() {
  const old = socket;
  socket = null;
  clearTimeout(timer);
  if (old) old.close();
  for (const [id, entry] of asked) {
    clearTimeout(entry.limit);
    if (entry.again) continue;
    asked.delete(id);
    entry.fail(new Refused("lost", "Mất kết nối, vui lòng thử lại."));
  }
}

function again() {
  down();
  if (!wanted) return;
  changed("lost");
  const wait = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** retries++) * (0.5 + Math.random() / 2);
  timer = setTimeout(connect, wait);
}

async function refused() {
  if (!wanted) return;
  changed("lost");
  try {
    await call("GET", "/desk/me"); // tells a session that is over from a server that is away
  } catch (e) {
    if (e.status === 401) return;
  }
  again();
}

function connect() {
  down();
  if (!wanted) return;
  const s = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/desk/live`);
  let greeted = false;
  socket = s;
  timer = setTimeout(() => { if (socket === s && !greeted) again(); }, ANSWER_MS);
  s.onmessage = (e) => {
    if (socket !== s) return;
    const m = JSON.parse(e.data);
    if (m.type === "hello") {
      greeted = true;
      retries = 0;
      clearTimeout(timer);
      changed("live");
      heard(m);
      for (const entry of asked.values()) if (entry.again) transmit(entry);
    } else if (m.type === "ok" || m.type === "refused") {
      answer(m);
    } else {
      heard(m);
    }
  };
  s.onclose = (e) => {
    if (socket !== s) return;
    socket = null;
    if (e.code === 4403) {
      wanted = false;
      down();
      changed("forbidden");
    } else if (e.code === 4401 || !greeted) {
      down();
      refused();
    } else {
      again();
    }
  };
}

// `revived` hears of what was still unanswered when the page was reloaded: the message and its answer to come.
export function open(onHeard, onChanged, revived) {
  heard = onHeard;
  changed = onChanged;
  wanted = true;
  retries = 0;
  for (const { type, id, ...fields } of saved())
    if (!asked.has(id)) revived({ type, id, ...fields }, request(type, fields, { again: true, id }));
  connect();
}

export function close() {
  wanted = false;
  down();
}

export function forget() {
  asked.clear();
  sessionStorage.clear();
}

addEventListener("online", () => { if (wanted && !socket) { retries = 0; connect(); } });
addEventListener("offline", () => { if (wanted) again(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted && !socket) { retries = 0; connect(); } });
