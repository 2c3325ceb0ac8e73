// The page: asks the simulator every second what changed and shows it.

import { el, byId, face, timeText, countText, moneyText, phoneText } from "./dom.js";
import { get, send } from "./api.js";
import { showDevices, showClock } from "./devices.js";
import { showTrouble, startTrouble } from "./trouble.js";

let changes = null; // the last change we have seen
let chosen = Number(new URLSearchParams(location.search).get("person")) || 0;
let timer = 0;
let asked = 0; // questions so far: an answer to an older one comes too late

const nameOf = (p) => p.name || (p.phone ? phoneText(p.phone) : p.email) || `Zalo ${p.uid.slice(-4)}`;

function personRow(p) {
  const words = p.preview || (p.name && p.phone ? phoneText(p.phone) : "Chưa có tin");
  return el("li", {}, el("button", { type: "button", class: "person", "aria-current": String(p.id === chosen), onclick: () => choose(p.id) },
    face(p.name || "", p.id, p.phone ? "☎" : "✉"),
    el("b", {}, nameOf(p)),
    p.unseen > 0 ? el("span", { class: "count", "aria-label": `${p.unseen} tin chưa xem` }, countText(p.unseen)) : el("span"),
    el("span", { class: "preview" }, p.last ? `${timeText(p.last)} · ${words}` : words)));
}

function facts(p) {
  const list = [];
  if (p.phone && p.name) list.push(phoneText(p.phone));
  if (p.email && (p.name || p.phone)) list.push(p.email);
  if (p.uid) list.push(p.follows ? "đang quan tâm OA" : "chưa quan tâm OA");
  else if (p.phone) list.push("không dùng Zalo");
  if (p.optouts.length > 0) list.push("đã từ chối nhận tin Zalo");
  return list.join(" · ");
}

function show(view) {
  if (chosen === 0 && view.people.length > 0) {
    choose(view.people[0].id);
    return;
  }
  byId("people").replaceChildren(...view.people.map(personRow));
  byId("total-zalo").textContent = countText(view.totals.zalo);
  byId("total-sms").textContent = countText(view.totals.sms);
  byId("total-mail").textContent = countText(view.totals.mail);
  byId("total-cost").textContent = moneyText(view.totals.cost);
  showTrouble(view.faults);
  const p = view.person;
  byId("empty").hidden = Boolean(p);
  byId("devices-row").hidden = byId("who-line").hidden = !p;
  byId("who").textContent = p ? nameOf(p) : "Chưa có ai";
  byId("who-facts").textContent = p ? facts(p) : "";
  if (p) showDevices(byId("devices-row"), p, view.oa_name, refresh);
}

async function ask() {
  const query = new URLSearchParams({ q: byId("search").value });
  if (changes !== null) query.set("since", changes);
  if (chosen) query.set("person", chosen);
  const mine = ++asked;
  try {
    const view = await get(`/sim/view?${query}`);
    if (mine !== asked) return;
    byId("offline").hidden = true;
    showClock(Date.now());
    if (view.people) {
      if (view.changes < changes) location.reload(); // another run: start anew
      changes = view.changes;
      show(view);
    }
  } catch {
    byId("offline").hidden = false;
    changes = null;
  }
}

async function refresh() {
  clearTimeout(timer);
  await ask();
  timer = setTimeout(refresh, document.hidden ? 5000 : 1000);
}

function choose(id) {
  chosen = id;
  changes = null;
  refresh();
}

byId("search").addEventListener("input", () => {
  changes = null;
  refresh();
});

byId("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = {};
  for (const name of ["name", "phone", "email"]) if (form.elements[name].value.trim()) body[name] = form.elements[name].value.trim();
  try {
    await send("POST", "/sim/users", body);
    form.reset();
    form.closest("details").open = false;
    byId("add-error").textContent = "";
    byId("search").value = body.phone ? "" : body.email || "";
    changes = null;
    refresh();
  } catch (error) {
    byId("add-error").textContent = error.message;
  }
});

startTrouble();
refresh();
