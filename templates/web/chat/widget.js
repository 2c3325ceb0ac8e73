/*
 * The citizen's chat on any web page, by one tag:
 *
 *   <script src="https://LOA/widget.js" data-unit="18073" defer></script>
 *
 *   data-unit     whose page this is (units.tsv); may be left out
 *   data-full     the chat fills the page instead of waiting behind a button
 *   data-keep     "no": nothing is kept in the browser beyond this tab (computers many people use)
 *
 * Content-Security-Policy of the page that embeds it, LOA being the host of this script:
 *   script-src https://LOA; style-src https://LOA; connect-src wss://LOA
 * and LOA must know the page's origin: [chat] allowed_origins.
 *
 * Nothing is stored and nothing is sent before the citizen opens the chat; there are no cookies. Then localStorage
 * holds the visitor's token "loa-chat" (for 30 days after the last word), sessionStorage "loa-chat-tab" what is typed
 * and not yet sent and whether the chat is open. A page whose citizen is logged in at the portal says so with
 *   loaChat.session("SESSION-TOKEN")
 * and is asked for a new one by the event "loa-chat-session" on document; such a token is kept in memory only.
 *
 * Old syntax on purpose: it runs on phones whose browser has not been updated for years. What is read is the protocol
 * of bot/api/chat_api.c; the text of a line becomes text on the page, never markup.
 */
(function () {
  "use strict";
  if (window.loaChat) return;

  // ---- every text a person reads ----

  var T = {
    open: "Hỏi đáp",
    unread: function (n) { return n + " tin chưa đọc"; },
    title: "Hỏi đáp dịch vụ công",
    close: "Đóng khung hỏi đáp",
    clear: "Xoá cuộc trò chuyện khỏi máy này",
    clear_sure: "Xoá cuộc trò chuyện khỏi máy này? Lần sau anh/chị sẽ bắt đầu cuộc trò chuyện mới.",
    log: "Nội dung trao đổi",
    field: "Câu hỏi của anh/chị",
    hint: "Nhập câu hỏi…",
    send: "Gửi",
    left: function (n) { return "Còn " + n + " chữ"; },
    connecting: "Đang kết nối…",
    lost: "Mất kết nối, đang nối lại. Tin anh/chị viết được giữ lại và gửi sau.",
    slow: "Anh/chị gửi hơi nhanh, tin sẽ được gửi tiếp sau giây lát.",
    later: "Hệ thống đang bận, tin sẽ được gửi lại.",
    officer: function (name) { return name ? "Anh/chị đang trao đổi với cán bộ " + name : "Anh/chị đang trao đổi với cán bộ"; },
    wait: "Cán bộ sẽ trả lời anh/chị tại đây",
    expired: "Phiên đăng nhập đã hết hạn. Anh/chị có thể hỏi tiếp, hoặc đăng nhập lại để xem hồ sơ của mình.",
    who: { c: "Anh/chị", b: "Trợ lý", o: "Cán bộ", s: "Thông báo" },
    waiting: "Đang gửi", sent: "Đã gửi", answered: "Đã trả lời", failed: "Không gửi được",
    typing: "đang trả lời",
    new_tab: " (mở trong thẻ mới)",
    too_old: "Trình duyệt này quá cũ để dùng khung hỏi đáp. Vui lòng gọi tổng đài hoặc dùng trình duyệt mới hơn."
  };

  var TEXT_MAX = 1300, TEXT_NEAR = 1000; // letters: 4096 bytes whatever they are
  var RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 30000, OPEN_LIMIT_MS = 15000, BUSY_MS = 3000;
  var TYPING_MS = 3000, ANSWER_LIMIT_MS = 15000, KEEP_MS = 30 * 86400000, AWAKE_MS = 86400000;

  var script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  var base = script.src.replace(/\/widget\.js.*$/, "");
  var unit = script.getAttribute("data-unit") || "", full = script.hasAttribute("data-full");
  var keep = script.getAttribute("data-keep") !== "no";

  // ---- what the browser keeps ----

  function read(store, key) {
    try { return JSON.parse(window[store].getItem(key)) || {}; } catch (e) { return {}; } // forbidden, or not ours
  }

  function write(store, key, value) {
    try {
      if (value) window[store].setItem(key, JSON.stringify(value));
      else window[store].removeItem(key);
    } catch (e) { /* then it lives as long as the page */ }
  }

  var STORE = keep ? "localStorage" : "sessionStorage";
  var kept = read(STORE, "loa-chat"), tab = read("sessionStorage", "loa-chat-tab");
  var now = function () { return new Date().getTime(); };
  if (kept.token && now() - kept.at > KEEP_MS) kept = {};

  var session = "", epoch = "", offset = 0;
  var queue = tab.queue || []; // said and not yet durable: { id, type, text | payload, title }
  var lines = {};              // seq -> element
  var socket = null, ready = false, retries = 0, timer = null, send_timer = null, asked = false;
  var open = false, unread = 0, talk = "bot", here = true, office = "", officer = "";

  function remember() {
    write("sessionStorage", "loa-chat-tab", { queue: queue, draft: ui.field.value, open: open });
  }

  function remember_token() {
    if (kept.token) write(STORE, "loa-chat", { token: kept.token, at: now() });
  }

  // ---- elements ----

  function make(tag, name, text, attributes) {
    var e = document.createElement(tag), key;
    if (name) e.className = "loa-" + name.replace(/ /g, " loa-");
    if (text) e.appendChild(document.createTextNode(text)); // text, never markup
    for (key in attributes || {}) e.setAttribute(key, attributes[key]);
    return e;
  }

  function put(parent) {
    for (var i = 1; i < arguments.length; i++) if (arguments[i]) parent.appendChild(arguments[i]);
    return parent;
  }

  function drop(e) { if (e && e.parentNode) e.parentNode.removeChild(e); }

  function set_text(e, text) { if (e.textContent !== text) e.textContent = text; }

  function icon(path) {
    var NS = "http://www.w3.org/2000/svg", svg = document.createElementNS(NS, "svg"), p = document.createElementNS(NS, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("focusable", "false");
    p.setAttribute("d", path);
    svg.appendChild(p);
    return svg;
  }

  var BUBBLE = "M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
  var CROSS = "M6 4.6 12 10.6 18 4.6 19.4 6 13.4 12 19.4 18 18 19.4 12 13.4 6 19.4 4.6 18 10.6 12 4.6 6z";
  var BIN = "M9 3h6l1 2h4v2H4V5h4zM6 8h12l-1 13H7zm3 2v9h2v-9zm4 0v9h2v-9z";
  var ARROW = "M3 20.5 21 12 3 3.5 3 10 15 12 3 14z";

  var ui = {};

  function build() {
    var host = document.createElement("div");
    var root = host.attachShadow ? host.attachShadow({ mode: "open" }) : host;
    var style = make("link", "", "", { rel: "stylesheet", href: base + "/widget.css" });
    host.className = "loa-host";
    host.style.display = "none"; // until it has its style
    style.onload = style.onerror = function () { host.style.display = ""; };

    ui.host = host;
    ui.root = root;
    ui.launch = make("button", "launch", "", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" });
    ui.badge = make("span", "badge", "", { hidden: "" });
    put(ui.launch, icon(BUBBLE), make("span", "", T.open), ui.badge);

    ui.panel = make("section", "panel" + (full ? " full" : ""), "", { role: full ? "region" : "dialog", "aria-labelledby": "loa-title",
      tabindex: "-1", lang: "vi", hidden: "" });
    ui.title = make("h2", "title", T.title, { id: "loa-title" });
    ui.state = make("p", "state", T.connecting, { role: "status" });
    ui.clear = make("button", "tool", "", { type: "button", "aria-label": T.clear, title: T.clear });
    ui.close = make("button", "tool", "", { type: "button", "aria-label": T.close, title: T.close });
    ui.log = make("div", "log", "", { role: "log", "aria-live": "polite", "aria-label": T.log, tabindex: "0" });
    ui.typing = put(make("div", "typing", "", { "aria-hidden": "true", hidden: "" }), make("i"), make("i"), make("i"));
    ui.notice = make("p", "notice", "", { role: "status" });
    ui.form = make("form", "form");
    ui.field = make("textarea", "field", "", { id: "loa-field", rows: "1", maxlength: String(TEXT_MAX), placeholder: T.hint,
      "aria-describedby": "loa-left", enterkeyhint: "send", autocomplete: "off" });
    ui.left = make("span", "left", "", { id: "loa-left" });
    ui.send = make("button", "send", "", { type: "submit", "aria-label": T.send, title: T.send });

    put(ui.clear, icon(BIN));
    put(ui.close, icon(CROSS));
    put(ui.send, icon(ARROW));
    put(ui.form, make("label", "hidden", T.field, { "for": "loa-field" }), ui.field, ui.send, ui.left);
    put(ui.panel, put(make("header", "head"), put(make("div", "names"), ui.title, ui.state), ui.clear, full ? null : ui.close),
      ui.log, ui.typing, ui.notice, ui.form);
    put(root, style, full ? null : ui.launch, ui.panel);
    document.body.appendChild(host);
    listen();
  }

  // ---- one line ----

  function two(n) { return (n < 10 ? "0" : "") + n; }

  // Vietnam has one time zone and no summer time.
  function when(ms) {
    var d = new Date(ms + 25200000), today = new Date(now() + 25200000);
    var clock = two(d.getUTCHours()) + ":" + two(d.getUTCMinutes());
    return d.toISOString().slice(0, 10) === today.toISOString().slice(0, 10) ? clock
      : clock + " " + two(d.getUTCDate()) + "/" + two(d.getUTCMonth() + 1);
  }

  // Signs that turn the direction of everything behind them are left out.
  function plain(text) { return String(text).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ""); }

  function link(title, url, name) {
    var away = /^https?:/i.test(url);
    return put(make("a", name, plain(title), away ? { href: url, target: "_blank", rel: "noopener noreferrer" } : { href: url }),
      away ? make("span", "hidden", T.new_tab) : null);
  }

  // The addresses in an answer can be followed; nothing else in it means anything.
  function write_text(box, text, links) {
    var parts = links ? plain(text).split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])/) : [plain(text)];
    for (var i = 0; i < parts.length; i++)
      put(box, i % 2 ? link(parts[i], parts[i], "") : document.createTextNode(parts[i]));
  }

  function tap_button(title, frame) {
    var b = make("button", "choice", plain(title), { type: "button" });
    b.onclick = function () {
      say(frame);
      ui.field.focus();
    };
    return b;
  }

  function choice(b) {
    if (/^https?:\/\//i.test(b.url || "")) return link(b.title, b.url, "choice");
    if (/^\+?[0-9 .()-]{3,20}$/.test(b.phone || "")) return link(b.title, "tel:" + b.phone.replace(/[^+0-9]/g, ""), "choice");
    return b.payload ? tap_button(b.title, { type: "tap", payload: b.payload, title: b.title }) : null;
  }

  function write_choices(row, line) {
    var list = line.buttons || [];
    for (var i = 0; i < list.length; i++) put(row, choice(list[i]));
  }

  function line_element(line) {
    var e = make("div", "line from-" + line.from), box = make("div", "text"), row = make("div", "choices");
    var name = line.from === "o" && line.officer ? T.who.o + " " + plain(line.officer) : T.who[line.from] || T.who.s;
    write_text(box, line.text || "", line.from === "b" || line.from === "o");
    write_choices(row, line);
    put(e, make("span", line.from === "o" ? "name" : "hidden", name + (line.from === "o" ? "" : ": ")), box,
      row.firstChild ? row : null);
    e.meta = make("span", "meta");
    if (line.at) put(e.meta, make("time", "", when(line.at), { datetime: new Date(line.at).toISOString() }));
    e.tick = make("span", "tick");
    return put(e, put(e.meta, line.from === "c" ? e.tick : null));
  }

  function set_tick(e, state) {
    if (e.state === state) return;
    e.state = state;
    e.tick.textContent = "";
    put(e.tick, make("span", "mark-" + state, { waiting: "…", sent: "✓", answered: "✓✓", failed: "!" }[state], { "aria-hidden": "true" }),
      make("span", state === "failed" ? "" : "hidden", " " + T[state]));
    e.tick.title = T[state];
  }

  function at_end() { return ui.log.scrollHeight - ui.log.scrollTop - ui.log.clientHeight < 80; }

  function to_end() { ui.log.scrollTop = ui.log.scrollHeight; }

  // A long answer is read from its beginning.
  function to_line(e) {
    to_end();
    var above = ui.log.getBoundingClientRect().top + 8 - e.getBoundingClientRect().top;
    if (above > 0) ui.log.scrollTop -= above;
  }

  // In the order of their numbers; what has none yet comes last.
  function place(e, seq) {
    var before = null, list = ui.log.children;
    for (var i = list.length; i-- > 0;) {
      if (list[i].seq && (!seq || list[i].seq < seq)) break;
      if (seq && list[i] !== e) before = list[i];
      else if (!seq) break;
    }
    e.seq = seq;
    if (e.parentNode !== ui.log || e.nextSibling !== before) ui.log.insertBefore(e, before);
    if (seq) lines[seq] = e;
  }

  function mark_answered(seq) {
    for (var i in lines) if (Number(i) < seq && lines[i].state) set_tick(lines[i], "answered");
  }

  function show_line(line) {
    var stay = !at_end() && line.from !== "c", known = lines[line.seq]; // who reads above is not torn away
    if (line.seq > offset) offset = line.seq;
    if (known) return;
    var e = line_element(line);
    place(e, line.seq);
    if (line.from === "c") {
      set_tick(e, "sent");
    } else {
      mark_answered(line.seq);
      set_typing(false);
      if (!open && !history) count(unread + 1);
    }
    if (!stay && history) to_end();
    else if (!stay) to_line(e);
  }

  function show_welcome(line) {
    if (ui.welcome || !line) return;
    ui.welcome = line_element(line);
    ui.log.insertBefore(ui.welcome, ui.log.firstChild);
    ui.welcome.seq = 0.5; // stays above all
  }

  function forget_lines() {
    for (var i in lines) drop(lines[i]);
    lines = {};
    offset = 0;
    drop(ui.welcome);
    ui.welcome = null;
  }

  // ---- what is said about the chat ----

  function count(n) {
    unread = n;
    ui.badge.hidden = !n;
    set_text(ui.badge, n ? String(n) : "");
    ui.launch.setAttribute("aria-label", n ? T.open + ", " + T.unread(n) : T.open);
  }

  function show_state() {
    set_text(ui.state, !ready ? (retries ? T.lost : T.connecting)
      : talk === "officer" ? T.officer(plain(officer)) : talk === "wait" && here ? T.wait : office);
    ui.state.className = "loa-state" + (ready ? "" : " loa-lost");
  }

  function tell(text) { set_text(ui.notice, text); }

  var typing_timer = null;
  function set_typing(on, limit_ms) {
    clearTimeout(typing_timer);
    ui.typing.hidden = !on;
    if (on) {
      if (at_end()) setTimeout(to_end, 0);
      typing_timer = setTimeout(function () { set_typing(false); }, limit_ms);
    }
  }

  // A screen reader reads what comes, not what was.
  var history = false, history_timer = null;
  function set_history(on) {
    history = on;
    ui.log.setAttribute("aria-live", on ? "off" : "polite");
    clearTimeout(history_timer);
    if (on) history_timer = setTimeout(function () { set_history(false); }, 500);
  }

  // ---- saying ----

  function fresh_id() {
    var s = "", letters = "abcdefghijklmnopqrstuvwxyz0123456789", bytes = [], i;
    if (window.crypto && crypto.getRandomValues) bytes = crypto.getRandomValues(new Uint8Array(16));
    for (i = 0; i < 16; i++) s += letters.charAt((bytes[i] !== undefined ? bytes[i] : Math.random() * 256) % 36);
    return s;
  }

  function show_queued(frame) {
    var e = line_element({ from: "c", at: frame.at, text: frame.text || frame.title || "" });
    place(e, 0);
    set_tick(e, "waiting");
    frame.element = e;
    to_end();
  }

  function bare(frame) {
    var out = {}, key;
    for (key in frame) if (key !== "element") out[key] = frame[key];
    return out;
  }

  function say(frame) {
    frame.id = fresh_id();
    frame.at = now();
    show_queued(frame);
    queue.push(bare(frame));
    queue[queue.length - 1].element = frame.element;
    remember_queue();
    pump();
    if (!socket && !timer) connect();
  }

  function remember_queue() {
    var elements = [], i;
    for (i = 0; i < queue.length; i++) { elements[i] = queue[i].element; delete queue[i].element; }
    remember();
    for (i = 0; i < queue.length; i++) queue[i].element = elements[i];
  }

  // One at a time: so nothing overtakes, and a line that was refused for now is simply said again, with its id.
  function pump() {
    if (!ready || asked || !queue.length) return;
    clearTimeout(send_timer);
    asked = true;
    var frame = bare(queue[0]);
    delete frame.at;
    socket.send(JSON.stringify(frame));
  }

  function pump_later(ms) {
    asked = false;
    clearTimeout(send_timer);
    send_timer = setTimeout(pump, ms);
  }

  function first_is(id) { return queue.length && queue[0].id === id; }

  function acked(m) {
    if (!first_is(m.id)) return;
    var e = queue.shift().element;
    asked = false;
    tell("");
    if (m.seq > 0 && lines[m.seq]) drop(e);
    else if (m.seq > 0) {
      if (m.seq === offset + 1) offset = m.seq;
      place(e, m.seq);
    }
    set_tick(e, "sent");
    if (talk === "bot") set_typing(true, ANSWER_LIMIT_MS);
    remember_token();
    remember_queue();
    pump();
  }

  function refused(m) {
    if (!first_is(m.id)) return;
    set_tick(queue.shift().element, "failed");
    asked = false;
    remember_queue();
    pump();
  }

  // ---- the socket ----

  function stop() {
    var old = socket;
    socket = null;
    ready = asked = false;
    clearTimeout(timer);
    clearTimeout(send_timer);
    timer = null;
    if (old) old.close();
  }

  function retry() {
    stop();
    var wait = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * Math.pow(2, retries++));
    show_state();
    timer = setTimeout(connect, wait * (0.5 + Math.random() / 2)); // not all pages of a province in the same instant
  }

  function take_state(m) {
    epoch = m.epoch;
    talk = m.talk;
    officer = m.officer || "";
    show_state();
  }

  var hears = {
    ready: function (m) {
      retries = 0;
      ready = true;
      if (m.token) kept.token = m.token;
      remember_token();
      if (m.reload) forget_lines();
      set_history(m.offset > offset);
      office = m.office || "";
      here = m.open !== false;
      set_text(ui.title, m.title || T.title);
      take_state(m);
      show_welcome(m.welcome);
      pump();
    },
    line: show_line,
    ack: acked,
    state: take_state,
    reload: function (m) {
      forget_lines();
      set_history(true);
      take_state(m);
    },
    slow: function (m) {
      tell(T.slow);
      pump_later(m.wait_ms + 100);
    },
    typing: function () { set_typing(true, TYPING_MS + 1500); },
    error: function (m) {
      if (m.code === "unavailable") {
        tell(T.later);
        pump_later(BUSY_MS);
      } else if (m.code === "bad_token") {
        kept = {};
        start_anew();
      } else if (m.code === "bad_session" || m.code === "session_expired") {
        session = "";
        start_anew();
        tell(T.expired);
        document.dispatchEvent(new_event("loa-chat-session"));
      } else {
        tell(m.text || "");
        if (m.id) refused(m);
      }
    }
  };

  function new_event(name) {
    var e = document.createEvent("Event");
    e.initEvent(name, true, false);
    return e;
  }

  function connect() {
    stop();
    if (!window.WebSocket) {
      set_text(ui.state, T.too_old);
      return;
    }
    var s = new WebSocket(base.replace(/^http/, "ws") + "/chat");
    socket = s;
    show_state();
    timer = setTimeout(function () { if (socket === s && !ready) retry(); }, OPEN_LIMIT_MS);
    s.onopen = function () {
      var hello = { type: "hello", epoch: epoch, offset: offset, unit: unit };
      if (session) hello.session = session;
      else if (kept.token) hello.token = kept.token;
      s.send(JSON.stringify(hello));
    };
    s.onmessage = function (e) {
      var m = JSON.parse(e.data);
      if (socket === s && hears.hasOwnProperty(m.type)) hears[m.type](m);
    };
    s.onclose = function () { if (socket === s) retry(); };
  }

  function start_anew() {
    epoch = "";
    forget_lines();
    connect();
  }

  function connect_now() {
    if ((open || kept.token) && (!socket || socket.readyState > 1)) {
      retries = 0;
      connect();
    }
  }

  // ---- opening, closing, typing ----

  // On a phone the chat covers the page: then the keyboard must not wander behind it.
  function covers() { return full || window.innerWidth < 560; }

  function set_open(on, by_hand) {
    if (full && !on) return;
    open = on;
    ui.panel.hidden = !on;
    ui.launch.hidden = on;
    ui.launch.setAttribute("aria-expanded", String(on));
    if (!full) ui.panel.setAttribute("aria-modal", String(on && covers()));
    if (on) {
      count(0);
      if (!socket && !timer) connect();
      to_end();
      if (by_hand) (window.matchMedia && matchMedia("(pointer: coarse)").matches ? ui.panel : ui.field).focus();
    } else if (by_hand) {
      ui.launch.focus();
    }
    remember_queue();
  }

  function stay_inside(e) {
    var all = ui.panel.querySelectorAll("button:not([disabled]), a[href], textarea, [tabindex='0']");
    var first = all[0], last = all[all.length - 1];
    var at = ui.root.activeElement || document.activeElement;
    if (e.shiftKey && (at === first || at === ui.panel)) last.focus();
    else if (!e.shiftKey && at === last) first.focus();
    else return;
    e.preventDefault();
  }

  function grow() {
    var left = TEXT_MAX - ui.field.value.length;
    ui.field.style.height = "auto";
    ui.field.style.height = Math.min(ui.field.scrollHeight + 2, 132) + "px";
    set_text(ui.left, ui.field.value.length > TEXT_NEAR ? T.left(left) : "");
    ui.send.disabled = !ui.field.value.trim();
  }

  function submit(e) {
    if (e) e.preventDefault();
    var text = ui.field.value.trim();
    if (!text) return;
    ui.field.value = "";
    grow();
    say({ type: "say", text: text });
  }

  var typed_at = 0;
  function typed() {
    grow();
    if (ready && talk !== "bot" && now() - typed_at > TYPING_MS) {
      typed_at = now();
      socket.send('{"type":"typing"}');
    }
  }

  function key(e) {
    if (e.keyCode === 27 && !full) set_open(false, true);
    else if (e.keyCode === 9 && !full && covers()) stay_inside(e);
  }

  // 229: a Vietnamese keyboard is still composing the letter.
  function field_key(e) {
    if (e.keyCode === 13 && !e.shiftKey && !e.isComposing && e.keyCode !== 229) submit(e);
  }

  function forget_all() {
    if (!window.confirm(T.clear_sure)) return;
    write(STORE, "loa-chat", null);
    kept = {};
    session = "";
    while (queue.length) drop(queue.shift().element);
    ui.field.value = "";
    grow();
    start_anew();
    remember_queue();
    ui.field.focus();
  }

  // The keyboard of a phone takes the lower half of the page: the chat makes do with the rest.
  function fit() {
    var view = window.visualViewport, on = view && covers() && open;
    ui.panel.style.height = on ? view.height + "px" : "";
    ui.panel.style.top = on ? view.offsetTop + "px" : "";
    if (on) to_end();
  }

  function listen() {
    ui.launch.onclick = function () { set_open(true, true); };
    ui.close.onclick = function () { set_open(false, true); };
    ui.clear.onclick = forget_all;
    ui.form.onsubmit = submit;
    ui.field.oninput = typed;
    ui.field.onkeydown = field_key;
    ui.field.onchange = remember_queue;
    ui.panel.onkeydown = key;
    window.addEventListener("pagehide", function () { if (open || queue.length) remember_queue(); });
    window.addEventListener("online", connect_now);
    window.addEventListener("offline", function () { if (socket) retry(); });
    document.addEventListener("visibilitychange", function () { if (!document.hidden) connect_now(); });
    if (window.visualViewport) visualViewport.addEventListener("resize", fit);
  }

  function begin() {
    build();
    count(0);
    ui.field.value = tab.draft || "";
    for (var i = 0; i < queue.length; i++) show_queued(queue[i]);
    if (full || tab.open) set_open(true, false);
    else if (queue.length || (kept.token && now() - kept.at < AWAKE_MS)) connect(); // so that an answer shows on the button
    grow();
  }

  window.loaChat = {
    open: function () { set_open(true, true); },
    close: function () { set_open(false, true); },
    session: function (token) {
      if (token === session) return;
      session = token || "";
      if (socket || timer || open) start_anew();
    }
  };

  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
