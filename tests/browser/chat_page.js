// The chat in a real browser, on a page of another origin. Started by chat_page.py, which stops and starts loa when a line asks for it.
"use strict";
const http = require("http");
const path = require("path");
const { chromium } = require("playwright-core");
const { FLAGS, ask, axe, check, count } = require("./page_checks.js");
const world = JSON.parse(process.argv[2]);
const EVIL = '<img src=x onerror="document.title=1"><b>đậm</b> \u202egnốhk';
const QUESTION = "Tôi đăng nhập Cổng Dịch vụ công bằng tài khoản nào?";
const host = `http://127.0.0.1:${world.hostPort}/`;
const ws = world.loa.replace("http", "ws");
// What the head of widget.js asks of the page that embeds it, and nothing more.
const POLICY = `default-src 'none'; script-src ${world.loa}; style-src ${world.loa} 'sha256-HASH'; connect-src ${ws}`;
const STYLE = "body{margin:0;font:16px/1.5 sans-serif;color:#222;background:#f7f7f7}main{max-width:60rem;margin:0 auto;padding:1rem}h1{color:#0b4a8f}";

function serve_host() {
  const hash = require("crypto").createHash("sha256").update(STYLE).digest("base64");
  const server = http.createServer((req, res) => {
    res.setHeader("Content-Type", "text/html; charset=utf-8");
    res.setHeader("Content-Security-Policy", POLICY.replace("HASH", hash));
    res.end(`<!doctype html><html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>UBND phường Thành Sen</title><style>${STYLE}</style></head><body><main><h1>UBND phường Thành Sen</h1>
<p>Trang thông tin điện tử của phường. Lịch tiếp công dân, thông báo, văn bản.</p>
<p><a href="#tin">Tin tức</a></p>${"<p>Nội dung của trang chủ. Bộ phận một cửa làm việc từ thứ hai đến thứ sáu.</p>".repeat(12)}</main>
<script src="${world.loa}/widget.js" data-unit="18073" defer></script></body></html>`);
  });
  return new Promise((done) => server.listen(world.hostPort, "127.0.0.1", () => done(server)));
}

const picture = (page, name) => page.screenshot({ path: path.join(world.pictures, name) });
const line = (page, from) => page.locator(`.loa-from-${from}`);
const answers = (page, n) => page.waitForFunction((want) => {
  const root = document.querySelector(".loa-host").shadowRoot || document.querySelector(".loa-host");
  return [...root.querySelectorAll(".loa-from-b")].filter((e) => e.seq >= 1).length === want;
}, n, { timeout: 15000 });
const focus = (page) => page.evaluate(() => {
  const root = document.querySelector(".loa-host").shadowRoot || document;
  return ((root.activeElement || document.activeElement).className || "").toString();
});
const numbers = (page) => page.evaluate(() => {
  const root = document.querySelector(".loa-host").shadowRoot || document;
  return [...root.querySelectorAll(".loa-line")].map((e) => e.seq).filter((n) => n >= 1);
});
const kept = (page) => page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length]);
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

async function accessible(page, label) {
  const at = await page.evaluateHandle(axe + ";window.axe"); // the page's own policy forbids to add it as a script
  const before = page.complaints ? page.complaints.length : 0;
  const found = await at.evaluate((a) => a.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  if (page.complaints) page.complaints.length = before; // of its own probes
  check(label, found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html + " " + n.failureSummary).join(" ")}`), []);
}

// Is the beginning of the last answer in sight?
const begins = (page) => line(page, "b").last().evaluate((e) => e.getBoundingClientRect().top >= e.parentNode.getBoundingClientRect().top);

async function small_targets(page) {
  return page.evaluate(() => {
    const root = document.querySelector(".loa-host").shadowRoot || document.querySelector(".loa-host");
    return [...root.querySelectorAll("button, textarea, a.loa-choice")].filter((e) => e.offsetWidth > 0 && (e.offsetWidth < 44 || e.offsetHeight < 44))
      .map((e) => `${e.className} ${e.offsetWidth}x${e.offsetHeight}`);
  });
}

async function say(page, text) {
  await page.locator(".loa-field").fill(text);
  await page.keyboard.press("Enter");
}

function watch(page) {
  const complaints = page.complaints = [];
  page.on("console", (m) => { if (m.type() === "error") complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(String(e)));
  return complaints;
}

async function untouched(page) {
  check("a page that is not used keeps nothing and connects to nothing", [await kept(page), page.sockets.length], [[0, 0, 0], 0]);
  check("its button stands there", await page.locator(".loa-launch").isVisible(), true);
  await accessible(page, "WCAG 2.2 AA: the button");
}

async function by_keyboard(page) {
  await page.keyboard.press("Tab"); // the page's own link
  await page.keyboard.press("Tab");
  check("Tab reaches the button", (await focus(page)).includes("loa-launch"), true);
  await page.keyboard.press("Enter");
  check("Enter opens, the field has the keyboard", (await focus(page)).includes("loa-field"), true);
  await line(page, "b").first().waitFor();
  check("it says whose chat it is, and the hours", [(await page.locator(".loa-title").textContent()).length > 5,
    (await page.locator(".loa-state").textContent()).length > 10], [true, true]);
  await picture(page, "chat-open.png");
  await page.keyboard.type(QUESTION);
  await page.keyboard.press("Enter");
  await answers(page, 1);
  check("the question is answered", (await line(page, "b").last().textContent()).includes("VNeID"), true);
  check("and read from its beginning", await begins(page), true);
  await picture(page, "chat-answer.png");
  check("its tick says so", (await line(page, "c").last().locator(".loa-tick").textContent()).includes("Đã trả lời"), true);
  check("only now something is kept, and no cookie", (await kept(page)).map((n) => n > 0), [true, true, false]);
  check("links of an answer go to the web and open apart", await page.locator(".loa-text a").evaluateAll((all) =>
    all.length > 0 && all.every((a) => /^https?:/.test(a.href) && a.target === "_blank" && a.rel.includes("noopener"))), true);
  await say(page, EVIL);
  await answers(page, 2);
  check("markup is text, and turns nothing round", [await page.locator(".loa-text img, .loa-text b").count(),
    (await line(page, "c").last().locator(".loa-text").textContent()).includes("\u202e")], [0, false]);
}

async function choices(page) {
  await say(page, "đăng ký");
  await answers(page, 3);
  const button = page.locator(".loa-choice").first();
  if (await button.count() === 0) {
    check("a vague question is asked back with buttons", "no buttons: " + await line(page, "b").last().textContent(), "");
    return;
  }
  const title = await button.textContent();
  await page.keyboard.press("Shift+Tab"); // from the field back to what stands last in the log
  await picture(page, "chat-buttons.png");
  await button.focus();
  await page.keyboard.press("Enter");
  await answers(page, 4);
  check("a button says what stands on it", await line(page, "c").last().locator(".loa-text").textContent(), title);
  check("and gives the keyboard back", (await focus(page)).includes("loa-field"), true);
}

async function closed_and_called(page, context) {
  await page.keyboard.press("Escape");
  check("Escape closes, the button has the keyboard", (await focus(page)).includes("loa-launch"), true);
  const other = await context.newPage();
  await other.goto(host);
  await other.locator(".loa-launch").click();
  const before = (await numbers(page)).length;
  await other.waitForFunction((n) => document.querySelector(".loa-host").shadowRoot.querySelectorAll(".loa-line").length >= n, before);
  check("a second page of the visitor has it all", await numbers(other), await numbers(page));
  await say(other, "Lệ phí khai sinh bao nhiêu?");
  await page.locator(".loa-badge:visible").waitFor();
  check("an answer that nobody sees is counted on the button", await page.locator(".loa-badge").textContent(), "1");
  check("and said by it", await page.locator(".loa-launch").getAttribute("aria-label"), "Hỏi đáp, 1 tin chưa đọc");
  await picture(page, "chat-badge.png");
  await other.close();
  await page.keyboard.press("Enter");
  check("opened again, nothing is unread", await page.locator(".loa-badge").isVisible(), false);
}

async function reloaded(page) {
  const before = await numbers(page);
  await page.locator(".loa-field").fill("Một câu chưa gửi");
  await page.reload();
  await page.waitForFunction((n) => document.querySelector(".loa-host") &&
    document.querySelector(".loa-host").shadowRoot.querySelectorAll(".loa-line").length >= n, before.length);
  check("after a reload it is open, with every line once", await numbers(page), before);
  check("and what was typed", await page.locator(".loa-field").inputValue(), "Một câu chưa gửi");
  await page.locator(".loa-field").fill("");
}

async function lost(page) {
  const before = (await numbers(page)).length;
  await ask("stop loa");
  await page.locator(".loa-lost").waitFor();
  check("a lost connection is said", (await page.locator(".loa-state").textContent()).startsWith("Mất kết nối"), true);
  await say(page, "Trả kết quả qua bưu điện được không?");
  await say(page, "Nhờ người khác nộp hồ sơ hộ được không?");
  check("what is said meanwhile waits", await page.locator(".loa-mark-waiting").count(), 2);
  await picture(page, "chat-lost.png");
  await ask("start loa");
  await page.reload(); // what waits outlives the page
  await page.waitForFunction((n) => document.querySelector(".loa-host") &&
    document.querySelector(".loa-host").shadowRoot.querySelectorAll(".loa-line").length === n, before + 4, { timeout: 20000 });
  const all = await numbers(page);
  check("back again, even after a reload, it is sent and answered, each once, in order", all, all.map((_, i) => i + 1));
  check("nothing waits any more", await page.locator(".loa-mark-waiting").count(), 0);
}

async function long_text(page) {
  await page.locator(".loa-field").fill("a".repeat(3000));
  check("the field has a limit, and counts down", [(await page.locator(".loa-field").inputValue()).length,
    await page.locator(".loa-left").textContent()], [1300, "Còn 0 chữ"]);
  await page.locator(".loa-field").fill("Dòng một");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("dòng hai");
  check("Shift+Enter makes a line", await page.locator(".loa-field").inputValue(), "Dòng một\ndòng hai");
  await page.locator(".loa-field").fill("");
  check("nothing can be sent when there is nothing", await page.locator(".loa-send").isDisabled(), true);
}

async function desktop(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const complaints = watch(page);
  page.sockets = [];
  page.on("websocket", (s) => page.sockets.push(s.url()));
  await page.goto(host);
  await page.locator(".loa-launch").waitFor();
  await untouched(page);
  await by_keyboard(page);
  await choices(page);
  await closed_and_called(page, context);
  await picture(page, "chat-1280.png");
  await accessible(page, "WCAG 2.2 AA at 1280");
  check("every target is 44 px or more", await small_targets(page), []);
  check("the page's policy is enough, nothing complained", complaints, []);
  await reloaded(page);
  await lost(page);
  await long_text(page);
  page.on("dialog", (d) => d.accept());
  await page.locator(".loa-tool").first().click();
  await page.waitForFunction(() => document.querySelector(".loa-host").shadowRoot.querySelectorAll(".loa-line").length === 1);
  check("forgotten on this machine: a new conversation", await numbers(page), []);
  await context.close();
}

async function narrow(browser, width, height, name, more) {
  const context = await browser.newContext({ viewport: { width, height }, ...more });
  const page = await context.newPage();
  await page.goto(host);
  await page.locator(".loa-launch").click();
  await line(page, "b").first().waitFor();
  await say(page, QUESTION);
  await answers(page, 1);
  await say(page, "đăng ký");
  await answers(page, 2);
  await picture(page, name);
  check(`${name}: nothing to scroll sideways`, await sideways(page), false);
  check(`${name}: every target is 44 px or more`, await small_targets(page), []);
  check(`${name}: the field is in sight`, await page.locator(".loa-field").evaluate((e) => {
    const r = e.getBoundingClientRect();
    return r.top >= 0 && r.bottom <= window.innerHeight && r.right <= window.innerWidth;
  }), true);
  await accessible(page, `${name}: WCAG 2.2 AA`);
  if (width < 560) {
    for (let i = 0; i < 30; i++) await page.keyboard.press("Tab");
    check(`${name}: the keyboard stays inside`, await page.evaluate(() => document.activeElement.className), "loa-host");
  }
  await context.close();
}

async function officer(browser) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(host);
  await page.locator(".loa-launch").click();
  await line(page, "b").first().waitFor();
  await say(page, "Cho tôi gặp cán bộ");
  await answers(page, 1);
  await ask("officer takes");
  const state = page.locator(".loa-state");
  await page.waitForFunction(() => document.querySelector(".loa-host").shadowRoot.querySelector(".loa-state").textContent.includes("Lan"));
  check("it says which officer talks", await state.textContent(), "Anh/chị đang trao đổi với cán bộ Võ Thị Lan");
  await page.keyboard.type("Tôi cần");
  await ask("officer sees typing");
  await page.keyboard.type(" hỏi về khai sinh");
  await page.keyboard.press("Enter");
  await ask("officer types");
  await page.locator(".loa-typing:visible").waitFor();
  check("the officer's typing shows", await page.locator(".loa-typing").isVisible(), true);
  await ask("officer says");
  await line(page, "o").first().waitFor();
  check("the officer's words stand under the officer's name", await line(page, "o").locator(".loa-name").textContent(), "Cán bộ Võ Thị Lan");
  check("and answer what was said", (await line(page, "c").last().locator(".loa-tick").textContent()).includes("Đã trả lời"), true);
  await picture(page, "chat-officer.png");
  await accessible(page, "with an officer: WCAG 2.2 AA");
  await ask("officer hands back");
  await page.waitForFunction(() => !document.querySelector(".loa-host").shadowRoot.querySelector(".loa-state").textContent.includes("Lan"));
  await say(page, QUESTION);
  await page.waitForFunction(() => [...document.querySelector(".loa-host").shadowRoot.querySelectorAll(".loa-from-b")].some((e) => e.textContent.includes("VNeID")));
  check("handed back, the assistant answers again", await line(page, "o").count(), 1);
  await page.close();
}

// What a browser of 2016 does not have.
async function old_browser(browser) {
  const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
  await context.addInitScript(() => {
    delete Element.prototype.attachShadow;
    delete window.visualViewport;
    window.matchMedia = undefined;
    Object.defineProperty(window, "crypto", { value: undefined });
    Element.prototype.remove = Element.prototype.append = Element.prototype.closest = undefined;
    window.fetch = window.Promise = undefined;
  });
  const page = await context.newPage();
  const complaints = watch(page);
  await page.goto(host);
  await page.locator(".loa-launch").click();
  await say(page, QUESTION);
  await page.waitForSelector(".loa-from-b .loa-text a");
  await picture(page, "chat-old.png");
  check("a browser without shadow roots, promises and the like shows it too", complaints, []);
  await context.close();
  const script = await (await fetch(world.loa + "/widget.js")).text();
  check("the script is written in old syntax", script.replace(/\/\*[\s\S]*?\*\//g, "").match(/=>|`|\b(let|const|class|async|await)\b|\.\.\.[a-z]/g), null);
}

async function own_page(browser) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 720 } });
  const complaints = watch(page);
  await page.goto(world.loa + "/hoi-dap");
  await line(page, "b").first().waitFor();
  await say(page, QUESTION);
  await answers(page, 1);
  await picture(page, "chat-page.png");
  await accessible(page, "the page of its own: WCAG 2.2 AA");
  check("the page of its own needs no button, and nothing complained", [await page.locator(".loa-launch").count(), complaints], [0, []]);
  await page.close();
}

async function strangers(browser) {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${world.hostPort}/`); // another origin, in no list
  await page.locator(".loa-launch").click();
  await page.waitForFunction(() => document.querySelector(".loa-host").shadowRoot.querySelector(".loa-lost"));
  check("on a page that is not listed it does not connect", await page.evaluate(() => localStorage.length), 0);
  await page.close();
}

// The picture of the README.
async function portrait(browser) {
  const page = await browser.newPage({ viewport: { width: 960, height: 660 } });
  await page.goto(host);
  await page.locator(".loa-launch").click();
  await line(page, "b").first().waitFor();
  await say(page, "Lệ phí khai sinh bao nhiêu?");
  await answers(page, 1);
  await page.locator(".loa-choice").first().click();
  await answers(page, 2);
  await page.locator(".loa-log").evaluate((e) => { e.scrollTop = 190; });
  await picture(page, "widget.png");
  await page.close();
}

async function logged_in(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(host);
  await page.locator(".loa-launch").waitFor();
  await page.evaluate((t) => loaChat.session(t), world.session);
  await page.locator(".loa-launch").click();
  await line(page, "b").first().waitFor();
  await say(page, QUESTION);
  await answers(page, 1);
  check("a session of the portal is kept in memory alone", await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]).includes("eyJ")), false);
  const other = await context.newPage();
  await other.goto(host);
  await other.locator(".loa-launch").waitFor();
  await other.evaluate((t) => loaChat.session(t), world.session);
  await other.locator(".loa-launch").click();
  await answers(other, 1);
  check("the citizen's conversation is the same on another page", await numbers(other), [1, 2]);
  await other.evaluate(() => { window.asked = 0; document.addEventListener("loa-chat-session", () => { window.asked++; }); });
  await other.evaluate((t) => loaChat.session(t), world.oldSession);
  await other.waitForFunction(() => window.asked === 1);
  check("a session that is over is said, and the chat goes on without", (await other.locator(".loa-notice").textContent()).includes("hết hạn"), true);
  await context.close();
}

async function main() {
  const server = await serve_host();
  const browser = await chromium.launch({ executablePath: world.chromium, args: FLAGS });
  const steps = [desktop, (b) => narrow(b, 320, 568, "chat-320.png", { deviceScaleFactor: 2 }),
    (b) => narrow(b, 640, 400, "chat-zoom-200.png", { deviceScaleFactor: 2 }),
    (b) => narrow(b, 390, 844, "chat-dark.png", { deviceScaleFactor: 2, colorScheme: "dark", reducedMotion: "reduce", isMobile: true, hasTouch: true }),
    officer, old_browser, own_page, strangers, portrait, logged_in];
  for (const step of steps) {
    try {
      await step(browser);
    } catch (e) {
      count.failed++;
      console.log("FAILED " + e.stack);
    }
  }
  await browser.close();
  server.close();
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exit(count.failed ? 1 : 0);
}

main();
