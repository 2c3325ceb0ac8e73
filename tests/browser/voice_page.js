// The page of an invitation and the public questions in a real browser. Started by voice_page.py.
"use strict";
const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const world = JSON.parse(process.argv[2]);
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
let passed = 0, failed = 0;

function check(label, got, want) {
  if (JSON.stringify(got) === JSON.stringify(want)) {
    passed++;
    console.log("ok    " + label);
  } else {
    failed++;
    console.log(`FAILED ${label}\n      got: ${JSON.stringify(got)}\n     want: ${JSON.stringify(want)}`);
  }
}

const picture = (page, name) => page.screenshot({ path: path.join(world.pictures, name), fullPage: true });
const heading = (page) => page.locator("h1").textContent();
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

async function accessible(page, label) {
  const at = await page.evaluateHandle(axe + ";window.axe"); // the page's own policy forbids to add it as a script
  const found = await at.evaluate((a) => a.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(label, found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
}

async function survey(browser) {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  await page.goto(world.links[0]);
  check("the question names the office", (await heading(page)).includes("UBND phường Thành Sen"), true);
  check("nothing to scroll sideways", await sideways(page), false);
  await accessible(page, "the survey is accessible");
  const sizes = await page.locator(".choice").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().height >= 44));
  check("five choices, each big enough for a thumb", sizes, [true, true, true, true, true]);
  await picture(page, "survey-phone.png");

  await page.focus("input[value='5']");
  await page.keyboard.press("ArrowDown");
  check("arrow keys choose", await page.isChecked("input[value='4']"), true);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Nhanh, dễ hiểu");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1[role=status]");
  check("thanked", await heading(page), "Cảm ơn anh/chị đã đánh giá");
  await page.goto(world.links[0]);
  check("a second visit says that it was sent", await heading(page), "Phiếu này đã được gửi");
  await accessible(page, "what is said then is accessible");

  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(world.links[1]);
  await accessible(page, "dark colours are accessible");
  await page.evaluate(() => document.querySelector("form").submit()); // as an old browser without `required`
  await page.waitForSelector("[role=alert]");
  await page.waitForLoadState();
  check("nothing chosen: asked again", await page.locator(".choice").count(), 5);
  check("no cookie, nothing stored", await page.evaluate(() => document.cookie.length + localStorage.length), 0);
  await page.close();
}

async function questions(browser) {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  const complaints = [];
  page.on("console", (m) => { if (m.type() === "error") complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(String(e)));
  const rows = (n) => page.waitForFunction((want) => document.querySelectorAll("#list li").length === want, n, { timeout: 10000 });
  await page.goto(world.loa + "/hoi-dap-cong-khai");
  await rows(20);
  check("nothing to scroll sideways there either", await sideways(page), false);
  await accessible(page, "the public list is accessible");
  await picture(page, "public-questions-phone.png");
  await page.click("#more");
  await rows(24);
  check("the last page has no button for more", await page.locator("#more").isVisible(), false);
  await page.fill("#q", "chim yen");
  await page.keyboard.press("Enter");
  await rows(8);
  check("found without diacritics, told", await page.locator("#state").textContent(), "8 câu");
  await page.fill("#q", "<img src=x onerror=alert(1)>");
  await page.click("button[type=submit]");
  await rows(0);
  check("nothing found is said", await page.locator("#state").textContent(), "Chưa có câu nào như vậy.");
  check("no complaints of the browser", complaints, []);
  await page.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: world.chromium, args: FLAGS });
  try {
    await survey(browser);
    await questions(browser);
  } catch (e) {
    failed++;
    console.log("FAILED " + (e.stack || e));
  }
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
})();
