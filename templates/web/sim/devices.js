// The citizen's devices: a Zalo chat, an SMS thread, a mailbox and, when there is one, the portal.

import { el, timeText, exactText, dayText, moneyText, webLink, face, phoneText } from "./dom.js";
import { act } from "./api.js";

let onChange = () => {};
let person = null; // the citizen shown now, as /sim/view tells
let parts = null; // the nodes that stay while texts come and go
let openMail = null; // number of the mail on screen; 0: the list
let newestMail = 0;
let shown = 0; // the newest entry already drawn, for the little movement of new ones

const battery = () => {
  const span = el("span", { "aria-hidden": "true" });
  span.textContent = "▂▄▆  ▮";
  return span;
};

async function doIt(what, more) {
  try {
    await act(person.id, what, more);
  } catch (error) {
    parts.said.textContent = error.message;
  }
  onChange();
}

// ---- bubbles ----

function deliveredText(e) {
  const words = [`${e.seen ? "✓✓" : "✓"} Tới máy ${exactText(e.at)}`];
  if (e.price > 0) words.push(moneyText(e.price));
  return words.join(" · ");
}

function meta(e) {
  if (e.kind === "citizen") return el("div", { class: "meta" }, timeText(e.at));
  return el("div", { class: "meta" }, deliveredText(e), e.seen ? el("span", { class: "seen" }, " · Đã xem") : null);
}

function chatButton(b) {
  const payload = b.payload;
  if (b.type === "oa.open.url") {
    const link = webLink(payload && payload.url);
    return link ? el("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, b.title) : el("button", { type: "button", disabled: true }, b.title);
  }
  const hidden = b.type === "oa.query.hide"; // the citizen does not see what the button sends
  if (typeof payload === "string") return el("button", { type: "button", onclick: () => doIt("text", { text: payload, hidden }) }, b.title);
  return el("button", { type: "button", disabled: true, title: "Chỉ dùng được trên điện thoại thật" }, b.title);
}

function cardButton(b) {
  const link = webLink(b.content);
  return link
    ? el("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, b.title)
    : el("button", { type: "button", disabled: true }, b.title);
}

function card(e, oaName) {
  const c = e.detail.card;
  const rows = c.rows.map((r) => el("tr", {}, el("th", { scope: "row" }, r.label), el("td", {}, r.value)));
  return el("article", { class: "bubble card" },
    el("div", { class: "card-brand" }, el("img", { src: "/assets/icon.svg", alt: "" }), el("span", {}, oaName)),
    el("div", { class: "card-body" },
      el("h4", {}, c.title),
      ...c.paragraphs.map((p) => el("p", {}, p)),
      rows.length > 0 ? el("table", {}, el("tbody", {}, ...rows)) : null),
    c.buttons.length > 0 ? el("div", { class: "bubble-buttons" }, ...c.buttons.map(cardButton)) : null,
    meta(e));
}

function bubble(e, oaName) {
  const detail = e.detail || {};
  if (e.kind === "note") return el("p", { class: "note" }, `${e.text} · ${timeText(e.at)}`);
  if (detail.card) return card(e, oaName);
  const image = webLink(detail.image);
  const buttons = (detail.buttons || []).map(chatButton);
  if (detail.asks_contact) buttons.push(el("button", { type: "button", onclick: () => doIt("share_phone") }, "Chia sẻ thông tin"));
  return el("div", { class: e.kind === "citizen" ? "bubble mine" : "bubble" },
    image ? el("img", { src: image, alt: "Ảnh trong tin nhắn" }) : null,
    e.text ? el("p", {}, e.text) : null,
    detail.asks_contact && detail.asks_contact.subtitle ? el("p", {}, detail.asks_contact.subtitle) : null,
    buttons.length > 0 ? el("div", { class: "bubble-buttons" }, ...buttons) : null,
    meta(e));
}

function smsBubble(e) {
  return el("div", { class: "bubble" }, el("p", {}, e.text),
    el("div", { class: "meta" }, `✓ Tới máy ${exactText(e.at)} · ${e.parts} phần · ${moneyText(e.price)}`));
}

// ---- threads ----

// Draws what is new, and again what changed: what stands already is left alone, so nothing flickers and a
// screen reader hears each message once.
function fill(thread, entries, draw, nothing) {
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  if (!thread.drawn || entries.length === 0 || thread.drawn.first !== entries[0].number) {
    thread.drawn = { first: entries.length > 0 ? entries[0].number : 0, day: "", nodes: new Map() };
    thread.replaceChildren(...(entries.length > 0 ? [] : [el("p", { class: "no-message" }, nothing)]));
  }
  const drawn = thread.drawn;
  let added = false;
  for (const e of entries) {
    const state = String(Boolean(e.seen)), old = drawn.nodes.get(e.number);
    if (old && old.state === state) continue;
    const node = draw(e);
    if (old) {
      old.node.replaceWith(node);
    } else {
      if (dayText(e.at) !== drawn.day) thread.append(el("p", { class: "day" }, dayText(e.at)));
      drawn.day = dayText(e.at);
      if (e.number > shown) node.classList.add("fresh");
      thread.append(node);
      added = true;
    }
    drawn.nodes.set(e.number, { node, state });
  }
  if (atEnd || added) thread.scrollTop = thread.scrollHeight;
}

function showMails(mails) {
  const latest = mails.length > 0 ? mails[mails.length - 1].number : 0;
  if (latest > newestMail) openMail = latest; // a new mail opens by itself: this is a show
  newestMail = latest;
  const e = mails.find((m) => m.number === openMail);
  parts.mailBack.hidden = !e;
  if (!e) {
    parts.mailBody.replaceChildren(mailList(mails));
    parts.mailBody.dataset.number = "list";
  } else if (parts.mailBody.dataset.number !== String(e.number)) {
    parts.mailBody.replaceChildren(mailPage(e));
    parts.mailBody.dataset.number = String(e.number);
  }
}

function mailList(mails) {
  if (mails.length === 0) return el("p", { class: "no-message" }, person.email ? "Hộp thư trống." : "Chưa biết địa chỉ thư của người này.");
  const rows = [...mails].reverse().map((e) => el("li", { class: e.seen ? "" : "unread" },
    el("button", { type: "button", onclick: () => { openMail = e.number; doIt("seen", { message: e.message }); showMails(mails); } },
      el("b", {}, e.title || "(không có tiêu đề)"),
      el("span", {}, `${(e.detail || {}).from || ""} · ${timeText(e.at)}`))));
  return el("ul", { class: "mails" }, ...rows);
}

function mailPage(e) {
  const detail = e.detail || {};
  return el("div", { class: "mail-open" },
    el("div", { class: "mail-head" },
      el("h4", {}, e.title || "(không có tiêu đề)"),
      el("p", {}, `Từ: ${detail.from || ""}`),
      el("p", {}, `Tới: ${detail.to || ""} · ${exactText(e.at)}`),
      detail.unsubscribe ? el("button", { type: "button", onclick: () => doIt("unsubscribe", { message: e.message }) }, "Hủy nhận thư loại này") : null),
    frame({ src: `/sim/mail/${e.number}`, title: `Nội dung thư: ${e.title}`, sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer" }));
}

// ---- frames ----

// Our phones are narrower than real ones: what stands inside is laid out at a real phone's width, then shrunk.
const frame = (attributes) => el("div", { class: "shrink" }, el("iframe", attributes));

function phone(kind, name, head, ...body) {
  const status = el("span");
  parts.clocks.push(status);
  return el("section", { class: `device ${kind}`, "aria-label": name },
    el("h3", {}, name),
    el("div", { class: "phone" }, el("div", { class: "bar" }, el("div", { class: "status" }, status, battery()), head), ...body));
}

function zaloDevice(oaName) {
  const text = el("input", { "aria-label": "Viết như người dân", placeholder: "Viết như người dân…", maxlength: "2000", autocomplete: "off" });
  const form = el("form", { class: "composer", onsubmit: (event) => {
    event.preventDefault();
    if (text.value.trim() === "") return;
    doIt("text", { text: text.value });
    text.value = "";
  } }, text, el("button", { type: "submit" }, "Gửi"));
  parts.zalo = el("div", { class: "thread", role: "log", "aria-label": "Cuộc trò chuyện Zalo", tabindex: "0" });
  parts.said = el("p", { role: "status" });
  parts.follow = el("button", { type: "button", onclick: () => doIt(person.follows ? "unfollow" : "follow") });
  parts.refuse = el("button", { type: "button", onclick: () => doIt("refuse", { what: "type", on: !person.optouts.includes("type") }) });
  const device = phone("zalo", "Zalo",
    el("div", { class: "app-head" }, face(oaName, 0), el("div", {}, el("b", {}, oaName), el("span", {}, "✓ Tài khoản chính thức"))),
    parts.zalo, form);
  device.append(el("div", { class: "doings" },
    el("button", { type: "button", onclick: () => doIt("seen", { device: "zalo" }) }, "Mở xem tin"),
    parts.follow,
    el("button", { type: "button", onclick: () => doIt("share_phone") }, "Chia sẻ số điện thoại"),
    parts.refuse,
    parts.said));
  return device;
}

function smsDevice() {
  parts.sms = el("div", { class: "thread", role: "log", "aria-label": "Tin nhắn SMS", tabindex: "0" });
  parts.brand = el("b", {}, "Tin nhắn");
  parts.smsFrom = el("span");
  return phone("sms", "Tin nhắn SMS", el("div", { class: "app-head" }, el("div", {}, parts.brand, parts.smsFrom)), parts.sms);
}

function mailDevice() {
  parts.mailBody = el("div", { class: "mail-open" });
  parts.mailBack = el("button", { type: "button", onclick: () => { openMail = 0; showMails(person.entries.filter((e) => e.device === "mail")); } }, "‹ Hộp thư");
  parts.mailAddress = el("span");
  return phone("mail", "Thư điện tử",
    el("div", { class: "app-head" }, el("div", {}, el("b", {}, "Hộp thư"), parts.mailAddress), parts.mailBack), parts.mailBody);
}

function portalDevice(url) {
  return phone("portal", "Cổng dịch vụ công",
    el("div", { class: "app-head" }, el("div", {}, el("b", {}, "Thông báo của tôi"), el("span", {}, "Cổng dịch vụ công")),
      el("a", { href: url, target: "_blank", rel: "noopener" }, "Mở riêng")),
    frame({ src: url, title: "Thông báo trên cổng dịch vụ công" }));
}

function build(row, oaName) {
  parts = { clocks: [] };
  const devices = [zaloDevice(oaName), smsDevice(), mailDevice()];
  const portal = webLink(person.portal_url);
  if (portal) devices.push(portalDevice(portal));
  row.replaceChildren(...devices);
}

function nothingOnZalo(who) {
  if (who.uid) return "Chưa có tin Zalo nào.";
  return who.phone ? "Số này không dùng Zalo." : "Chưa biết số điện thoại của người này.";
}

// ---- what the page calls ----

export function showDevices(row, who, oaName, changed) {
  const other = person === null || person.id !== who.id || person.portal_url !== who.portal_url;
  person = who;
  onChange = changed;
  if (other) {
    openMail = null;
    newestMail = shown = 0;
    build(row, oaName);
    shown = Math.max(0, ...who.entries.map((e) => e.number)); // nothing is new on a phone just opened
  }
  const of = (device) => who.entries.filter((e) => e.device === device);
  const texts = of("sms");
  fill(parts.zalo, of("zalo"), (e) => bubble(e, oaName), nothingOnZalo(who));
  fill(parts.sms, texts, smsBubble, "Chưa có tin SMS nào.");
  showMails(of("mail"));
  parts.zalo.closest(".device").classList.toggle("without", !who.uid);
  parts.brand.textContent = texts.length > 0 ? texts[texts.length - 1].title : "Tin nhắn";
  parts.smsFrom.textContent = who.phone ? phoneText(who.phone) : "không có số điện thoại";
  parts.mailAddress.textContent = who.email || "";
  parts.follow.textContent = who.follows ? "Bỏ quan tâm" : "Quan tâm";
  parts.refuse.textContent = who.optouts.includes("type") ? "Nhận lại loại tin này" : "Từ chối loại tin này";
  shown = Math.max(shown, ...who.entries.map((e) => e.number));
}

export function showClock(ms) {
  if (parts) for (const c of parts.clocks) c.textContent = timeText(ms);
}
