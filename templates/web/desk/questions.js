// Questions and answers: what nobody could answer, new entries of the FAQ, and the public list.

import { ask, button, byId, el, field, setText, tell, whenText } from "./dom.js";
import { request } from "./link.js";
import { isLead, myself } from "./talks.js";

const view = byId("view-questions");
let drafts = [];

const mayPublish = () => isLead() || myself().roles.includes("editor");

function fault(text) {
  const place = view.querySelector(".fault");
  if (place) setText(place, text);
}

// ---- entries of the FAQ to be ----

export function draftForm(d) {
  ask(d.draft ? "Sửa mục hỏi đáp" : "Tạo mục hỏi đáp", [
    field("Chủ đề", el("input", { name: "topic", maxlength: 80, value: d.topic || "" }), "Ví dụ: Hộ tịch, Đất đai, Cư trú."),
    field("Câu hỏi", el("input", { name: "question", required: true, maxlength: 300, value: d.question || "" }), "Viết như người dân hỏi, không có tên, số giấy tờ hay số điện thoại."),
    field("Cách hỏi khác, mỗi dòng một cách", el("textarea", { name: "variants", rows: 3, maxlength: 2000, value: (d.variants || []).join("\n") })),
    field("Câu trả lời", el("textarea", { name: "answer", required: true, rows: 6, maxlength: 2000, value: d.answer || "" })),
  ], async (f) => {
    await request("draft_put", { draft: d.draft || "", cid: d.cid || "", topic: f.topic.trim(), question: f.question.trim(),
      variants: f.variants.split("\n").map((v) => v.trim()).filter(Boolean), answer: f.answer.trim() }, { again: true });
    tell("Đã lưu. Người phụ trách sẽ duyệt trước khi dùng.");
    if (!view.hidden) load();
  }, "Lưu");
}

async function act(type, draft, said) {
  try {
    await request(type, { draft }, { again: true });
    tell(said);
    fault("");
  } catch (why) {
    fault(why.message);
  }
  load();
}

function entry(d) {
  const live = d.state === "live";
  return el("li", { class: "card" }, el("h3", {}, d.question), el("p", { class: "text" }, d.answer),
    d.variants && d.variants.length > 0 && el("p", { class: "soft" }, `Cách hỏi khác: ${d.variants.join("; ")}`),
    el("p", { class: "soft" }, [live ? "✓ Đang dùng" : "Chờ duyệt", d.topic, d.by_name || d.by, whenText(d.at)].filter(Boolean).join(" · ")),
    el("div", { class: "row" }, mayPublish() && !live && button("Duyệt, dùng ngay", () => act("draft_publish", d.draft, "Trợ lý đã dùng mục này."), { class: "main" }),
      !live && button("Sửa", () => draftForm(d)),
      (mayPublish() || (!live && d.by === myself().login)) && button(live ? "Ngừng dùng" : "Xoá", () => act("draft_drop", d.draft, "Đã bỏ mục này."))));
}

// ---- the whole ----

async function load() {
  try {
    drafts = (await request("draft_list")).items;
  } catch (why) {
    if (why.code !== "lost") fault(why.message);
  }
  draw();
}

export function heard() {
  if (!view.hidden) load();
}

function draw() {
  view.querySelector("#drafts").replaceChildren(...drafts.map(entry));
  view.querySelector("#drafts-empty").hidden = drafts.length > 0;
}

function frame() {
  view.replaceChildren(el("div", { class: "bar" }, el("h1", {}, "Hỏi đáp"), button("Tạo mục hỏi đáp", () => draftForm({}), { class: "main" })),
    el("p", { class: "fault", role: "alert" }),
    el("section", { "aria-labelledby": "drafts-title" }, el("h2", { id: "drafts-title" }, "Mục hỏi đáp do bàn trực viết"),
      el("p", { class: "soft" }, "Từ câu trả lời hay, tạo mục mới để trợ lý tự trả lời lần sau."),
      el("ul", { id: "drafts", class: "cards" }), el("p", { id: "drafts-empty", class: "empty" }, "Chưa có mục nào.")));
}

export function show() {
  if (!view.firstChild) frame();
  load();
}
