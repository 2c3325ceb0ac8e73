// The left column: who waits, whom I talk with, whom colleagues talk with.

import { byId, clockText, el, keep, now, setText, spanText, tell, whenText } from "./dom.js";
import * as talk from "./talk.js";
import * as notify from "./notify.js";

const REDRAW_MS = 10000;
let me = null, desks = [], present = [];
const seen = () => desks.filter((d) => d.yours !== false); // the others are there to pass conversations on to
const queues = new Map(); // desk -> queue message
let only = "";
let known = null; // cids that waited when we last looked; null: not looked yet

export const deskName = (id) => (desks.find((d) => d.id === id) || { name: id }).name;
export const allDesks = () => desks;
export const colleagues = () => present.filter((p) => p.login !== me.login);
export const myself = () => me;
export const isLead = () => me.roles.includes("lead");

export function begin(who) {
  me = who;
}

export function greeted(m) {
  me = { ...me, ...m.you };
  desks = m.desks;
  setText(byId("person-name"), me.name || me.login);
  setText(byId("person-desks"), me.desks.length ? `Bàn trực: ${me.desks.map(deskName).join(", ")}` : "Chưa được giao bàn trực nào");
  for (const id of [...queues.keys()]) if (!seen().some((d) => d.id === id)) queues.delete(id);
  const filter = byId("desk-filter");
  filter.replaceChildren(el("option", { value: "" }, "Mọi bàn trực"), ...seen().map((d) => el("option", { value: d.id }, d.name)));
  filter.hidden = seen().length < 2;
  filter.value = seen().some((d) => d.id === only) ? only : "";
}

export function people(m) {
  present = m.items;
}

export function queue(m) {
  queues.set(m.desk, m);
  draw();
}

byId("desk-filter").addEventListener("change", (e) => {
  only = e.target.value;
  draw();
});

// ---- one row ----

function timeOf(item) {
  if (item.mode === "talk") return `từ ${whenText(item.taken || item.since)}`;
  return `chờ ${spanText(now() - item.since)}`;
}

function promiseOf(item) {
  if (item.mode !== "wait" || !item.due) return "";
  return item.due < now() ? `⚠ quá hẹn ${spanText(now() - item.due)}` : `hẹn trước ${whenText(item.due)}`;
}

function look(cid) {
  location.hash = `talks/${cid}`;
  talk.show(cid); // also when it is shown already: it may have begun anew
}

function make(item) {
  const li = el("li", {}, el("button", { type: "button", class: "talk", onclick: () => look(item.cid) },
    el("span", { class: "first" }), el("span", { class: "meta time" }), el("span", { class: "meta promise" }),
    el("span", { class: "meta about" }), el("span", { class: "mark" })));
  return li;
}

function update(li, item) {
  const [first, time, promise, about, mark] = li.firstChild.children;
  const unread = talk.unread(item.cid);
  setText(first, item.first || "(chưa có nội dung)");
  setText(time, timeOf(item));
  setText(promise, promiseOf(item));
  promise.classList.toggle("late", item.mode === "wait" && item.due > 0 && item.due < now());
  setText(about, [item.channel === "zalo" ? "Zalo" : "Trang web", item.reason_vi, seen().length > 1 && deskName(item.desk),
    item.escalated > 0 && "đã chuyển cấp", item.proven && "đã xác minh", item.mode === "talk" && item.officer !== me.login && item.officer_name]
    .filter(Boolean).join(" · "));
  setText(mark, unread ? `${unread} tin mới` : "");
  li.firstChild.setAttribute("aria-current", String(talk.current() === item.cid));
}

// ---- all rows ----

function items() {
  const all = [];
  for (const q of queues.values())
    if (!only || q.desk === only) all.push(...q.items.map((item) => ({ ...item, desk: q.desk })));
  return all;
}

export const find = (cid) => {
  for (const q of queues.values()) {
    const item = q.items.find((i) => i.cid === cid);
    if (item) return { ...item, desk: q.desk };
  }
  return null;
};

function part(name, list) {
  keep(byId(`l-${name}`), list, (i) => i.cid, make, update);
  setText(byId(`n-${name}`), list.length ? String(list.length) : "");
  byId(`e-${name}`).hidden = list.length > 0;
}

function hoursText() {
  const closed = seen().map((d) => queues.get(d.id) || d).filter((d) => d.open === false);
  if (closed.length === 0) return "";
  if (closed.length === seen().length)
    return closed[0].opens ? `Ngoài giờ làm việc; mở lại lúc ${whenText(closed[0].opens)}.` : "Ngoài giờ làm việc.";
  return `Đang ngoài giờ: ${closed.map((d) => deskName(d.desk || d.id)).join(", ")}.`;
}

// New ones are told once, however often the queue is sent.
function announce(waiting) {
  const cids = new Set(waiting.map((i) => i.cid)), fresh = known ? waiting.filter((i) => !known.has(i.cid)) : [];
  known = cids;
  if (fresh.length === 0) return;
  const text = fresh.length === 1 ? `Có người mới chờ: ${deskName(fresh[0].desk)}` : `Có ${fresh.length} người mới chờ`;
  tell(text);
  notify.say(text);
}

export function draw() {
  if (!me) return;
  const urgent = (i) => Number(i.reason === "urgent");
  const all = items(), waiting = all.filter((i) => i.mode === "wait").sort((a, b) => urgent(b) - urgent(a) || a.since - b.since);
  const mine = all.filter((i) => i.mode === "talk" && i.officer === me.login);
  part("wait", waiting);
  part("mine", mine);
  part("others", all.filter((i) => i.mode === "talk" && i.officer !== me.login));
  setText(byId("desk-hours"), hoursText());
  talk.follow(mine.map((i) => i.cid));
  announce(waiting);
  notify.count(waiting.length, mine.reduce((n, i) => n + talk.unread(i.cid), 0));
}

export function show(cid) {
  if (cid && me) talk.show(cid);
  else talk.hide();
  draw();
}

setInterval(() => { if (!document.hidden) draw(); }, REDRAW_MS);
setInterval(() => { setText(byId("brand"), `Bàn trực · ${clockText(now())}`); }, 5000);
