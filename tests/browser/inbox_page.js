// The citizen's inbox in a real browser. Started by inbox_page.py, which stops and starts loa when a line asks for it.
"use strict";
const http = require("http");
const path = require("path");
const { chromium } = require("playwright-core");
const { FLAGS, ask, axe, check, count } = require("./page_checks.js");
const world = JSON.parse(process.argv[2]);
const EVIL = '<img src=x onerror="document.title=1"><b>đậm</b>';
const page_url = world.loa + "/portal/inbox";
let serial = 3000;

async function call(method, where, body, type) {
  const answer = await fetch(world.loa + where, { method, body: body && JSON.stringify(body),
    headers: { Authorization: "Bearer " + world.key, "Content-Type": type || "application/json" } });
  return answer.status;
}

function stamp(ms) {
  return new Date(ms + 7 * 3600000).toISOString().replace(/[-:T]/g, "").slice(0, 14);
}

async function tell(status, more) {
  const yesterday = Date.now() - 86400000;
  const code = `H27.18.01-${stamp(yesterday).slice(2, 8)}-${serial++}`;
  const data = { MaHoSo: code, TrangThaiHoSo: status, ThoiDiemXuLy: stamp(Date.now() - 60000), ChuHoSo: "Nguyễn Thị Hoàng Anh",
    DinhDanhCHS: { LoaiDinhDanh: "1", SoDinhDanh: "042085000101" }, SoDienThoai: "0912000101", DonViXuLy: "18073",
    TenTTHC: "Đăng ký biến động quyền sử dụng đất", NgayTiepNhan: stamp(yesterday), NgayHenTra: stamp(Date.now() + 7 * 86400000),
    ...more };
  const status_code = await call("POST", "/v1/dossier-events", [{ specversion: "1.0", type: "vn.dossier.status", id: code,
    source: "https://dvc.example.vn", subject: code, time: new Date().toISOString(), data }], "application/cloudevents-batch+json");
  if (status_code !== 202) throw new Error("event: " + status_code);
  return code;
}

const titles = (page) => page.locator("#list .title").allTextContents();
const codes = (page) => page.locator("#list li").evaluateAll((all) => all.map((li) => li.getAttribute("data-code")));
const state = (page) => page.locator("#state").textContent();
const live = (page) => page.waitForSelector("#state.live");
const rows = (page, n) => page.waitForFunction((want) => document.querySelectorAll("#list li").length === want, n, { timeout: 10000 });
const picture = (page, name) => page.screenshot({ path: path.join(world.pictures, name), fullPage: true });

async function accessible(page, label) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(label, found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
}

async function desktop(browser) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints = [];
  page.on("console", (m) => { if (m.type() === "error") complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(String(e)));
  await page.goto(page_url + "#token=" + world.token);
  await live(page);
  check("an empty box says what to expect", await page.locator("#empty").isVisible(), true);
  check("the token is out of the address", page.url(), page_url);
  check("and in no storage", await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);

  const first = await tell("2");
  await rows(page, 1);
  const began = Date.now();
  const second = await tell("5", { NoiDungXuLy: "Thiếu giấy chứng sinh bản chính", ThoiHanBoSung: "5", DanhSachHoSoBoSung: [{
    HoSoBoSungId: "1", NoiDungBoSung: "Giấy chứng sinh bản chính" }] });
  await rows(page, 2);
  check("news shows within a second", Date.now() - began < 1000, true);
  check("newest first", await codes(page), [second, first]);
  check("the news is read out", (await page.locator("#news").textContent()).startsWith("Thông báo mới: "), true);
  check("what is unread is counted", await page.locator("#unread").textContent(), "2 tin chưa đọc");
  await tell("9", { ChuHoSo: EVIL, TenTTHC: EVIL });
  await rows(page, 3);

  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  check("the keyboard opens a notice", await page.locator("#list li").first().locator(".text").isVisible(), true);
  check("a text is no markup", await page.locator("#list img, #list b").count(), 0);
  await page.locator("#list li").nth(1).locator(".open").click();
  check("what was opened is read", await page.locator("#unread").textContent(), "1 tin chưa đọc");
  check("a screen reader hears what is open", await page.locator(".open").evaluateAll((all) => all.map((b) => b.getAttribute("aria-expanded"))),
    ["true", "true", "false"]);
  await picture(page, "inbox-1280.png");
  await accessible(page, "WCAG 2.2 AA at 1280");
  check("nothing complained", complaints, []);

  const other = await browser.newPage({ viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 });
  await other.goto(page_url + "#token=" + world.token);
  await rows(other, 3);
  check("another window knows what is read", await other.locator("#unread").textContent(), "1 tin chưa đọc");
  await other.locator("#list li").nth(1).locator(".open").tap().catch(() => other.locator("#list li").nth(1).locator(".open").click());
  await picture(other, "inbox-390.png");
  check("a phone need not scroll sideways", await other.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
  await accessible(other, "WCAG 2.2 AA at 390");
  await other.locator("#list li").nth(2).locator(".open").click();
  await page.waitForFunction(() => document.getElementById("unread").textContent === "");
  check("reading in one window shows in the other", await titles(page), await titles(other));
  await other.close();
  return page;
}

async function lost(page) {
  const opened = await page.locator(".text:visible").count();
  await ask("stop loa");
  await page.waitForSelector("#state.lost");
  check("a lost connection is said", await state(page), "Đã mất kết nối, đang nối lại…");
  await picture(page, "inbox-lost.png");
  await ask("start loa");
  const code = await tell("2");
  await live(page);
  await rows(page, 4);
  check("what came meanwhile is there, once", (await codes(page)).filter((c) => c === code).length, 1);
  check("what was open stays open", await page.locator(".text:visible").count(), opened);
}

async function older(browser, watching) {
  for (let i = 0; i < 60; i++) await tell("2");
  await rows(watching, 64);
  const page = await browser.newPage();
  await page.goto(page_url + "#token=" + world.token);
  await rows(page, 50);
  await page.locator("#older").click();
  await rows(page, 64);
  check("nothing is older than the oldest", await page.locator("#older").isVisible(), false);
  check("each notice once", new Set(await codes(page)).size, 64);
  await page.close();
}

async function session(browser) {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  await page.goto(page_url);
  check("without a token: please log in", await state(page), "Ông/Bà cần đăng nhập Cổng dịch vụ công để xem thông báo.");
  await page.goto(page_url + "#token=" + world.oldToken);
  await page.waitForFunction(() => document.getElementById("state").textContent.includes("hết hạn"));
  check("an old token: log in again, and no list", await page.locator("#list li").count(), 0);
  await page.close();
}

// A portal that embeds the page and hands it the token when asked.
async function framed(browser) {
  const server = http.createServer((req, res) => {
    res.setHeader("Content-Type", "text/html; charset=utf-8");
    res.end(`<!doctype html><html lang="vi"><title>Cổng</title><iframe title="Thông báo" width="400" height="600" src="${page_url}"></iframe>
<script>addEventListener("message", function (e) {
  if (e.origin === "${world.loa}" && e.data.type === "loa:token-wanted") e.source.postMessage({ type: "loa:token", token: "${world.token}" }, e.origin);
});</script>`);
  });
  await new Promise((done) => server.listen(world.portalPort, "127.0.0.1", done));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${world.portalPort}/`);
  await page.frameLocator("iframe").locator("#state.live").waitFor();
  check("embedded by the portal it works, with the portal's token", await page.frameLocator("iframe").locator("#list li").count() > 0, true);
  await page.goto(`http://localhost:${world.portalPort}/`); // another origin
  await page.waitForTimeout(0);
  check("embedded by others it stays empty", await page.frames()[1].locator("#list").count(), 0);
  await page.close();
  server.close();
}

async function erased(page) {
  const found = await fetch(world.loa + "/v1/citizens/find", { method: "POST", body: JSON.stringify({ identity: world.citizen }),
    headers: { Authorization: "Bearer " + world.key, "Content-Type": "application/json" } });
  await call("DELETE", "/v1/citizens/" + (await found.json()).key);
  await rows(page, 0);
  check("who is forgotten sees an empty box", await page.locator("#empty").isVisible(), true);
}

async function main() {
  await call("PUT", "/v1/citizens", { identities: [world.citizen, "phone:0912000101"], name: "Nguyễn Thị Hoàng Anh", phone: "0912000101" });
  const browser = await chromium.launch({ executablePath: world.chromium, args: FLAGS });
  try {
    const page = await desktop(browser);
    await lost(page);
    await older(browser, page);
    await session(browser);
    await framed(browser);
    await erased(page);
  } catch (e) {
    count.failed++;
    console.log("FAILED " + e.stack);
  } finally {
    await browser.close();
  }
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exit(count.failed ? 1 : 0);
}

main();
