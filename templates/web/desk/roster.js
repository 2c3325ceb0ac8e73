// Who is on duty when: one week of one desk, swaps, and for leads the making of it.

import { ask, button, byId, choose, clockText, dateText, dayOf, el, field, isoDate, mondayOf, now, setText, tell } from "./dom.js";
import { request } from "./link.js";
import { allDesks, colleagues, isLead, myself } from "./talks.js";

const DAY_MS = 86400000;
const names = ["Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"];
let desk = "", monday = 0, roster = null; // monday: local midnight of it, ms

const view = byId("view-roster");
const week = () => isoDate(monday);
const where = () => ({ desk, week: week() });

async function load() {
  if (!desk) return;
  const at = week();
  try {
    const answer = await request("roster_get", where());
    if (at !== week() || answer.desk !== desk) return;
    roster = answer;
    fault("");
  } catch (why) {
    roster = null;
    fault(why.message);
  }
  draw();
}

export function heard(m) {
  if (!view.hidden && (!m.desk || (m.desk === desk && m.week === week()))) load();
}

function fault(text) {
  const place = view.querySelector(".fault");
  if (place) setText(place, text);
}

async function act(type, fields, said) {
  try {
    await request(type, { ...where(), ...fields }, { again: true });
    if (said) tell(said);
  } catch (why) {
    fault(why.message);
  }
  load();
}

// ---- shifts ----

const shiftText = (s) => `${dateText(s.from)} ${clockText(s.from)}–${clockText(s.to)}`;

function askSwap(shift) {
  const others = new Map(colleagues().map((p) => [p.login, p.name || p.login]));
  for (const s of roster.shifts) if (s.login !== myself().login) others.set(s.login, s.name || s.login);
  if (others.size === 0) {
    fault("Tuần này chưa có đồng nghiệp nào để đổi ca.");
    return;
  }
  ask(`Đổi ca ${shiftText(shift)}`, [
    field("Với ai", choose("with", [...others])),
    field("Lấy ca nào của người ấy", choose("for", [["", "Không lấy ca nào, chỉ nhờ trực thay"],
      ...roster.shifts.filter((s) => s.login !== myself().login && s.from > now()).map((s) => [s.shift, `${s.name || s.login}: ${shiftText(s)}`])])),
  ], async (f) => {
    await request("swap_ask", { ...where(), shift: shift.shift, with: f.with, for: f.for }, { again: true });
    tell("Đã gửi lời đề nghị đổi ca.");
    load();
  }, "Đề nghị");
}

function swapOf(shift) {
  const s = shift.swap;
  if (!s) return null;
  const who = (login) => (roster.shifts.find((x) => x.login === login) || colleagues().find((p) => p.login === login) || { name: login }).name || login;
  const parts = [el("span", {}, `Xin đổi với ${s.with === myself().login ? "tôi" : who(s.with)}`)];
  if (s.by !== myself().login && (s.with === myself().login || isLead()))
    parts.push(button("Nhận lời", () => act("swap_answer", { swap: s.swap, yes: true }, "Đã đổi ca.")),
      button("Từ chối", () => act("swap_answer", { swap: s.swap, yes: false })));
  if (s.by === myself().login) parts.push(button("Rút lại", () => act("swap_withdraw", { swap: s.swap })));
  return el("div", { class: "swap" }, parts);
}

function card(shift) {
  const own = shift.login === myself().login, ahead = shift.from > now();
  return el("li", { class: own ? "shift own" : "shift" },
    el("b", {}, `${clockText(shift.from)}–${clockText(shift.to)}`), " ", el("span", {}, `${shift.name || shift.login}${own ? " (tôi)" : ""}`),
    !ahead && shift.present !== undefined && el("span", { class: "soft" }, `có mặt ${shift.present} phút`),
    swapOf(shift),
    el("div", { class: "row" }, own && ahead && !shift.swap && button("Đổi ca", () => askSwap(shift), { class: "quiet", "aria-label": `Đổi ca ${shiftText(shift)}` }),
      isLead() && button("Xoá", () => act("shift_drop", { shift: shift.shift }), { class: "quiet", "aria-label": `Xoá ca ${shiftText(shift)} của ${shift.name || shift.login}` })));
}

function addShift() {
  const people = new Map([[myself().login, myself().name], ...colleagues().map((p) => [p.login, p.name || p.login])]);
  for (const s of roster ? roster.shifts : []) people.set(s.login, s.name || s.login);
  ask("Thêm ca trực", [
    field("Người trực", el("input", { name: "login", list: "people-list", required: true, maxlength: 39, value: myself().login }), "Tên đăng nhập."),
    el("datalist", { id: "people-list" }, [...people].map(([login, name]) => el("option", { value: login }, name))),
    field("Ngày", choose("day", names.map((name, i) => [String(i), `${name} ${dateText(monday + i * DAY_MS)}`]))),
    field("Từ", el("input", { name: "from", type: "time", required: true, value: "07:30" })),
    field("Đến", el("input", { name: "to", type: "time", required: true, value: "11:30" })),
  ], async (f) => {
    const at = (clock) => monday + Number(f.day) * DAY_MS + (Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))) * 60000;
    if (at(f.to) <= at(f.from)) throw new Error("Giờ kết thúc phải sau giờ bắt đầu.");
    await request("shift_put", { ...where(), shift: "", login: f.login.trim(), name: people.get(f.login.trim()) || f.login.trim(), from: at(f.from), to: at(f.to) }, { again: true });
    load();
  }, "Thêm");
}

// ---- the week ----

function move(days) {
  monday = days === 0 ? mondayOf(now()) : monday + days * DAY_MS;
  roster = null;
  draw();
  load();
}

function frame() {
  view.replaceChildren(
    el("div", { class: "bar" }, el("h1", {}, "Lịch trực"),
      el("label", { class: "hidden", for: "roster-desk" }, "Bàn trực"), el("select", { id: "roster-desk", onchange: (e) => { desk = e.target.value; roster = null; draw(); load(); } }),
      el("div", { class: "row" }, button("‹ Tuần trước", () => move(-7)), button("Tuần này", () => move(0)), button("Tuần sau ›", () => move(7))),
      el("div", { class: "row lead-only" }, button("Thêm ca", addShift, { class: "main" }), button("Chép tuần trước", () => act("roster_copy", {}, "Đã chép lịch tuần trước."))),
      el("a", { id: "roster-csv", download: true }, "Tải về (CSV)")),
    el("p", { class: "fault", role: "alert" }), el("h2", { id: "roster-week" }), el("div", { id: "days" }));
}

function draw() {
  if (!view.firstChild) frame();
  const select = byId("roster-desk");
  if (select.children.length !== allDesks().length) select.replaceChildren(...allDesks().map((d) => el("option", { value: d.id }, d.name)));
  select.value = desk;
  view.querySelector(".lead-only").hidden = !isLead();
  byId("roster-csv").href = `/desk/roster.csv?desk=${encodeURIComponent(desk)}&week=${week()}`;
  setText(byId("roster-week"), `Tuần ${dateText(monday)} – ${dateText(monday + 6 * DAY_MS)}`);
  byId("days").replaceChildren(...names.map((name, i) => {
    const from = monday + i * DAY_MS, shifts = roster ? roster.shifts.filter((s) => s.from >= from && s.from < from + DAY_MS).sort((a, b) => a.from - b.from) : [];
    const today = dayOf(now()) === dayOf(from);
    return el("section", { class: today ? "day-of-week today" : "day-of-week", "aria-labelledby": `day-${i}` },
      el("h3", { id: `day-${i}` }, `${name} ${dateText(from)}${today ? " · hôm nay" : ""}`),
      shifts.length ? el("ul", {}, shifts.map(card)) : el("p", { class: "empty" }, roster ? "Chưa xếp ca." : "…"));
  }));
}

export function show() {
  if (!allDesks().length) return; // the server has not told yet
  if (!monday) monday = mondayOf(now());
  if (!desk || !allDesks().some((d) => d.id === desk)) desk = (allDesks().find((d) => myself().desks.includes(d.id)) || allDesks()[0]).id;
  draw();
  load();
}
