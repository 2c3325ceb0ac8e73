// The right column, a sheet on narrow screens: who it is as far as is known, the dossiers named, notes of colleagues.

import { button, byId, dateText, el, now, whenText } from "./dom.js";
import { request } from "./link.js";
import { noteMode } from "./compose.js";

const body = byId("side-body");
const known = new Map(); // cid -> items of "dossiers"
let shown = null;

export function begin(cid) {
  shown = cid;
  body.replaceChildren();
}

export function end() {
  shown = null;
  body.replaceChildren();
  close();
}

let opener = null;
export function open() {
  opener = document.activeElement;
  byId("view-talks").classList.add("in-side");
  byId("side-close").focus();
}

function close() {
  byId("view-talks").classList.remove("in-side");
}

function closeAndReturn() {
  close();
  if (opener && opener.isConnected) opener.focus();
}
byId("side-close").addEventListener("click", closeAndReturn);
byId("side").addEventListener("keydown", (e) => { if (e.key === "Escape") closeAndReturn(); });

export async function load(c) {
  try {
    const answer = await request("dossiers", { cid: c.cid });
    known.set(c.cid, answer.items);
  } catch (why) {
    return; // the conversation goes on without it
  }
  if (shown === c.cid) draw(c);
}

// ---- dossiers ----

const day = (text) => {
  const ms = Date.parse(text);
  return ms ? dateText(ms) : text;
};

function facts(rows) {
  return el("dl", {}, rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function dossier(item) {
  const d = item.card || {};
  return el("div", { class: "dossier" }, el("h4", {}, item.code),
    facts([["Tình trạng", d.TenTrangThai], ["Thủ tục", d.TenTTHC], ["Nơi xử lý", /^\d+$/.test(d.unit_handling || "") ? "" : d.unit_handling], ["Ngày nhận", d.NgayTiepNhan && day(d.NgayTiepNhan)],
      ["Hẹn trả", d.NgayHenTra && day(d.NgayHenTra)], ["Việc tiếp theo", d.next_vi]]));
}

// ---- the whole ----

function proof(s) {
  if (!s) return "";
  if (!s.proven) return "Chưa xác minh. Chỉ nói hồ sơ đang ở bước nào; không đọc tên, số giấy tờ, số điện thoại.";
  return `Đã xác minh là chủ hồ sơ${s.proven_until && s.proven_until > now() ? ` (đến ${whenText(s.proven_until)})` : ""}.`;
}

export function draw(c) {
  if (shown !== c.cid) return;
  const notes = c.lines.filter((l) => l.from === "n"), dossiers = known.get(c.cid) || [];
  const signature = JSON.stringify([proof(c.state), dossiers, notes.map((n) => n.seq)]);
  if (body.dataset.signature === signature && body.firstChild) return;
  body.dataset.signature = signature;
  body.replaceChildren(
    el("section", {}, el("h3", {}, "Người dân"), el("p", { class: c.state && c.state.proven ? "proof yes" : "proof" }, proof(c.state))),
    el("section", {}, el("h3", {}, "Hồ sơ được nhắc đến"), dossiers.length ? dossiers.map(dossier) : el("p", { class: "empty" }, "Chưa thấy mã hồ sơ nào.")),
    el("section", {}, el("h3", {}, "Ghi chú nội bộ"),
      notes.length ? el("ul", { class: "notes" }, notes.map((n) => el("li", {}, el("p", {}, n.say.text), el("p", { class: "soft" }, [n.say.officer, whenText(n.at)].filter(Boolean).join(" · ")))))
        : el("p", { class: "empty" }, "Chưa có ghi chú."),
      button("Thêm ghi chú", () => { close(); noteMode(); })));
}
