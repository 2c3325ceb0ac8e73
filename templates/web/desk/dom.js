// Small helpers. Everything from outside goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false && c !== ""));
  return node;
}

export const button = (title, act, attributes = {}) => el("button", { type: "button", onclick: act, ...attributes }, title);

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Makes the children of `list` those of `items`, in order; what stays keeps its node, and with it the focus.
export function keep(list, items, keyOf, make, update) {
  const have = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let at = list.firstChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let node = have.get(key);
    if (!node) {
      node = make(item);
      node.dataset.key = key;
    }
    have.delete(key);
    update(node, item);
    if (node === at) at = at.nextSibling;
    else list.insertBefore(node, at);
  }
  for (const node of have.values()) node.remove();
}

// ---- what is said to those who do not see the page ----

export function tell(text, urgent = false) {
  const node = byId(urgent ? "urgent" : "polite");
  node.textContent = "";
  requestAnimationFrame(() => { node.textContent = text; });
}

// ---- times: Vietnam has one zone ----

let ahead = 0; // of our clock, the server's

export const setNow = (ms) => { ahead = ms - Date.now(); };
export const now = () => Date.now() + ahead;

const zone = "Asia/Ho_Chi_Minh";
const clock = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "2-digit", month: "2-digit" }); // 24/11; "vi" would write 24-11
const long = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, weekday: "long", day: "2-digit", month: "2-digit", year: "numeric" });

export const clockText = (ms) => clock.format(ms);
export const dateText = (ms) => date.format(ms);
export const longDate = (ms) => long.format(ms);
export const dayOf = (ms) => Math.floor((ms + 7 * 3600000) / 86400000);

const DAY_MS = 86400000, ZONE_MS = 7 * 3600000;
export const isoDate = (ms) => new Date(ms + ZONE_MS).toISOString().slice(0, 10);
export const mondayOf = (ms) => (dayOf(ms) - ((dayOf(ms) + 3) % 7)) * DAY_MS - ZONE_MS; // its midnight

// "8:05", "13:30 mai", "13:30 24/11"
export function whenText(ms) {
  const days = dayOf(ms) - dayOf(now());
  if (days === 0) return clockText(ms);
  return `${clockText(ms)} ${days === 1 ? "mai" : days === -1 ? "hôm qua" : dateText(ms)}`;
}

export function spanText(ms) {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 1) return "chưa đầy 1 phút";
  if (minutes < 60) return `${minutes} phút`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} giờ ${minutes % 60} phút` : `${hours} giờ`;
  return `${Math.floor(hours / 24)} ngày`;
}

// Only addresses a browser opens as a page: a "javascript:" in a message stays plain text.
export const webLink = (url) => (/^(https?:\/\/|tel:)/i.test(url || "") ? url : null);

// ---- dialogs: one at a time, focus goes back where it came from ----

export function ask(title, fields, act, yes = "Đồng ý") {
  const dialog = byId("dialog"), fault = el("p", { class: "fault", role: "alert" });
  const send = el("button", { type: "submit", class: "main" }, yes);
  const form = el("form", { method: "dialog" }, el("h2", { id: "dialog-title" }, title), fields, fault,
    el("div", { class: "row" }, send, button("Thôi", () => dialog.close())));
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    send.disabled = true;
    fault.textContent = "";
    try {
      await act(Object.fromEntries(new FormData(form)));
      dialog.close();
    } catch (why) {
      fault.textContent = why.message;
    }
    send.disabled = false;
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

export function field(label, input, hint) {
  const id = `f-${input.name}`;
  input.id = id;
  return el("div", { class: "field" }, el("label", { for: id }, label), input, hint && el("p", { class: "soft" }, hint));
}

export function choose(name, options, chosen) {
  const select = el("select", { name }, options.map(([value, text]) => el("option", { value }, text)));
  if (chosen !== undefined) select.value = chosen;
  return select;
}
