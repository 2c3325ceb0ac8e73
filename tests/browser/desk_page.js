// Two officers at the desk and three citizens, two on the web and one on Zalo, all at once. Started by desk_page.py.
const path = require("path");
const { chromium } = require("playwright-core");
const { FLAGS, ask, axe, check, count } = require("./page_checks.js");

const world = JSON.parse(process.argv[2]);
const EVIL = '<img src=x onerror="document.title=1"><b>đậm</b> \u202eđảo';
const WAIT = { timeout: 15000 };

const text = (page, selector) => page.locator(selector).textContent();
const waitText = (page, selector, part) => page.waitForFunction(([s, p]) => {
  const node = document.querySelector(s);
  return node && node.textContent.includes(p);
}, [selector, part], WAIT);
const row = (page, list, part) => page.locator(`#l-${list} li`, { hasText: part }).locator("button").first();
const rows = (page, list, n) => page.waitForFunction(([l, want]) => document.querySelectorAll(`#l-${l} li`).length === want, [list, n], WAIT);
const said = (page, part) => page.locator("#log li", { hasText: part }).first().waitFor(WAIT);
const countSaid = (page, part) => page.locator("#log .said", { hasText: part }).count();
const picture = (page, name) => page.screenshot({ path: path.join(world.pictures, name) });

async function accessible(page, label) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  check(label, found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
}

// ---- people ----

const complaints = [];

// `wire` lets the test hold back what goes over the socket, either way.
async function officer(browser, login, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 850 }, locale: "vi-VN", ...options });
  const page = await context.newPage(), wire = { holdIn: false, holdOut: false, held: [] };
  page.on("pageerror", (e) => complaints.push(`${login}: ${e}`));
  page.on("console", (m) => { if (m.type() === "error" && /Content.Security|TrustedHTML/i.test(m.text())) complaints.push(`${login}: ${m.text()}`); });
  await page.routeWebSocket(/\/desk\/live/, (ws) => {
    const server = ws.connectToServer();
    ws.onMessage((m) => { if (!wire.holdOut) server.send(m); });
    server.onMessage((m) => { if (wire.holdIn) wire.held.push(() => ws.send(m)); else ws.send(m); });
  });
  page.wire = wire;
  page.release = () => {
    wire.holdIn = wire.holdOut = false;
    for (const send of wire.held.splice(0)) send();
  };
  await page.goto(world.loa + "/desk");
  await page.fill("#login-name", login);
  await page.fill("#login-password", world.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#link.live", { ...WAIT, state: "attached" });
  return page;
}

// A citizen on the web: the page of the chat needs no more than this.
async function citizen(browser, name) {
  const page = await browser.newPage();
  await page.goto(world.loa + "/healthz");
  await page.evaluate(() => {
    window.heard = [];
    window.token = "";
    window.serial = 0;
    window.open_chat = () => new Promise((done) => {
      const last = Math.max(0, ...heard.map((l) => l.seq));
      const s = window.chat = new WebSocket(location.origin.replace("http", "ws") + "/chat");
      s.onopen = () => s.send(JSON.stringify(token ? { type: "hello", token, epoch, offset: last } : { type: "hello" }));
      s.onmessage = (e) => {
        const m = JSON.parse(e.data);
        if (m.type === "ready") {
          token = m.token || token;
          window.epoch = m.epoch;
          done();
        }
        if (m.type === "line") heard.push(m);
      };
      s.onclose = () => setTimeout(open_chat, 300);
    });
    return open_chat();
  });
  return {
    name,
    say: (words) => page.evaluate((t) => chat.send(JSON.stringify({ type: "say", id: `m${++serial}`, text: t })), words),
    tap: (payload) => page.evaluate((t) => chat.send(JSON.stringify({ type: "tap", id: `m${++serial}`, payload: t, title: "x" })), payload),
    hears: (part) => page.waitForFunction((p) => heard.some((l) => l.text.includes(p) && l.from !== "c"), part, WAIT),
    answered: (n) => page.waitForFunction((want) => heard.filter((l) => l.from === "b").length >= want, n, WAIT),
    count: (part) => page.evaluate((p) => heard.filter((l) => l.text.includes(p)).length, part),
  };
}

const zalo = {
  say: (words) => fetch(world.sim + "/sim/act", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ act: "text", uid: world.uid, text: words }) }),
  async texts() {
    const answer = await (await fetch(world.sim + "/sim/messages?limit=1000")).json();
    return answer.messages.map((m) => m.text || "");
  },
  async hears(part) {
    const end = Date.now() + 15000;
    while (Date.now() < end) {
      if ((await zalo.texts()).some((t) => t.includes(part))) return;
      await new Promise((again) => setTimeout(again, 100));
    }
    throw new Error("Zalo did not hear: " + part);
  },
};

// ---- the parts ----

async function loggingIn(browser) {
  const page = await browser.newPage({ viewport: { width: 1366, height: 850 }, locale: "vi-VN" });
  await page.goto(world.loa + "/desk");
  await page.waitForSelector("#login:not([hidden])");
  await accessible(page, "WCAG 2.2 AA: the login");
  check("the cursor waits in the first field", await page.evaluate(() => document.activeElement.id), "login-name");
  await page.keyboard.type("lan.vo");
  await page.keyboard.press("Tab");
  await page.keyboard.type("không phải mật khẩu");
  await page.keyboard.press("Enter");
  await waitText(page, "#login-fault", "chưa đúng");
  check("a wrong password is told", await text(page, "#login-fault"), "Tên đăng nhập hoặc mật khẩu chưa đúng.");
  await picture(page, "desk-login.png");
  check("scripts cannot read the session", await page.evaluate(() => document.cookie), "");
  await page.fill("#login-name", "xem");
  await page.fill("#login-password", world.password);
  await page.keyboard.press("Enter");
  await waitText(page, "#lost", "chưa có vai trò");
  check("who has no work here is told so", await page.locator("#lost").isVisible(), true);
  await page.close();
}

async function queueing(lan, binh, people) {
  const [one, two] = people;
  await one.say("Tôi tách thửa đất cho con thì cần giấy tờ gì");
  await one.say("gặp cán bộ");
  await rows(lan, "wait", 1);
  await two.say(EVIL);
  await two.say("gặp cán bộ");
  await rows(lan, "wait", 2);
  await zalo.say("gặp cán bộ");
  await rows(lan, "wait", 3);
  await rows(binh, "wait", 3);
  check("new ones are read out", (await text(lan, "#polite")).startsWith("Có người mới chờ"), true);
  check("the title counts them", await lan.title(), "(3) Bàn trực");
  check("who has waited longest is first", (await lan.locator("#l-wait li").first().textContent()).includes("Trang web"), true);
}

// Both want the same one; the second learns who was first.
async function taking(lan, binh, people) {
  await lan.locator("#l-wait button").first().click();
  await binh.locator("#l-wait button").first().click();
  await lan.locator("#talk-acts button", { hasText: "Nhận" }).waitFor(WAIT);
  await binh.locator("#talk-acts button", { hasText: "Nhận" }).waitFor(WAIT);
  binh.wire.holdIn = true; // he does not yet see that she was faster
  await lan.locator("#talk-acts button", { hasText: "Nhận" }).click();
  await rows(lan, "mine", 1);
  await binh.locator("#talk-acts button", { hasText: "Nhận" }).click();
  binh.release();
  await waitText(binh, "#talk-fault", "Võ Thị Lan");
  check("the second is refused with the name of the first", (await text(binh, "#talk-fault")).includes("Võ Thị Lan"), true);
  await waitText(binh, "#talk-state", "Võ Thị Lan đang trả lời");
  check("and may not write", await binh.locator("#words").isDisabled(), true);
  await rows(binh, "others", 1);
  await people[0].hears("Võ Thị Lan");
}

async function talking(lan, binh, people) {
  const [one] = people;
  await lan.waitForFunction(() => document.activeElement.id === "words", null, WAIT);
  check("after taking, one can write at once", await lan.locator("#words").isEnabled(), true);
  await lan.keyboard.type("Dạ chào anh/chị 👍🏽🇻🇳, tôi xem giúp ngay ạ.");
  await lan.keyboard.press("Control+Enter");
  await one.hears("tôi xem giúp ngay ạ");
  await said(lan, "tôi xem giúp ngay ạ");
  await waitText(lan, "#log", "✓ đã gửi");
  check("once on the page, once at the citizen", [await countSaid(lan, "xem giúp ngay"), await one.count("xem giúp ngay")], [1, 1]);
  await one.say("Cảm ơn cán bộ " + EVIL);
  await said(lan, "Cảm ơn cán bộ");
  check("a text is no markup", await lan.locator("#log img, #log b, #list img").count(), 0);
  await lan.check("#modes input[value=note]");
  await lan.fill("#words", "Khách quen, đã gọi hôm qua");
  await lan.click("#send");
  await waitText(lan, "#log li.n:not(.sending)", "Khách quen");
  check("a note looks like one", await lan.locator("#log li.n").count(), 1);
  await waitText(lan, "#side-body", "Khách quen");
  check("the citizen never sees it", await one.count("Khách quen"), 0);
  await lan.check("#modes input[value=reply]");
  await one.say("Mất giấy khai sinh thì xin cấp bản sao ở đâu ạ");
  await lan.waitForSelector(".chip", WAIT);
  await lan.locator(".chip").first().click();
  check("a suggested answer is one tap away", (await lan.inputValue("#words")).length > 10, true);
  await lan.reload();
  await lan.waitForSelector("#link.live", WAIT);
  await lan.waitForFunction(() => document.getElementById("words").value.length > 10, null, WAIT);
  check("a draft outlives a reload", (await lan.inputValue("#words")).length > 10, true);
  await said(lan, "Khách quen");
  await picture(lan, "desk-1366.png");
  await accessible(lan, "WCAG 2.2 AA: a conversation");
  await lan.fill("#words", "");
  void binh;
}

async function onZalo(binh) {
  await row(binh, "wait", "Zalo").click();
  await binh.locator("#talk-acts button", { hasText: "Nhận" }).click();
  await rows(binh, "mine", 1);
  await binh.fill("#words", "Chào bạn Zalo, hồ sơ đang được xem.");
  await binh.click("#send");
  await zalo.hears("hồ sơ đang được xem");
  check("the free time of Zalo is shown", (await text(binh, "#window")).includes("nhắn miễn phí đến"), true);
  await zalo.say("Vâng em chờ");
  await said(binh, "Vâng em chờ");
  await binh.locator("#talk-acts button", { hasText: "Trả lại trợ lý" }).click();
  await rows(binh, "mine", 0);
  await zalo.hears("tiếp tục hỗ trợ anh");
  check("handed back: the bot says so, once", (await zalo.texts()).filter((t) => t.includes("Cán bộ đã trả lời xong")).length, 1);
}

// Handed back, and then the same citizen needs a person again.
async function onceMore(binh) {
  await zalo.say("gặp cán bộ");
  await row(binh, "wait", "Zalo").click();
  await waitText(binh, "#talk-state", "Đang chờ");
  await binh.locator("#talk-acts button", { hasText: "Nhận" }).click();
  await binh.fill("#words", "Tôi đây ạ, anh/chị cần gì thêm?");
  await binh.click("#send");
  await zalo.hears("cần gì thêm");
  await binh.locator("#talk-acts button", { hasText: "Kết thúc" }).click();
  await rows(binh, "mine", 0);
  check("a conversation may begin anew", (await zalo.texts()).filter((t) => t.includes("cần gì thêm")).length, 1);
}

async function passingOn(lan, binh, people) {
  await rows(lan, "mine", 1);
  await row(lan, "mine", "").click();
  await lan.locator("#talk-acts button", { hasText: "Chuyển" }).click();
  await lan.waitForSelector("dialog[open]");
  await accessible(lan, "WCAG 2.2 AA: a dialog");
  await lan.selectOption("#f-to", "to:binh");
  await lan.fill("#f-note", "Nhờ anh trả lời tiếp");
  await lan.locator("dialog button.main").click();
  await rows(binh, "mine", 1);
  await rows(lan, "mine", 0);
  await binh.locator("#news li").first().waitFor(WAIT);
  await row(binh, "mine", "").click();
  await said(binh, "Nhờ anh trả lời tiếp");
  await binh.fill("#words", "Tôi là Bình, xin trả lời tiếp ạ.");
  await binh.click("#send");
  await people[0].hears("Tôi là Bình");
  await binh.locator("#news button", { hasText: "Đã biết" }).click();
  await binh.waitForFunction(() => document.querySelectorAll("#news li").length === 0, null, WAIT);
  check("passed on to a colleague, who is told and answers", await people[0].count("Tôi là Bình"), 1);
}

async function byKeyboard(lan, people) {
  await lan.goto(world.loa + "/desk#talks");
  await lan.reload();
  await rows(lan, "wait", 1);
  const focusOn = (id) => lan.evaluate((want) => document.activeElement.closest(want) !== null, id);
  for (let i = 0; i < 40 && !(await focusOn("#l-wait")); i++) await lan.keyboard.press("Tab");
  check("Tab reaches who waits", await focusOn("#l-wait"), true);
  await lan.keyboard.press("Enter");
  await lan.locator("#talk-acts button", { hasText: "Nhận" }).waitFor(WAIT);
  for (let i = 0; i < 20 && !(await focusOn("#talk-acts")); i++) await lan.keyboard.press("Tab");
  await lan.keyboard.press("Enter");
  await lan.waitForFunction(() => document.activeElement.id === "words" && !document.activeElement.disabled, null, WAIT);
  await lan.keyboard.type("/");
  await lan.waitForSelector("#canned-list:not([hidden])", WAIT);
  const second = await text(lan, "#canned-list li:nth-child(2) span");
  await lan.keyboard.press("ArrowDown");
  await lan.keyboard.press("Enter");
  check("a canned reply by keyboard", await lan.inputValue("#words"), second);
  await lan.keyboard.press("Control+Enter");
  await people[1].hears(second.slice(0, 20));
  check("the whole way without a mouse", await people[1].count(second.slice(0, 20)), 1);
}

async function lost(lan, binh, people) {
  await lan.fill("#words", "Bản nháp còn dở");
  await ask("stop loa");
  await lan.waitForSelector("#lost:not([hidden])", WAIT);
  check("a lost connection is said", (await text(lan, "#lost")).startsWith("Đã mất kết nối"), true);
  await lan.fill("#words", "Viết trong lúc mất mạng");
  await lan.click("#send");
  await waitText(lan, "#log", "Chưa gửi, chờ kết nối");
  await picture(lan, "desk-lost.png");
  await ask("start loa");
  await lan.waitForSelector("#link.live", { timeout: 30000 });
  await binh.waitForSelector("#link.live", { timeout: 30000 });
  await people[1].hears("Viết trong lúc mất mạng");
  await waitText(lan, "#log", "✓ đã gửi");
  check("what was written meanwhile arrives, once", [await countSaid(lan, "Viết trong lúc"), await people[1].count("Viết trong lúc")], [1, 1]);

  lan.wire.holdOut = true; // the words leave the page and go nowhere; then somebody reloads
  await lan.fill("#words", "Viết trước khi tải lại");
  await lan.click("#send");
  lan.wire.holdOut = false;
  await lan.reload();
  await people[1].hears("Viết trước khi tải lại");
  await lan.waitForSelector("#link.live", WAIT);
  await said(lan, "Viết trước khi tải lại");
  check("a reload loses no word and says none twice", await people[1].count("Viết trước khi tải lại"), 1);
}

async function officerGone(lan, binh, people) {
  const before = await lan.locator("#l-wait li").count();
  await binh.context().close();
  await rows(lan, "wait", before + 1);
  await people[0].hears("tạm thời không kết nối được");
  check("an officer who is gone: back into the queue, the citizen is told", await people[0].count("tạm thời không kết nối được"), 1);
}

async function roster(lan, binh) {
  await lan.click("#tabs a[data-view=roster]");
  await lan.locator("#roster-week").waitFor(WAIT);
  await lan.locator("button", { hasText: "Tuần sau" }).click();
  for (const [login, day] of [["lan.vo", "0"], ["binh", "1"]]) {
    await lan.locator("button", { hasText: "Thêm ca" }).click();
    await lan.fill("#f-login", login);
    await lan.selectOption("#f-day", day);
    await lan.locator("dialog button.main").click();
    await lan.waitForFunction((n) => document.querySelectorAll(".shift").length === n, day === "0" ? 1 : 2, WAIT);
  }
  await lan.locator(".shift.own button", { hasText: "Đổi ca" }).click();
  await lan.selectOption("#f-with", "binh");
  await lan.selectOption("#f-for", { index: 1 });
  await lan.locator("dialog button.main").click();
  await binh.locator("#news li").first().waitFor(WAIT);
  await binh.click("#tabs a[data-view=roster]");
  await binh.locator("button", { hasText: "Tuần sau" }).click();
  await binh.locator(".swap button", { hasText: "Nhận lời" }).waitFor(WAIT);
  await picture(lan, "desk-roster.png");
  await accessible(lan, "WCAG 2.2 AA: the roster");
  await binh.locator(".swap button", { hasText: "Nhận lời" }).click();
  await lan.waitForFunction(() => {
    const first = document.querySelector(".shift");
    return first && first.textContent.includes("Trần Văn Bình") && !document.querySelector(".swap");
  }, null, WAIT);
  check("a swap that was agreed on changes the roster", await lan.locator(".shift").count(), 2);
  await lan.click("#tabs a[data-view=talks]");
  await binh.click("#tabs a[data-view=talks]");
}

async function newEntry(lan) {
  await row(lan, "mine", "").click();
  await lan.locator("#log li.o button", { hasText: "Tạo mục hỏi đáp" }).first().click();
  await lan.waitForSelector("dialog[open]");
  await lan.fill("#f-topic", "Đất đai");
  await lan.fill("#f-question", "Nuôi rồng lửa trong vườn có phải xin phép không");
  await lan.fill("#f-variants", "xin phép nuôi rồng lửa\nnuôi rồng lửa cần giấy gì");
  await lan.fill("#f-answer", "Việc này chưa có quy định; anh/chị hỏi Bộ phận Một cửa.");
  await lan.locator("dialog button.main").click();
  await lan.waitForSelector("dialog[open]", { state: "detached" }).catch(() => {});
  await lan.click("#tabs a[data-view=questions]");
  await lan.locator("#drafts li").first().waitFor(WAIT);
  await picture(lan, "desk-questions.png");
  await accessible(lan, "WCAG 2.2 AA: questions");
  await lan.locator("#drafts button", { hasText: "Duyệt" }).first().click();
  await waitText(lan, "#drafts", "✓ Đang dùng");
  check("an answer became an entry of the FAQ", (await text(lan, "#drafts")).includes("Nuôi rồng lửa"), true);
  await lan.click("#tabs a[data-view=talks]");
}

async function cannedReplies(lan) {
  await lan.click("#tabs a[data-view=canned]");
  await lan.locator("#view-canned button.main").click();
  await lan.fill("#f-title", "hẹn gọi lại");
  await lan.fill("#f-text", "Tôi sẽ gọi lại cho anh/chị trong chiều nay.");
  await lan.locator("dialog button.main").click();
  await waitText(lan, "#view-canned ul", "hẹn gọi lại");
  await accessible(lan, "WCAG 2.2 AA: canned replies");
  await lan.click("#tabs a[data-view=talks]");
  await row(lan, "mine", "").click();
  await lan.fill("#words", "/goi");
  await waitText(lan, "#canned-list", "hẹn gọi lại");
  check("a canned reply of our own is found, marks typed or not", await lan.locator("#canned-list li").count(), 1);
  await lan.keyboard.press("Escape");
  await lan.fill("#words", "");
}

async function password(lan) {
  await lan.click("#person summary");
  await lan.click("#password");
  await lan.fill("#f-old", world.password);
  await lan.fill("#f-fresh", "ngắn");
  await lan.fill("#f-twice", "ngắn");
  await lan.locator("dialog button.main").click();
  await waitText(lan, "dialog .fault", "ít nhất 10");
  await lan.fill("#f-fresh", "một câu mới thật dài");
  await lan.fill("#f-twice", "một câu mới thật dài");
  await lan.locator("dialog button.main").click();
  await lan.waitForFunction(() => !document.getElementById("dialog").open, null, WAIT);
  check("a password is changed without leaving the page", await text(lan, "#link"), "Đang trực tuyến");
  await lan.click("#person summary");
}

async function alarm(lan, people) {
  await people[1].say("Cứu với, nhà tôi đang cháy");
  await waitText(lan, "#news", "⚠");
  check("urgent words sound an alarm", (await text(lan, "#urgent")).length > 0, true);
  await people[1].hears("114");
  await picture(lan, "desk-alarm.png");
  await lan.locator("#news button", { hasText: "Xem" }).click();
  await said(lan, "nhà tôi đang cháy");
}

async function aCase(browser, lan) {
  const three = await citizen(browser, "three");
  await three.tap("#phan-anh");
  await three.answered(1);
  await three.say("UBND phường Thành Sen");
  await three.answered(2);
  await three.say("Cán bộ quát mắng người già khi nộp hồ sơ");
  await three.answered(3);
  await three.tap("#phan-anh:gui");
  await three.hears("PA-");
  await lan.click("#tabs a[data-view=cases]");
  await lan.locator("#cases button").first().click();
  await waitText(lan, "#case", "quát mắng người già");
  await lan.locator("#case button", { hasText: "Nhận xử lý" }).click();
  await waitText(lan, "#case", "Trả lời…");
  await accessible(lan, "WCAG 2.2 AA: a case");
  await picture(lan, "desk-case.png");
  await lan.locator("#case button", { hasText: "Trả lời…" }).click();
  await lan.fill("#f-text", "Chúng tôi đã nhắc nhở cán bộ và xin lỗi anh/chị.");
  await lan.locator("dialog button.main").click();
  await three.hears("đã nhắc nhở cán bộ");
  check("a report is answered on the channel it came by", await three.count("đã nhắc nhở cán bộ"), 1);
}

async function otherParts(lan) {
  await lan.click("#tabs a[data-view=questions]");
  await lan.locator("button", { hasText: "Thêm hỏi đáp" }).click();
  await lan.fill("#f-question", "Bộ phận Một cửa mở cửa lúc nào?");
  await lan.fill("#f-answer", "Gọi 0912345678 để hỏi.");
  await lan.locator("dialog button.main").click();
  await lan.waitForFunction(() => document.querySelector("dialog .fault").textContent.length > 10, null, WAIT);
  check("a phone number is not made public", (await text(lan, "dialog .fault")).includes("điện thoại"), true);
  await lan.fill("#f-answer", "Từ 7 giờ đến 17 giờ các ngày làm việc.");
  await lan.locator("dialog button.main").click();
  await waitText(lan, "#public", "mở cửa lúc nào");
  check("who wrote it does not publish it", await lan.locator("#public button", { hasText: "Duyệt" }).count(), 0);
  await lan.click("#tabs a[data-view=talks]");
}

async function onPhone(browser, people) {
  const page = await officer(browser, "binh", { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await page.locator("#l-wait button").first().waitFor(WAIT);
  await picture(page, "desk-390-list.png");
  await accessible(page, "WCAG 2.2 AA: the list on a phone");
  await page.locator("#l-wait button").first().tap();
  await page.locator("#talk-acts button", { hasText: "Nhận" }).tap();
  await page.waitForFunction(() => !document.getElementById("words").disabled, null, WAIT);
  await page.fill("#words", "Trả lời từ điện thoại");
  await page.locator("#send").tap();
  await people[0].hears("Trả lời từ điện thoại");
  await said(page, "Trả lời từ điện thoại");
  await picture(page, "desk-390.png");
  await accessible(page, "WCAG 2.2 AA: a conversation on a phone");
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 640 });
    check(`${width} wide: no need to scroll sideways`, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
  }
  await page.locator("#talk-acts button", { hasText: "Thông tin" }).tap();
  await page.locator("#side-close").tap();
  await page.locator("#talk-back").tap();
  check("back to the list", await page.locator("#list").isVisible(), true);
  check("an answer from a phone", await people[0].count("Trả lời từ điện thoại"), 1);
  await page.context().close();
}

async function dark(browser) {
  const page = await officer(browser, "binh", { colorScheme: "dark", viewport: { width: 1000, height: 760 } });
  await page.locator(".talk").first().waitFor(WAIT);
  await accessible(page, "WCAG 2.2 AA: in the dark");
  await picture(page, "desk-dark.png");
  await page.click("#person summary");
  await page.click("#logout");
  await page.waitForSelector("#login:not([hidden])", WAIT);
  check("logged out: nothing of the work is left", await page.evaluate(() => sessionStorage.length), 0);
  await page.context().close();
}

async function switchedOff(lan) {
  await lan.fill("#words", "chưa kịp gửi").catch(() => {});
  await ask("switch lan off");
  await lan.waitForSelector("#login:not([hidden])", WAIT);
  check("switched off: the page closes at once", (await text(lan, "#login-why")).includes("Phiên làm việc đã hết"), true);
}

async function main() {
  const browser = await chromium.launch({ executablePath: world.chromium, args: FLAGS });
  try {
    await loggingIn(browser);
    const lan = await officer(browser, "lan.vo"), binh = await officer(browser, "binh");
    const people = [await citizen(browser, "one"), await citizen(browser, "two")];
    await queueing(lan, binh, people);
    await taking(lan, binh, people);
    await talking(lan, binh, people);
    await onZalo(binh);
    await onceMore(binh);
    await passingOn(lan, binh, people);
    await byKeyboard(lan, people);
    await lost(lan, binh, people);
    await roster(lan, binh);
    await newEntry(lan);
    await cannedReplies(lan);
    await aCase(browser, lan);
    await otherParts(lan);
    await password(lan);
    await alarm(lan, people);
    await officerGone(lan, binh, people);
    await onPhone(browser, people);
    await dark(browser);
    await switchedOff(lan);
    check("nothing complained", complaints, []);
  } catch (e) {
    count.failed++;
    console.log("FAILED " + e.stack);
    for (const [i, page] of browser.contexts().flatMap((c) => c.pages()).entries()) {
      await picture(page, `desk-failed-${i}.png`).catch(() => {});
      console.log(await page.evaluate(() => window.heard ? JSON.stringify(heard.map((l) => `${l.from} ${l.text}`)) : document.body.innerText).catch(String));
    }
  } finally {
    await browser.close();
  }
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exit(count.failed ? 1 : 0);
}

main();
