// The place where one writes: answers and notes, drafts, what is on its way, suggested answers.

import { button, byId, el, now, setText, whenText } from "./dom.js";
import { newId, request, whisper } from "./link.js";
import * as canned from "./canned.js";
import * as side from "./side.js";
import { current, draw, holds, replyMax, talkNow, want } from "./talk.js";

const SURE_MIN = 0.4; // less is noise to whoever reads in a hurry
const TYPING_EVERY_MS = 2000;
const words = byId("words");
let typingAt = 0, modeBefore = "reply";

const mode = () => document.querySelector("#modes input:checked").value;
const draftKey = (kind) => `loa-desk-draft-${kind}-${current()}`;

export function setMode(kind) {
  modeBefore = kind;
  document.querySelector(`#modes input[value=${kind}]`).checked = true;
}

export function keepDraft() {
  if (!current()) return;
  if (words.value) sessionStorage.setItem(draftKey(mode()), words.value);
  else sessionStorage.removeItem(draftKey(mode()));
}

export function showDraft() {
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

export function drawComposer(c) {
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
  if (current()) {
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
  if (current() !== c.cid) return;
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
  if (current() === c.cid) draw(c, { toEnd: true });
  answer.then(() => { entry.stored = true; }, (why) => {
    c.sending = c.sending.filter((s) => s !== entry);
    giveBack(c, message, why);
  }).finally(() => { if (current() === c.cid) draw(c); });
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

// ---- suggested answers ----

// "gặp cán bộ", "alo": then the question is what was asked before.
function questionOf(c) {
  const asked = c.lines.filter((l) => l.from === "c").slice(-6).map((l) => l.say.text || ""), whole = (t) => t.split(/\s+/).length > 3;
  const text = [...asked].reverse().find(whole);
  return text && !whole(asked[asked.length - 1]) ? { text: [...text].slice(0, 500).join("") } : {};
}

export async function assist(c) {
  side.load(c);
  if (!c.state || c.state.mode === "bot") return;
  try {
    c.suggested = (await request("suggest", { cid: c.cid, ...questionOf(c) })).items.filter((s) => s.sure >= SURE_MIN);
  } catch (why) {
    c.suggested = [];
  }
  if (current() === c.cid) drawSuggestions(c);
}

function drawSuggestions(c) {
  byId("suggestions").replaceChildren(...(c.suggested.length ? [el("span", { class: "soft" }, "Gợi ý:")] : []),
    ...c.suggested.map((s) => button(s.question, () => insert(s.answer), { title: s.answer, class: "chip" })));
}
