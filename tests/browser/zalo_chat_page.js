// Plays the citizen at the simulator's page. argv: address of the page, folder for the picture.
const { chromium } = require("playwright-core");

const [url, pictures] = process.argv.slice(2);
let passed = 0, failed = 0;

function check(label, good) {
  console.log(`${good ? "ok    " : "FAILED"} ${label}`);
  if (good) passed++;
  else failed++;
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, deviceScaleFactor: 1.25 });
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  await page.goto(url);
  const phone = page.locator("section.device.zalo");
  const bubbles = phone.locator(".bubble:not(.mine)");

  // What the citizen reads after doing something: the newest bubble, once there is one more.
  async function after(what) {
    const before = await bubbles.count();
    await what();
    await page.waitForFunction(([n]) => document.querySelectorAll("section.device.zalo .bubble:not(.mine)").length > n, [before], { timeout: 20000 });
    return bubbles.last();
  }
  const type = (text) => async () => {
    await phone.getByLabel("Viết như người dân").fill(text);
    await phone.getByRole("button", { name: "Gửi" }).click();
  };
  const tap = (name) => () => phone.getByRole("button", { name, exact: true }).last().click();

  let answer = await after(() => phone.getByRole("button", { name: /[Qq]uan tâm/ }).first().click());
  check("following: a greeting with buttons", (await answer.textContent()).includes("Tra cứu hồ sơ"));
  answer = await after(type("làm giấy khai sinh cho con cần giấy tờ gì"));
  check("a question has its answer", (await answer.textContent()).includes("Căn cứ:"));
  answer = await after(tap("Ý tôi khác"));
  check("a tapped button is answered", (await answer.textContent()).includes("hiểu chưa đúng"));
  check("what a hidden button sends is not shown", (await phone.locator(".bubble.mine").allTextContents()).every((t) => !t.includes("#")));
  answer = await after(type("nộp tiền"));
  check("a vague question is asked back, with buttons", (await answer.getByRole("button").count()) >= 2);
  await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished))); // a new bubble moves in
  await phone.screenshot({ path: `${pictures}/zalo-chat.png` });
  answer = await after(() => bubbles.last().getByRole("button").first().click());
  check("tapping one of them answers it", (await answer.textContent()).includes("Căn cứ:"));
  answer = await after(() => phone.getByRole("button", { name: "Chia sẻ số điện thoại" }).click());
  check("a shared number is thanked for", (await answer.textContent()).includes("chia sẻ số điện thoại"));
  check("no script fails", errors.length === 0);
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
})().catch((e) => {
  console.log(`FAILED ${e.message}`);
  console.log(`${passed} passed, ${failed + 1} failed`);
  process.exit(1);
});
