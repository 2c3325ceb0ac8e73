// Tells of news while the page is in the background: the count in the title, and on the person's wish a notification.

import { byId } from "./dom.js";

const WISH = "loa-desk-notify";
let wished = localStorage.getItem(WISH) === "1";
let waiting = 0, unread = 0;

function paint() {
  const on = wished && "Notification" in window && Notification.permission === "granted";
  byId("notify").setAttribute("aria-pressed", String(on));
  byId("notify").hidden = !("Notification" in window);
}

byId("notify").addEventListener("click", async () => {
  wished = !(wished && Notification.permission === "granted");
  if (wished && Notification.permission !== "granted") wished = (await Notification.requestPermission()) === "granted";
  localStorage.setItem(WISH, wished ? "1" : "0");
  paint();
});
paint();

// Without the citizen's words: a notification shows on locked screens too.
export function say(text) {
  if (!wished || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const n = new Notification("Bàn trực", { body: text, tag: "loa-desk", silent: true, icon: "/desk/files/icon.svg" });
    n.onclick = () => { window.focus(); n.close(); };
  } catch (e) {
    // phones show notifications only from service workers; the title still counts
  }
}

export function count(nowWaiting, nowUnread) {
  waiting = nowWaiting;
  unread = nowUnread;
  const n = waiting + unread;
  document.title = n ? `(${n}) Bàn trực` : "Bàn trực";
  if (navigator.setAppBadge) (n ? navigator.setAppBadge(n) : navigator.clearAppBadge()).catch(() => {});
}
