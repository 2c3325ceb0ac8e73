// The panel of faults: each switch is one fault the simulator knows (POST and DELETE /sim/faults).

import { el, byId, countText } from "./dom.js";
import { get, send } from "./api.js";

const zalo = ["cs", "uid", "zbs"];
const sms = ["esms", "speedsms"];
const everybody = ["cs", "uid", "zbs", "esms", "speedsms", "smtp", "oauth", "info"];

const groups = [
  ["Zalo", [
    ["Zalo trả lời chậm", { provider: "zalo", fault: "slow", ms: 3000 }, zalo],
    ["Zalo nhận tin rồi im lặng", { provider: "zalo", fault: "silent" }, zalo],
    ["Đứt kết nối tới Zalo", { provider: "zalo", fault: "drop" }, zalo],
    ["Zalo báo gửi quá nhanh", { provider: "zalo", fault: "throttle" }, zalo],
    ["Người dân không có Zalo", { provider: "zbs", fault: "error", code: "-118" }, ["zbs"]],
    ["Mẫu tin bị từ chối duyệt", { provider: "zalo", fault: "template_rejected" }, zalo],
    ["Thu hồi mã truy cập", { provider: "oauth", fault: "token_revoked" }, null],
  ]],
  ["Tin nhắn SMS", [
    ["Tổng đài trả lời chậm", { provider: "sms", fault: "slow", ms: 3000 }, sms],
    ["Tổng đài nhận tin rồi im lặng", { provider: "sms", fault: "silent" }, sms],
    ["Nội dung không khớp mẫu", { provider: "esms", fault: "error", code: "146" }, ["esms"]],
    ["Nhà mạng không tới được máy", { provider: "sms", fault: "undelivered" }, sms],
  ]],
  ["Thư điện tử", [
    ["Máy chủ thư tạm từ chối", { provider: "smtp", fault: "throttle" }, ["smtp"]],
    ["Đứt kết nối khi đã gửi thư", { provider: "smtp", fault: "drop_after" }, ["smtp"]],
    ["Hộp thư không tồn tại", { provider: "smtp", fault: "undelivered", code: "5.1.1" }, ["smtp"]],
  ]],
  ["Tất cả các kênh", [
    ["Hết tiền", { provider: "all", fault: "balance_empty" }, everybody],
    ["Máy chủ lỗi 500", { provider: "all", fault: "http500" }, everybody],
    ["Báo phát về hai lần", { provider: "all", fault: "receipts_duplicate" }, everybody],
    ["Báo phát về trước lời nhận", { provider: "all", fault: "receipts_early" }, everybody],
    ["Báo phát về trễ 10 giây", { provider: "all", fault: "receipts_late", ms: 10000 }, everybody],
    ["Không có báo phát", { provider: "all", fault: "receipts_never" }, everybody],
  ]],
];

const switches = [];

function same(active, [, wanted, ways]) {
  return ways !== null && active.fault === wanted.fault && (wanted.code || "") === active.code &&
    active.providers.length === ways.length && ways.every((w) => active.providers.includes(w));
}

async function toggle(entry) {
  const { button, preset, active } = entry;
  button.disabled = true;
  try {
    if (active) await send("DELETE", `/sim/faults?id=${active.id}`);
    else await send("POST", "/sim/faults", preset[1]);
    showTrouble((await get("/sim/faults")).faults);
  } finally {
    button.disabled = false;
  }
}

function makeSwitch(preset) {
  const entry = { preset, active: null };
  entry.hits = el("small");
  entry.button = el("button", {
    type: "button",
    class: preset[2] === null ? "switch once" : "switch",
    "aria-pressed": preset[2] === null ? null : "false",
    onclick: () => toggle(entry),
  }, preset[0], entry.hits);
  switches.push(entry);
  return el("li", {}, entry.button);
}

export function showTrouble(faults) {
  for (const entry of switches) {
    entry.active = faults.find((f) => same(f, entry.preset)) || null;
    if (entry.preset[2] !== null) entry.button.setAttribute("aria-pressed", String(entry.active !== null));
    entry.hits.textContent = entry.active && entry.active.hits > 0 ? `${countText(entry.active.hits)} lần` : "";
  }
  byId("trouble-label").textContent = faults.length > 0 ? `Đang có ${faults.length} sự cố` : "Gây sự cố";
}

export function startTrouble() {
  const panel = byId("trouble"), open = byId("trouble-open");
  for (const [name, presets] of groups) {
    byId("trouble-groups").append(el("div", {}, el("h3", {}, name), el("ul", {}, ...presets.map(makeSwitch))));
  }
  open.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    open.setAttribute("aria-expanded", String(!panel.hidden));
  });
  byId("trouble-stop").addEventListener("click", async () => {
    await send("DELETE", "/sim/faults");
    showTrouble([]);
  });
}
