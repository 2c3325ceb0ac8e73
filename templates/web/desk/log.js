// The lines of a conversation, as the officer reads them.

import { button, byId, clockText, dayOf, el, keep, longDate, setText, webLink } from "./dom.js";
import { live } from "./link.js";
import { draftForm } from "./questions.js";
import { myself } from "./talks.js";

const unsent = { window_closed: "chưa gửi được: Zalo đã hết thời gian cho nhắn", no_account: "chưa gửi được: không có tài khoản Zalo" };
const senders = { c: "Người dân", b: "Trợ lý", o: "Cán bộ", s: "", n: "Ghi chú nội bộ" };

// A line knows the officer by the name that citizens read.
export const isMine = (line) => (line.from === "o" || line.from === "n") && line.say.officer === myself().name;

export function whoSaid(line) {
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

export function drawLog(c) {
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
