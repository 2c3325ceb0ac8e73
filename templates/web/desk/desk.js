// The page of the office's people: who is logged in, which part is shown, and who hears what the server says.

import { byId, el, button, ask, field, setText, setNow, tell } from "./dom.js";
import { Refused, call, open, close, forget, onLoggedOut, request, setCsrf } from "./link.js";
import * as talks from "./talks.js";
import * as talk from "./talk.js";
import { revived } from "./compose.js";
import * as roster from "./roster.js";
import * as cases from "./cases.js";
import * as questions from "./questions.js";
import * as canned from "./canned.js";
import * as notify from "./notify.js";

const KEEP_ALIVE_MS = 5 * 60000; // or sooner where sessions end sooner
const views = [
  ["talks", "Trò chuyện", talks], ["roster", "Lịch trực", roster], ["cases", "Phản ánh", cases],
  ["questions", "Hỏi đáp", questions], ["canned", "Câu mẫu", canned],
];
let me = null, view = "";

// ---- logging in and out ----

function showLogin(why) {
  close();
  byId("work").hidden = true;
  byId("login").hidden = false;
  setText(byId("login-why"), why);
  document.title = "Đăng nhập · Bàn trực";
  byId(byId("login-name").value ? "login-password" : "login-name").focus();
}

function start(who) {
  const another = me && me.login !== who.login;
  me = who;
  setCsrf(who.csrf);
  if (another) location.reload(); // nothing of the other person may stay
  byId("login").hidden = true;
  byId("work").hidden = false;
  byId("login-password").value = "";
  setText(byId("person-name"), who.name || who.login);
  setText(byId("person-desks"), who.desks.length ? `Bàn trực: ${who.desks.join(", ")}` : "Chưa được giao bàn trực nào");
  talks.begin(who);
  document.title = "Bàn trực";
  open(heard, changed, revived);
  show(location.hash.slice(1));
}

byId("login-form").addEventListener("submit", async (e) => {
  e.preventDefault();
  const send = e.target.querySelector("button"), fault = byId("login-fault");
  send.disabled = true;
  setText(fault, "");
  try {
    start(await call("POST", "/desk/login", { login: byId("login-name").value.trim(), password: byId("login-password").value }));
  } catch (why) {
    setText(fault, why.message);
    byId("login-password").select();
  }
  send.disabled = false;
});

byId("logout").addEventListener("click", async () => {
  try {
    await call("POST", "/desk/logout");
  } catch (why) {
    if (why.status !== 401) {
      tell(why.message, true);
      return;
    }
  }
  close();
  forget();
  location.reload();
});

byId("password").addEventListener("click", () => {
  const input = (name, kind) => el("input", { name, type: "password", autocomplete: `${kind}-password`, required: true, maxlength: 256 });
  ask("Đổi mật khẩu", [
    field("Mật khẩu đang dùng", input("old", "current")),
    field("Mật khẩu mới", input("fresh", "new"), "Ít nhất 10 ký tự. Một câu ngắn dễ nhớ là tốt nhất."),
    field("Nhập lại mật khẩu mới", input("twice", "new")),
  ], async (f) => {
    if (f.fresh !== f.twice) throw new Error("Hai lần nhập mật khẩu mới chưa giống nhau.");
    await call("POST", "/desk/password", { old: f.old, new: f.fresh });
    tell("Đã đổi mật khẩu.");
  }, "Đổi mật khẩu");
});

onLoggedOut(() => showLogin("Phiên làm việc đã hết. Vui lòng đăng nhập lại; tin đang soạn vẫn còn."));

// Who works on the page stays logged in, also while only reading.
let told = Date.now();
function alive() {
  if (!me || byId("work").hidden || Date.now() - told < Math.min(KEEP_ALIVE_MS, me.idle_ms / 3)) return;
  told = Date.now();
  call("GET", "/desk/me").catch(() => {});
}
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, alive, { passive: true });

// ---- which part is shown ----

function show(where) {
  const [name, rest] = where.split("/");
  const known = views.some(([id]) => id === name) ? name : "talks";
  const fresh = view !== "" && known !== view;
  view = known;
  for (const [id] of views) byId(`view-${id}`).hidden = id !== view;
  for (const tab of byId("tabs").children) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  views.find(([id]) => id === view)[2].show(rest);
  if (fresh) byId("main").focus({ preventScroll: true });
}

for (const [id, title] of views)
  byId("tabs").append(el("a", { href: `#${id}`, "data-view": id }, title));
addEventListener("hashchange", () => { if (me) show(location.hash.slice(1)); });

// ---- what the server says ----

const news = new Map(); // n -> notice for me; alarms by their conversation

function read(m) {
  news.delete(m.n);
  showNews();
  if (typeof m.n === "number") request("notice_read", { n: m.n }, { again: true }).catch(() => {});
}

// One after the other, alarms first: they must leave room for the work.
function showNews() {
  const all = [...news.values()].sort((a, b) => (typeof a.n === "number") - (typeof b.n === "number") || a.n - b.n), m = all[0];
  const more = all.length > 1 && ` (còn ${all.length - 1} tin nữa)`;
  const look = () => {
    location.hash = `talks/${m.cid}`;
    read(m);
  };
  byId("news").replaceChildren(...(m ? [el("li", { class: typeof m.n === "number" ? "banner notice calm" : "banner notice" }, el("span", {}, m.text_vi, more), m.cid && button("Xem", look), button("Đã biết", () => read(m)))] : []));
}

function heard(m) {
  switch (m.type) {
  case "hello":
    setNow(m.now);
    talks.greeted(m);
    talk.greeted(m);
    show(location.hash.slice(1));
    break;
  case "queue": talks.queue(m); break;
  case "people": talks.people(m); break;
  case "conversation": talk.heard(m); break;
  case "typing": talk.typing(m); break;
  case "notice":
    if (!news.has(m.n)) {
      news.set(m.n, m);
      showNews();
      tell(m.text_vi);
      notify.say(m.text_vi);
    }
    break;
  case "alarm":
    news.set(`alarm-${m.cid}`, { n: `alarm-${m.cid}`, cid: m.cid, text_vi: `⚠ ${m.text_vi}` });
    showNews();
    tell(m.text_vi, true);
    notify.say(m.text_vi);
    break;
  case "roster": roster.heard(m); break;
  case "canned": canned.heard(); break;
  case "drafts": questions.heard(); break;
  }
}

const states = {
  live: ["Đang trực tuyến", ""],
  lost: ["Mất kết nối", "Đã mất kết nối, đang tự nối lại. Tin chưa gửi được giữ lại và sẽ gửi ngay khi có mạng."],
  forbidden: ["Chưa được giao việc", "Tài khoản này chưa có vai trò ở bàn trực. Vui lòng hỏi người quản trị."],
};

function changed(state) {
  const [short, long] = states[state];
  setText(byId("link"), short);
  byId("link").className = state;
  byId("lost").hidden = long === "";
  setText(byId("lost"), long);
  if (state === "lost") talk.lost();
}

// ---- the beginning ----

async function begin() {
  try {
    start(await call("GET", "/desk/me"));
  } catch (why) {
    if (why instanceof Refused && why.status !== 401) {
      showLogin(why.message);
      setTimeout(begin, 3000);
    } else {
      showLogin("Đăng nhập để trả lời người dân.");
    }
  }
}
begin();
