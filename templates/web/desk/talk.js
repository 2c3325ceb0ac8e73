// The middle: one conversation, and what can be done with it.

import { ask, button, byId, choose, el, field, keep, now, setText, spanText, tell, whenText } from "./dom.js";
import { request } from "./link.js";
import { allDesks, colleagues, deskName, draw as drawList, isLead, myself } from "./talks.js";
import * as canned from "./canned.js";
import { assist, drawComposer, keepDraft, setMode, showDraft } from "./compose.js";
import { drawLog, isMine, whoSaid } from "./log.js";
import * as notify from "./notify.js";
import * as side from "./side.js";

const FOLLOWED_MAX = 8, TYPING_GOOD_MS = 5000;
const followed = new Map(); // cid -> conversation, see blank()
let shown = null, mine = [];
export let replyMax = 2000;
let atEnd = true; // the newest line is in sight

const blank = (cid) => ({ cid, epoch: "", last: 0, seen: -1, lines: [], state: null, sending: [], more: true, suggested: [], typingUntil: 0, over: false });
export const talkNow = () => (shown ? followed.get(shown) : null);
export const holds = (c) => c && c.state && c.state.mode === "talk" && c.state.officer === myself().login;

export const current = () => shown;

export function unread(cid) {
  const c = followed.get(cid);
  return c ? c.lines.filter((l) => l.from === "c" && l.seq > c.seen).length : 0;
}

// ---- following conversations ----

async function join(c) {
  try {
    await request("open", { cid: c.cid, epoch: c.epoch, after: c.last });
  } catch (why) {
    c.over = why.code !== "lost";
    if (why.code !== "lost" && shown === c.cid) fault(why.message);
  }
}

function drop(cid) {
  followed.delete(cid);
  request("leave", { cid }).catch(() => {});
}

export function want(cid) {
  let c = followed.get(cid);
  if (!c) {
    c = blank(cid);
    followed.set(cid, c);
    join(c);
  } else if (c.over) { // ended, and now somebody is waited for again
    c.over = false;
    join(c);
  }
  return c;
}

// My conversations are followed in the background, as many as the server allows.
export function follow(cids) {
  mine = cids;
  for (const cid of [...followed.keys()])
    if (cid !== shown && !mine.includes(cid) && followed.get(cid).sending.length === 0) drop(cid);
  for (const cid of mine) if (followed.size < FOLLOWED_MAX) want(cid);
}

export function greeted(m) {
  replyMax = m.reply_max || replyMax;
  for (const c of followed.values()) if (!c.over) join(c);
  canned.load();
}

export function lost() {
  const c = talkNow();
  if (c) draw(c);
}

// What was already answered when the page was loaded again: only words a colleague wrote count as seen.
function firstSeen(c) {
  const spoken = c.lines.filter((l) => l.from === "o");
  return spoken.length ? spoken[spoken.length - 1].seq : c.last;
}

export function heard(m) {
  const c = followed.get(m.cid);
  if (!c) return;
  if (m.reload || m.epoch !== c.epoch) c.lines = [];
  c.epoch = m.epoch;
  c.state = m.state || c.state;
  c.over = c.state.mode === "bot";
  const fresh = (m.lines || []).filter((l) => !c.lines.some((k) => k.seq === l.seq));
  c.lines = [...c.lines, ...fresh].sort((a, b) => a.seq - b.seq);
  c.last = Math.max(c.last, m.last || 0, ...c.lines.map((l) => l.seq));
  if (m.reload) c.last = m.last;
  if (m.reload || c.seen < 0) c.more = c.lines.length > 0 && c.lines[0].seq > 1;
  c.sending = c.sending.filter((s) => !c.lines.some((l) => l.say && l.say.client === s.id));
  const first = c.seen < 0, words = fresh.filter((l) => l.from === "c");
  if (first) c.seen = firstSeen(c);
  if (words.length) c.typingUntil = 0;
  if (!first && words.length && mine.includes(c.cid)) notify.say("Người dân vừa nhắn thêm");
  if (shown === c.cid) {
    draw(c, { toEnd: first });
    if (!first) for (const l of fresh) announce(l);
    if (first || words.length) assist(c);
  }
  drawList();
}

function announce(line) {
  if (!isMine(line)) tell([whoSaid(line), line.say.text].filter(Boolean).join(": "));
}

export function typing(m) {
  const c = followed.get(m.cid);
  if (!c) return;
  c.typingUntil = now() + TYPING_GOOD_MS;
  showTyping();
  setTimeout(showTyping, TYPING_GOOD_MS + 100);
}

function showTyping() {
  const c = talkNow();
  setText(byId("typing"), c && c.typingUntil > now() ? "Người dân đang gõ…" : "");
}

// ---- showing one ----

export function show(cid) {
  if (shown === cid) {
    want(cid);
    return;
  }
  keepDraft();
  hide();
  shown = cid;
  if (followed.size >= FOLLOWED_MAX && !followed.has(cid)) {
    const other = [...followed.values()].reverse().find((c) => c.sending.length === 0);
    if (other) drop(other.cid);
  }
  const c = want(cid);
  byId("view-talks").classList.add("in-talk");
  byId("no-talk").hidden = true;
  byId("one-talk").hidden = false;
  fault("");
  byId("log").replaceChildren();
  atEnd = true;
  setMode("reply");
  showDraft();
  side.begin(cid);
  draw(c, { toEnd: true });
  if (c.state) assist(c);
  drawList();
  byId("talk-title").focus({ preventScroll: true });
}

export function hide() {
  if (!shown) return;
  keepDraft();
  shown = null;
  byId("view-talks").classList.remove("in-talk", "in-side");
  byId("no-talk").hidden = false;
  byId("one-talk").hidden = true;
  side.end();
}

byId("talk-back").addEventListener("click", () => {
  const cid = shown;
  location.hash = "talks";
  const row = byId("list").querySelector(`[data-key="${CSS.escape(cid || "")}"] button`);
  if (row) row.focus();
});

function fault(text) {
  setText(byId("talk-fault"), text);
}

function stateText(c) {
  const s = c.state;
  if (!s) return "Đang mở…";
  const desk = s.desk ? ` · ${deskName(s.desk)}` : "", reason = s.reason_vi ? ` · ${s.reason_vi}` : "";
  if (s.mode === "wait") {
    const due = s.due ? (s.due < now() ? `, quá hẹn ${spanText(now() - s.due)}` : `, hẹn trả lời trước ${whenText(s.due)}`) : "";
    return `Đang chờ ${spanText(now() - s.since)}${due}${desk}${reason}`;
  }
  if (s.mode === "talk")
    return `${holds(c) ? "Tôi đang trả lời" : `${s.officer_name || s.officer} đang trả lời`}${desk}${reason}`;
  return "Đã trả lại trợ lý";
}

export function draw(c, { toEnd = false } = {}) {
  const frame = byId("log-frame"), s = c.state;
  atEnd = atEnd || toEnd;
  setText(byId("talk-title"), `Người dân qua ${!s ? "…" : s.channel === "zalo" ? "Zalo" : "trang web"} · ${c.cid.slice(0, 4)}`);
  setText(byId("talk-state"), stateText(c));
  drawActs(c);
  drawLog(c);
  drawComposer(c);
  if (takenByMe === c.cid && holds(c)) {
    takenByMe = null;
    byId("words").focus();
  }
  side.draw(c);
  showTyping();
  byId("earlier").hidden = !c.more || c.lines.length === 0;
  if (atEnd) {
    frame.scrollTop = frame.scrollHeight;
    if (!document.hidden) c.seen = Math.max(c.seen, c.last);
  }
}

byId("log-frame").addEventListener("scroll", () => {
  const c = talkNow(), frame = byId("log-frame");
  atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 60;
  if (c && c.seen >= 0 && c.seen < c.last && atEnd) {
    c.seen = c.last;
    drawList();
  }
});

// The place to write grows and shrinks: who read the end goes on seeing the end.
new ResizeObserver(() => { if (atEnd) byId("log-frame").scrollTop = byId("log-frame").scrollHeight; }).observe(byId("log-frame"));

document.addEventListener("visibilitychange", () => {
  const c = talkNow();
  if (!c || document.hidden) return;
  draw(c);
  drawList();
});

byId("earlier").addEventListener("click", async () => {
  const c = talkNow(), frame = byId("log-frame"), below = frame.scrollHeight - frame.scrollTop;
  try {
    const answer = await request("earlier", { cid: c.cid, before: c.lines[0].seq });
    const fresh = answer.lines.filter((l) => !c.lines.some((k) => k.seq === l.seq));
    c.more = fresh.length > 0 && fresh[0].seq > 1;
    c.lines = [...fresh, ...c.lines].sort((a, b) => a.seq - b.seq);
    if (shown !== c.cid) return;
    draw(c);
    frame.scrollTop = frame.scrollHeight - below;
  } catch (why) {
    fault(why.message);
  }
});

// ---- what can be done with it ----

async function act(type, fields = {}) {
  const c = talkNow();
  fault("");
  try {
    const answer = await request(type, { cid: c.cid, ...fields }, { again: true });
    if (answer.state) c.state = { ...c.state, ...answer.state };
    if (shown === c.cid) draw(c);
    return true;
  } catch (why) {
    if (shown === c.cid) fault(why.message);
    return false;
  }
}

let takenByMe = null; // its place to write gets the focus as soon as it is mine

async function take(how) {
  takenByMe = shown;
  if (!(await act(how))) takenByMe = null;
}

// Done with it: back to who waits.
async function leave(how) {
  const cid = shown;
  if ((await act(how)) && shown === cid) {
    tell(how === "back" ? "Đã trả lại trợ lý." : "Đã kết thúc.");
    location.hash = "talks";
    byId("list-title").focus();
  }
}

function transfer() {
  const c = talkNow(), there = colleagues().filter((p) => p.login !== c.state.officer);
  const desks = allDesks().filter((d) => d.id !== c.state.desk);
  ask("Chuyển cuộc trò chuyện", [
    field("Chuyển cho", choose("to", [
      ...desks.map((d) => [`desk:${d.id}`, `${d.name}${d.open === false ? " (ngoài giờ)" : ""}`]),
      ...there.map((p) => [`to:${p.login}`, `${p.name || p.login} (đang trả lời ${p.talks} người)`]),
    ])),
    field("Ghi chú cho người nhận (không bắt buộc)", el("textarea", { name: "note", rows: 2, maxlength: 1000 })),
  ], async (f) => {
    const [kind, id] = (f.to || "").split(":");
    if (!id) throw new Error("Chưa có nơi nào khác để chuyển.");
    if (f.note.trim()) await request("note", { cid: c.cid, text: f.note.trim() }, { again: true });
    const answer = await request("transfer", { cid: c.cid, [kind]: id }, { again: true });
    if (answer.state) c.state = { ...c.state, ...answer.state };
    tell("Đã chuyển.");
    if (shown === c.cid) draw(c);
  }, "Chuyển");
}

function actsOf(c) {
  const s = c.state;
  if (!s) return [];
  if (s.mode === "wait") return [["Nhận", () => take("take"), "main"]];
  if (holds(c)) {
    return [["Trả lại trợ lý", () => leave("back")], ["Chuyển…", transfer], ["Kết thúc", () => leave("close")]];
  }
  if (s.mode === "talk" && isLead()) return [["Nhận thay", () => take("steal")]];
  return [];
}

function drawActs(c) {
  const acts = [...actsOf(c), ["Thông tin", () => side.open(), "narrow"]];
  keep(byId("talk-acts"), acts, ([title]) => title, ([title, run, kind]) => button(title, run, { class: kind || "" }), () => {});
}

setInterval(() => {
  const c = talkNow();
  if (c && c.state && !document.hidden) setText(byId("talk-state"), stateText(c));
}, 10000);

