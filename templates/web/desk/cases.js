// Cases: what citizens reported or proposed, with the limits the law sets.

import { ask, button, byId, choose, clockText, dateText, el, field, now, setText, spanText, tell } from "./dom.js";
import { call } from "./link.js";
import { publicForm } from "./questions.js";
import { pickUnit } from "./units.js";

const states = [["open", "Chưa xong"], ["received", "Mới nhận"], ["working", "Đang xử lý"], ["answered", "Đã trả lời"], ["closed", "Đã khép lại"]];
const view = byId("view-cases");
let state = "open", items = [], next = "", open = null; // open: the case that is shown whole

const at = (text) => Date.parse(text);
const day = (text) => (text ? `${clockText(at(text))} ${dateText(at(text))}` : "");
const path = (number) => `/desk/feedback/${encodeURIComponent(number)}`;

function fault(text) {
  setText(view.querySelector(".fault"), text);
}

async function load(after = "") {
  try {
    const page = await call("GET", `/desk/feedback?state=${state}${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    items = after ? [...items, ...page.items] : page.items;
    next = page.after || "";
    fault("");
  } catch (why) {
    fault(why.message);
  }
  draw();
}

async function look(number) {
  try {
    open = await call("GET", path(number));
    draw();
    byId("case-title").focus();
  } catch (why) {
    fault(why.message);
  }
}

async function act(what, body, said) {
  await call("POST", `${path(open.number)}/${what}`, body);
  tell(said);
  const number = open.number;
  await load();
  await look(number);
}

const tried = (promise) => promise.catch((why) => fault(why.message));

// ---- what can be done ----

async function forward() {
  const unit = await pickUnit("");
  ask(`Chuyển ${open.number} đến đơn vị khác`, [
    ...unit.fields("Đơn vị", true),
    field("Lời nhắn cho người gửi (không bắt buộc)", el("textarea", { name: "text", rows: 3, maxlength: 1000 })),
  ], (f) => act("forward", { unit: unit.id(f.unit), text: f.text.trim() }, "Đã chuyển và báo cho người gửi."), "Chuyển");
}

function answer() {
  ask(`Trả lời ${open.number}`, [
    field("Kết quả xử lý", el("textarea", { name: "text", rows: 8, required: true, maxlength: 1500 }), "Gửi cho người dân trên chính kênh đã gửi phản ánh."),
  ], (f) => act("answer", { text: f.text.trim() }, "Đã gửi kết quả cho người dân."), "Gửi kết quả");
}

function acts(c) {
  const can = { received: ["take", "forward", "answer"], working: ["forward", "answer"], answered: ["close"] }[c.state] || [];
  const all = {
    take: button("Nhận xử lý", () => tried(act("take", {}, "Đã nhận.")), { class: "main" }),
    forward: button("Chuyển đơn vị khác…", () => tried(forward())),
    answer: button("Trả lời…", answer),
    close: button("Khép lại", () => tried(act("close", {}, "Đã khép lại."))),
  };
  const list = can.map((word) => all[word]);
  if (c.answer && !c.qa) list.push(button("Đăng thành hỏi đáp công khai…", () => tried(publicForm({ question: c.about || c.text, answer: c.answer, unit_name: c.unit_name, case: c.number }))));
  return list;
}

// ---- drawing ----

function limitText(c) {
  if (c.late) return `⚠ quá hạn trả lời ${spanText(now() - at(c.answer_by))}`;
  if (c.forward_by && c.state === "received") return `chuyển nếu không đúng nơi: trước ${day(c.forward_by)}`;
  return c.answer_by ? `trả lời trước ${day(c.answer_by)}` : "";
}

function row(c) {
  return el("li", {}, el("button", { type: "button", class: "talk", onclick: () => look(c.number), "aria-current": String(Boolean(open) && open.number === c.number) },
    el("span", { class: "first" }, `${c.number} · ${c.kind_vi}`), el("span", { class: "meta" }, `${c.state_vi} · ${c.unit_name}`),
    el("span", { class: c.late ? "meta late" : "meta" }, limitText(c)), el("span", { class: "meta" }, `Nhận ${day(c.at)}`)));
}

function whole(c) {
  const part = (title, text) => text && [el("h3", {}, title), el("p", { class: "text" }, text)];
  return el("article", { class: "card" }, el("h2", { id: "case-title", tabindex: "-1" }, `${c.number} · ${c.kind_vi}`),
    el("p", { class: "soft" }, `${c.state_vi} · ${c.unit_name} · ${c.channel === "zalo" ? "Zalo" : "Trang web"} · nhận ${day(c.at)}`),
    el("p", { class: c.late ? "late" : "soft" }, limitText(c)),
    part("Ở đâu", c.about), part("Nội dung", c.text), part("Lời nhắn", c.note), part("Kết quả", c.answer),
    el("div", { class: "row" }, acts(c)),
    c.history && c.history.length > 0 && [el("h3", {}, "Quá trình"),
      el("ol", { class: "history" }, c.history.map((h) => el("li", {}, `${day(h.at)} · ${h.event_vi} · ${h.unit_name}${h.who ? ` · ${h.who}` : ""}`)))]);
}

function draw() {
  view.querySelector("#cases").replaceChildren(...items.map(row));
  view.querySelector("#cases-empty").hidden = items.length > 0;
  view.querySelector("#cases-more").hidden = !next;
  view.querySelector("#case").replaceChildren(...(open ? [whole(open)] : [el("p", { class: "empty" }, "Chọn một phản ánh để xem.")]));
}

function frame() {
  view.replaceChildren(
    el("div", { class: "bar" }, el("h1", {}, "Phản ánh, kiến nghị"),
      field("Tình trạng", Object.assign(choose("state", states, state), { onchange: (e) => { state = e.target.value; open = null; load(); } }))),
    el("p", { class: "fault", role: "alert" }),
    el("div", { class: "two" },
      el("div", {}, el("ul", { id: "cases", class: "talks", "aria-label": "Danh sách phản ánh" }), el("p", { id: "cases-empty", class: "empty" }, "Không có phản ánh nào."),
        button("Xem thêm", () => load(next), { id: "cases-more", hidden: true })),
      el("div", { id: "case" })));
}

export function show() {
  if (!view.firstChild) frame();
  load();
}
