// Canned replies: chosen with "/" where one writes; kept by leads in a part of their own.

import { ask, button, byId, choose, el, field, keep, setText, tell } from "./dom.js";
import { request } from "./link.js";
import { allDesks, deskName, isLead } from "./talks.js";
import { insert } from "./compose.js";

const SHOWN_MAX = 8;
const list = byId("canned-list");
let items = [], found = [], chosen = 0, byButton = false;

export async function load() {
  try {
    items = (await request("canned_list")).items;
  } catch (why) {
    if (why.code !== "lost") items = [];
  }
  if (!byId("view-canned").hidden) draw();
}

export const heard = load;

// ---- the list where one writes ----

const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();

function close() {
  list.hidden = true;
  byButton = false;
  byId("canned-open").setAttribute("aria-expanded", "false");
  byId("words").removeAttribute("aria-activedescendant");
}

function choose_(i) {
  const item = found[i];
  close();
  if (item) insert(item.text);
}

function mark(i) {
  chosen = (i + found.length) % found.length;
  [...list.children].forEach((li, n) => li.setAttribute("aria-selected", String(n === chosen)));
  byId("words").setAttribute("aria-activedescendant", `canned-${chosen}`);
  list.children[chosen].scrollIntoView({ block: "nearest" });
}

function showMenu(what) {
  const wanted = fold(what);
  found = items.filter((i) => fold(`${i.title} ${i.text}`).includes(wanted))
    .sort((a, b) => fold(b.title).startsWith(wanted) - fold(a.title).startsWith(wanted)).slice(0, SHOWN_MAX);
  list.replaceChildren(...found.map((item, i) => el("li", { id: `canned-${i}`, role: "option",
    onmousedown: (e) => e.preventDefault(), onclick: () => choose_(i) }, el("b", {}, item.title), " ", el("span", {}, item.text))));
  list.hidden = found.length === 0;
  byId("canned-open").setAttribute("aria-expanded", String(!list.hidden));
  if (found.length) mark(0);
  else tell("Không có câu mẫu nào như vậy.");
}

export function filter(text, may) {
  const m = /(?:^|\n)\/(\S*)$/.exec(text);
  if (may && m) showMenu(m[1]);
  else if (!byButton) close();
}

// Returns true when the key was for the list.
export function key(e) {
  if (list.hidden) return false;
  const act = { ArrowDown: () => mark(chosen + 1), ArrowUp: () => mark(chosen - 1), Enter: () => choose_(chosen), Tab: () => choose_(chosen), Escape: close }[e.key];
  if (!act || e.ctrlKey || e.metaKey || (e.key === "Tab" && byButton)) return false;
  e.preventDefault();
  act();
  return true;
}

byId("canned-open").addEventListener("click", () => {
  if (!list.hidden) {
    close();
    return;
  }
  byButton = true;
  byId("words").focus();
  showMenu("");
});
byId("words").addEventListener("blur", close);

// ---- the part of the page where leads keep them ----

function edit(item) {
  ask(item.key ? "Sửa câu mẫu" : "Thêm câu mẫu", [
    field("Tên ngắn", el("input", { name: "title", required: true, maxlength: 80, value: item.title || "" }), "Gõ / rồi vài chữ của tên này để chọn nhanh."),
    field("Nội dung", el("textarea", { name: "text", required: true, rows: 6, maxlength: 2000, value: item.text || "" })),
    field("Dùng cho", choose("desk", [["", "Mọi bàn trực"], ...allDesks().map((d) => [d.id, d.name])], item.desk || "")),
  ], async (f) => {
    await request("canned_put", { key: item.key || "", title: f.title.trim(), text: f.text.trim(), desk: f.desk }, { again: true });
    await load();
  }, "Lưu");
}

function drop(item) {
  ask(`Xoá câu mẫu “${item.title}”?`, [], async () => {
    await request("canned_drop", { key: item.key }, { again: true });
    await load();
  }, "Xoá");
}

function draw() {
  const view = byId("view-canned");
  if (!view.firstChild)
    view.append(el("div", { class: "bar" }, el("h1", {}, "Câu mẫu"), button("Thêm câu mẫu", () => edit({}), { class: "main lead-only" })),
      el("p", { class: "soft" }, "Những câu trả lời soạn sẵn. Khi trả lời, gõ / để chọn."), el("ul", { class: "cards" }), el("p", { class: "empty" }));
  view.querySelector(".lead-only").hidden = !isLead();
  setText(view.lastChild, items.length ? "" : "Chưa có câu mẫu nào.");
  const signature = (i) => JSON.stringify([i, isLead()]);
  keep(view.querySelector("ul"), items, signature, (i) => el("li", { class: "card" }, el("h2", {}, i.title),
    el("p", { class: "text" }, i.text), el("p", { class: "soft" }, i.desk ? deskName(i.desk) : "Mọi bàn trực"),
    isLead() && i.own && el("div", { class: "row" }, button("Sửa", () => edit(i)), button("Xoá", () => drop(i)))), () => {});
}

export function show() {
  draw();
  load();
}
