// Questions and answers: what nobody could answer, new entries of the FAQ, and the public list.

import { ask, button, byId, dateText, el, field, isoDate, mondayOf, now, setText, tell, whenText } from "./dom.js";
import { call, request } from "./link.js";
import { pickUnit } from "./units.js";
import { isLead, myself } from "./talks.js";

const WEEK_MS = 7 * 86400000;
const view = byId("view-questions");
let drafts = [], unanswered = null, monday = 0, published = [];

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

async function act(type, draft, said, at) {
  try {
    await request(type, { draft, at }, { again: true });
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
    el("div", { class: "row" }, mayPublish() && !live && button("Duyệt, dùng ngay", () => act("draft_publish", d.draft, "Trợ lý đã dùng mục này.", d.at), { class: "main" }),
      !live && button("Sửa", () => draftForm(d)),
      (mayPublish() || (!live && d.by === myself().login)) && button(live ? "Ngừng dùng" : "Xoá", () => act("draft_drop", d.draft, "Đã bỏ mục này."))));
}

// ---- what nobody could answer ----

function group(g) {
  const [first, ...others] = g.examples;
  return el("li", { class: "card" }, el("h3", {}, first), others.length > 0 && el("p", { class: "soft" }, `Cũng hỏi: ${others.join("; ")}`),
    el("p", {}, el("b", {}, `${g.count} lượt hỏi`), g.nearest ? ` · gần với mục “${g.nearest.question || g.nearest.faq}”` : ""),
    el("div", { class: "row" }, button("Viết câu trả lời", () => draftForm({ question: first, variants: others }), { "aria-label": `Viết câu trả lời: ${first}` })));
}

async function loadUnanswered() {
  if (!monday) monday = mondayOf(now());
  try {
    unanswered = await call("GET", `/desk/unanswered?week=${isoDate(monday)}`);
  } catch (why) {
    unanswered = null;
    fault(why.message);
  }
  draw();
}

function moveWeek(weeks) {
  monday += weeks * WEEK_MS;
  loadUnanswered();
}

// ---- the public list ----

export async function publicForm(q) {
  const unit = await pickUnit(q.unit_name || "");
  ask(q.id ? "Sửa hỏi đáp công khai" : "Thêm hỏi đáp công khai", [
    el("p", { class: "soft" }, "Ai cũng đọc được. Không ghi tên, số điện thoại, số giấy tờ, mã hồ sơ. Người khác sẽ duyệt đăng."),
    field("Câu hỏi", el("textarea", { name: "question", required: true, rows: 2, maxlength: 500, value: q.question || "" })),
    field("Trả lời", el("textarea", { name: "answer", required: true, rows: 7, maxlength: 4000, value: q.answer || "" })),
    ...unit.fields("Đơn vị trả lời (không bắt buộc)", false),
  ], async (f) => {
    await call("POST", q.id ? `/desk/qa/${encodeURIComponent(q.id)}` : "/desk/qa",
      { question: f.question.trim(), answer: f.answer.trim(), unit: unit.id(f.unit), case: q.case || "" });
    tell("Đã lưu, chờ người khác duyệt đăng.");
    if (!view.hidden) loadPublic();
  }, "Lưu");
}

async function publicAct(q, what, text) {
  try {
    await call("POST", `/desk/qa/${encodeURIComponent(q.id)}/${what}`);
    tell(text);
    fault("");
  } catch (why) {
    fault(why.message);
  }
  loadPublic();
}

function publicItem(q) {
  const out = q.state === "published";
  return el("li", { class: "card" }, el("h3", {}, q.question), el("p", { class: "text" }, q.answer),
    el("p", { class: "soft" }, [q.state_vi, q.unit_name, q.by, q.case && `từ ${q.case}`].filter(Boolean).join(" · ")),
    el("div", { class: "row" }, !out && mayPublish() && q.by !== myself().login && button("Duyệt, đăng", () => publicAct(q, "publish", "Đã đăng công khai."), { class: "main" }),
      !out && button("Sửa", () => publicForm(q)), out && mayPublish() && button("Gỡ xuống", () => publicAct(q, "withdraw", "Đã gỡ xuống."))));
}

async function loadPublic() {
  try {
    published = (await call("GET", "/desk/qa")).items;
  } catch (why) {
    fault(why.message);
  }
  draw();
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
  const groups = unanswered ? unanswered.groups : [], part = (id) => view.querySelector(`#${id}`);
  part("unanswered").replaceChildren(...groups.map(group));
  setText(part("unanswered-note"), !unanswered ? "" : groups.length === 0 ? "Tuần này chưa có câu nào." :
    `${unanswered.questions} lượt hỏi, hay gặp nhất ở trên${unanswered.more ? `; còn ${unanswered.more} nhóm nữa trong bản CSV` : ""}.`);
  setText(part("unanswered-week"), monday ? `${dateText(monday)} – ${dateText(monday + WEEK_MS - 1)}` : "");
  part("unanswered-csv").href = `/desk/unanswered.csv?week=${monday ? isoDate(monday) : ""}`;
  part("unanswered-csv").hidden = !mayPublish();
  part("drafts").replaceChildren(...drafts.map(entry));
  part("drafts-empty").hidden = drafts.length > 0;
  part("public").replaceChildren(...published.map(publicItem));
  part("public-empty").hidden = published.length > 0;
}

function section(id, title, note, tools, list) {
  return el("section", { class: "part", "aria-labelledby": `${id}-title` }, el("div", { class: "bar" }, el("h2", { id: `${id}-title` }, title), tools),
    el("p", { class: "soft" }, note), list);
}

function frame() {
  view.replaceChildren(el("h1", {}, "Hỏi đáp"), el("p", { class: "fault", role: "alert" }),
    section("u", "Câu chưa trả lời được", "Hãy viết câu trả lời cho những câu này, nhiều người hỏi nhất trước.",
      el("div", { class: "row" }, el("span", { id: "unanswered-week" }), button("‹ Tuần trước", () => moveWeek(-1)), button("Tuần sau ›", () => moveWeek(1)),
        el("a", { id: "unanswered-csv", download: true }, "Tải về (CSV)")),
      [el("p", { id: "unanswered-note", class: "soft" }), el("ul", { id: "unanswered", class: "cards" })]),
    section("d", "Mục hỏi đáp do bàn trực viết", "Từ câu trả lời hay, tạo mục mới để trợ lý tự trả lời lần sau.",
      button("Tạo mục hỏi đáp", () => draftForm({})), [el("ul", { id: "drafts", class: "cards" }), el("p", { id: "drafts-empty", class: "empty" }, "Chưa có mục nào.")]),
    section("p", "Hỏi đáp công khai", "Danh sách đăng cho mọi người đọc; một người viết, người khác duyệt.",
      button("Thêm hỏi đáp", () => publicForm({})), [el("ul", { id: "public", class: "cards" }), el("p", { id: "public-empty", class: "empty" }, "Chưa có mục nào.")]));
}

export function show() {
  if (!view.firstChild) frame();
  load();
  loadUnanswered();
  loadPublic();
}
