// Small helpers. Everything from outside goes in as text, never as markup.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

const zone = "Asia/Ho_Chi_Minh";
const clock = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
const exact = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, weekday: "long", day: "2-digit", month: "2-digit", year: "numeric" });
const number = new Intl.NumberFormat("vi-VN");

export const timeText = (ms) => clock.format(ms);
export const exactText = (ms) => exact.format(ms);
export const dayText = (ms) => date.format(ms);
export const countText = (n) => number.format(n);
export const moneyText = (n) => `${number.format(n)} đ`;

// Only addresses a browser opens as a page: a "javascript:" in a message stays plain text.
export const webLink = (url) => (/^https?:\/\//i.test(url || "") ? url : null);

export function phoneText(phone) {
  const national = phone.replace(/^84/, "0");
  return national.length === 10 ? `${national.slice(0, 4)} ${national.slice(4, 7)} ${national.slice(7)}` : national;
}

export function initials(name) {
  const words = name.trim().split(/\s+/).filter((w) => /^\p{L}/u.test(w));
  return words.length === 0 ? "" : (words.length > 1 ? words[0][0] + words[words.length - 1][0] : words[0][0]).toUpperCase();
}

export function face(label, seed, otherwise = "☎") {
  return el("span", { class: `face face-${seed % 5}`, "aria-hidden": "true" }, initials(label) || otherwise);
}
