// The middle: one conversation, what can be done with it, and the place where one writes.

import { ask, button, byId, choose, clockText, dayOf, el, field, keep, longDate, now, setText, spanText, tell, webLink, whenText } from "./dom.js";
import { live, newId, request, whisper } from "./link.js";
import { allDesks, colleagues, deskName, draw as drawList, isLead, myself } from "./talks.js";
import * as canned from "./canned.js";
import * as side from "./side.js";
import * as notify from "./notify.js";
import { draftForm } from "./questions.js";

const SURE_MIN = 0.4; // less is noise to whoever reads in a hurry
const FOLLOWED_MAX = 8, TYPING_EVERY_MS = 2000, TYPING_GOOD_MS = 5000;
const followed = new Map(); // cid -> conversation, see blank()
let shown = null, replyMax = 2000, mine = [];
let atEnd = true; // the newest line is in sight

const blank = (cid) => ({ cid, epoch: "", last: 0, seen: -1, lines: [], state: null, sending: [], more: true, suggested: [], typingUntil: 0, over: false });
const talkNow = () => (shown ? followed.get(shown) : null);
const holds = (c) => c && c.state && c.state.mode === "talk" && c.state.officer === myself().login;

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

function want(cid) {
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

function draw(c, { toEnd = false } = {}) {
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

// ---- lines ----

const unsent = { window_closed: "chưa gửi được: Zalo đã hết thời gian cho nhắn", no_account: "chưa gửi được: không có tài khoản Zalo" };
const senders = { c: "Người dân", b: "Trợ lý", o: "Cán bộ", s: "", n: "Ghi chú nội bộ" };

// A line knows the officer by the name that citizens read.
const isMine = (line) => (line.from === "o" || line.from === "n") && line.say.officer === myself().name;

function whoSaid(line) {
  if (line.from === "o") return isMine(line) ? "Tôi" : line.say.officer || senders.o;
  if (line.from === "n") return [senders.n, line.say.officer].filter(Boolean).join(" · ");
  return senders[line.from] || "";
}

// Buttons the citizen was given: shown, not to be pressed here.
function offered(buttons) {
  if (!buttons || !buttons.length) return null;
  return el("p", { class: "offered" }, buttons.map((b) => {
    const link = webLink(b.url);
    return link ? el("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, b.title) : el("span", {}, b.title);
  }));
}

function questionBefore(c, line) {
  const asked = c.lines.filter((l) => l.from === "c" && l.seq < line.seq);
  return asked.length ? asked[asked.length - 1].say.text || "" : "";
}

function makeLine(entry) {
  if (entry.day) return el("li", { class: "day" }, longDate(entry.at));
  if (entry.pending) {
    return el("li", { class: `line ${entry.type === "note" ? "n" : "o"} me sending` }, el("p", { class: "who" }, entry.type === "note" ? senders.n : "Tôi"),
      el("p", { class: "said" }, entry.text), el("p", { class: "tick" }));
  }
  const { line, c } = entry, say = line.say || {};
  const me = isMine(line);
  return el("li", { class: `line ${line.from}${me ? " me" : ""}` },
    whoSaid(line) && el("p", { class: "who" }, whoSaid(line)),
    el("p", { class: "said" }, say.text || (say.kind ? `[${say.kind}]` : "")),
    offered(say.buttons),
    el("p", { class: "tick" }, el("time", { datetime: new Date(line.at).toISOString() }, clockText(line.at)),
      me && line.from === "o" && " · ✓ đã gửi",
      line.from === "o" && button("Tạo mục hỏi đáp", () => draftForm({ cid: c.cid, question: questionBefore(c, line), answer: say.text || "" }), { class: "quiet" })));
}

function drawLog(c) {
  const entries = [];
  let day = null;
  for (const line of c.lines) {
    if (dayOf(line.at) !== day) {
      day = dayOf(line.at);
      entries.push({ day: true, at: line.at, key: `d${day}` });
    }
    entries.push({ line, c, key: `l${line.seq}` });
  }
  for (const s of c.sending) entries.push({ ...s, pending: true, key: `p${s.id}` });
  keep(byId("log"), entries, (e) => e.key, makeLine, (node, e) => {
    if (e.pending) setText(node.lastChild, e.stored ? "✓ đã gửi" : live() ? "Đang gửi…" : "Chưa gửi, chờ kết nối…");
  });
}

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

// ---- writing ----

const words = byId("words");
let typingAt = 0, modeBefore = "reply";

const mode = () => document.querySelector("#modes input:checked").value;
const draftKey = (kind) => `loa-desk-draft-${kind}-${shown}`;

function setMode(kind) {
  modeBefore = kind;
  document.querySelector(`#modes input[value=${kind}]`).checked = true;
}

function keepDraft() {
  if (!shown) return;
  if (words.value) sessionStorage.setItem(draftKey(mode()), words.value);
  else sessionStorage.removeItem(draftKey(mode()));
}

function showDraft() {
  words.value = sessionStorage.getItem(draftKey(mode())) || "";
  grow();
}

function grow() {
  words.style.height = "auto";
  words.style.height = `${Math.min(words.scrollHeight + 2, 220)}px`;
}

// Puts words where one writes; what stands there already stays, unless it is only the call for this list.
export function insert(text) {
  const before = words.value.replace(/(^|\n)\/\S*$/, "$1");
  words.value = before && !/\s$/.test(before) ? `${before}\n${text}` : before + text;
  words.focus();
  words.setSelectionRange(words.value.length, words.value.length);
  edited();
}

export function noteMode() {
  setMode("note");
  byId("modes").dispatchEvent(new Event("change"));
  words.focus();
}

function windowText(c) {
  const until = c.state && c.state.free_until;
  if (!until || !holds(c) || mode() === "note") return "";
  return until > now() ? `Zalo: nhắn miễn phí đến ${whenText(until)}.` : "Zalo: đã hết thời gian nhắn miễn phí kể từ lần cuối người dân nhắn.";
}

function drawComposer(c) {
  const note = mode() === "note", people = Boolean(c.state) && c.state.mode !== "bot", may = people && (note || holds(c)), over = [...words.value].length - replyMax;
  byId("compose").classList.toggle("note", note);
  words.disabled = !may;
  byId("send").disabled = !may || over > 0;
  setText(byId("send"), note ? "Lưu ghi chú" : "Gửi");
  setText(byId("words-label"), note ? "Ghi chú nội bộ" : "Câu trả lời");
  words.placeholder = !people ? "" : note ? "Chỉ đồng nghiệp đọc được" : may ? "Viết câu trả lời" : c.state && c.state.mode === "wait" ? "Bấm “Nhận” để trả lời" : "";
  setText(byId("words-hint"), over > 0 ? `Dài quá ${over} ký tự` : over > -200 ? `Còn ${-over} ký tự` : "Ctrl+Enter để gửi, gõ / để chọn câu mẫu");
  byId("words-hint").classList.toggle("near", over > -200);
  setText(byId("window"), windowText(c));
  byId("suggestions").hidden = note || !holds(c);
  byId("canned-open").disabled = note || !may;
}

function edited() {
  const c = talkNow();
  grow();
  keepDraft();
  canned.filter(words.value, mode() === "reply");
  if (!c) return;
  drawComposer(c);
  if (mode() === "reply" && holds(c) && words.value && now() - typingAt > TYPING_EVERY_MS) {
    typingAt = now();
    whisper("typing", { cid: c.cid });
  }
}

words.addEventListener("input", edited);
words.addEventListener("keydown", (e) => {
  if (canned.key(e)) return;
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !e.isComposing) {
    e.preventDefault();
    byId("compose").requestSubmit();
  }
});
byId("modes").addEventListener("change", () => {
  if (shown) {
    if (words.value) sessionStorage.setItem(draftKey(modeBefore), words.value);
    else sessionStorage.removeItem(draftKey(modeBefore));
  }
  modeBefore = mode();
  showDraft();
  const c = talkNow();
  if (c) drawComposer(c);
});

function composeFault(...what) {
  byId("compose-fault").replaceChildren(...what);
}

// Gives the words back to whoever wrote them.
function giveBack(c, message, why) {
  const key = `loa-desk-draft-${message.type}-${c.cid}`;
  if (!sessionStorage.getItem(key)) sessionStorage.setItem(key, message.text);
  if (shown !== c.cid) return;
  if (mode() === message.type) showDraft();
  drawComposer(c);
  const paid = why.code === "window_closed" && !message.paid && button("Gửi tin có phí", () => {
    words.value = "";
    keepDraft();
    composeFault();
    send(c, { ...message, id: newId(), paid: true });
  });
  composeFault(why.message, ...(paid ? [" ", paid] : []));
}

function track(c, message, answer) {
  const entry = { id: message.id, type: message.type, text: message.text, stored: false };
  c.sending.push(entry);
  if (shown === c.cid) draw(c, { toEnd: true });
  answer.then(() => { entry.stored = true; }, (why) => {
    c.sending = c.sending.filter((s) => s !== entry);
    giveBack(c, message, why);
  }).finally(() => { if (shown === c.cid) draw(c); });
}

function send(c, message) {
  const { type, id, ...fields } = message;
  track(c, message, request(type, fields, { again: true, id }));
}

export function revived(message, answer) {
  if (message.type === "reply" || message.type === "note") track(want(message.cid), message, answer);
  else answer.catch(() => {});
}

byId("compose").addEventListener("submit", (e) => {
  e.preventDefault();
  const c = talkNow(), text = words.value.trim();
  if (!c || !text || byId("send").disabled) return;
  composeFault();
  words.value = "";
  edited();
  send(c, { type: mode(), id: newId(), cid: c.cid, text });
  words.focus();
});

// ---- help with answering ----

// "gặp cán bộ", "alo": then the question is what was asked before.
function questionOf(c) {
  const asked = c.lines.filter((l) => l.from === "c").slice(-6).map((l) => l.say.text || ""), whole = (t) => t.split(/\s+/).length > 3;
  const text = [...asked].reverse().find(whole);
  return text && !whole(asked[asked.length - 1]) ? { text: [...text].slice(0, 500).join("") } : {};
}

async function assist(c) {
  side.load(c);
  if (!c.state || c.state.mode === "bot") return;
  try {
    c.suggested = (await request("suggest", { cid: c.cid, ...questionOf(c) })).items.filter((s) => s.sure >= SURE_MIN);
  } catch (why) {
    c.suggested = [];
  }
  if (shown === c.cid) drawSuggestions(c);
}

function drawSuggestions(c) {
  byId("suggestions").replaceChildren(...(c.suggested.length ? [el("span", { class: "soft" }, "Gợi ý:")] : []),
    ...c.suggested.map((s) => button(s.question, () => insert(s.answer), { title: s.answer, class: "chip" })));
}

setInterval(() => {
  const c = talkNow();
  if (c && c.state && !document.hidden) setText(byId("talk-state"), stateText(c));
}, 10000);

