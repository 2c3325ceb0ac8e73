/*
 * The citizen's portal inbox. Old syntax on purpose: it runs on phones whose browser has not been updated for years.
 *
 * The session token comes from the portal, in the address (#token=…) or from the page this one is embedded in:
 *   frame.contentWindow.postMessage({ type: "loa:token", token: "…" }, "https://host of loa")
 * We ask that page for one with { type: "loa:token-wanted" }. It is kept in memory only.
 */
(function () {
  "use strict";

  var PAGE = 50, RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 30000, POLL_MS = 30000, ASK_MS = 15000;
  var here = location.pathname.replace(/\/portal\/inbox\/?$/, "");
  var token = "", epoch = "", offset = 0, oldest = 0;
  var notices = {};         // id -> { data, item, mark, text, open }
  var socket = null, retries = 0, timer = null;

  function id(name) { return document.getElementById(name); }

  function make(tag, className, text) {
    var e = document.createElement(tag);
    if (className) e.className = className;
    if (text) e.appendChild(document.createTextNode(text)); // text, never markup
    return e;
  }

  // ---- what the page says about itself ----

  function say(kind, text) {
    var state = id("state");
    state.className = kind;
    if (state.textContent !== text) state.textContent = text;
  }

  function lost() { say("lost", "Đã mất kết nối, đang nối lại…"); }

  function logged_out(text) {
    token = "";
    stop();
    say("over", text);
    ask_parent();
  }

  function count() {
    var n = 0, any = false, key;
    for (key in notices) {
      any = true;
      if (!notices[key].data.read) n++;
    }
    id("unread").textContent = n ? n + " tin chưa đọc" : "";
    document.title = (n ? "(" + n + ") " : "") + "Thông báo của tôi";
    id("empty").hidden = any;
  }

  // ---- one notice ----

  function two(n) { return (n < 10 ? "0" : "") + n; }

  // Vietnam has one time zone and no summer time.
  function day(ms) { return Math.floor((ms + 7 * 3600000) / 86400000); }

  function when(ms) {
    var d = new Date(ms + 7 * 3600000);
    var clock = two(d.getUTCHours()) + ":" + two(d.getUTCMinutes());
    var ago = day(new Date().getTime()) - day(ms);
    if (ago === 0) return "Hôm nay, " + clock;
    if (ago === 1) return "Hôm qua, " + clock;
    return two(d.getUTCDate()) + "/" + two(d.getUTCMonth() + 1) + "/" + d.getUTCFullYear() + ", " + clock;
  }

  // Lines "Label: value" become a table of facts, the rest stays text.
  function write_body(box, text) {
    var blocks = text.split(/\n\s*\n/);
    for (var b = 0; b < blocks.length; b++) {
      var lines = blocks[b].split("\n"), facts = null, said = [];
      for (var i = 0; i < lines.length; i++) {
        var m = /^([^:.]{2,30}): (.+)$/.exec(lines[i]);
        if (m && lines.length > 1) {
          facts = facts || make("dl");
          facts.appendChild(make("dt", "", m[1]));
          facts.appendChild(make("dd", "", m[2]));
        } else if (lines[i]) {
          said.push(lines[i]);
        }
      }
      if (said.length) box.appendChild(make("p", "", said.join("\n")));
      if (facts) box.appendChild(facts);
    }
  }

  function write_links(box, buttons) {
    var row = make("p", "links");
    for (var i = 0; i < buttons.length; i++) {
      if (!/^(https?:\/\/|tel:)/i.test(buttons[i].url || "")) continue;
      var a = make("a", "", buttons[i].title);
      a.href = buttons[i].url;
      a.target = "_blank";
      a.rel = "noopener noreferrer";
      row.appendChild(a);
      row.appendChild(document.createTextNode(" "));
    }
    if (row.firstChild) box.appendChild(row);
  }

  function show_read(n) {
    n.data.read = true;
    n.item.className = "";
    if (n.mark.parentNode) n.mark.parentNode.removeChild(n.mark);
    count();
  }

  function tell_read(n) {
    if (socket && socket.readyState === 1) {
      socket.send(JSON.stringify({ type: "read", id: n.data.id }));
      n.untold = false;
    } else {
      n.untold = true; // told once we are connected again
    }
  }

  function toggle(n) {
    var opened = n.text.hidden;
    n.text.hidden = !opened;
    n.open.setAttribute("aria-expanded", opened ? "true" : "false");
    if (opened && !n.data.read) {
      show_read(n);
      tell_read(n);
    }
  }

  function build(data) {
    var n = { data: data, item: make("li", data.read ? "" : "unread"), open: make("button", "open"), text: make("div", "text") };
    var meta = make("span", "meta"), time = make("time", "", when(data.at));
    n.mark = make("span", "mark", "Chưa đọc");
    time.setAttribute("datetime", new Date(data.at).toISOString());
    n.text.id = "text-" + data.id;
    n.text.hidden = true;
    n.open.type = "button";
    n.open.setAttribute("aria-expanded", "false");
    n.open.setAttribute("aria-controls", n.text.id);
    n.open.onclick = function () { toggle(n); };
    if (!data.read) meta.appendChild(n.mark);
    meta.appendChild(time);
    n.item.setAttribute("data-code", data.code || "");
    if (data.code && data.code !== "-" && data.title.indexOf(data.code) < 0) meta.appendChild(make("span", "", "Hồ sơ " + data.code));
    n.open.appendChild(make("span", "title", data.title));
    n.open.appendChild(meta);
    write_body(n.text, data.body || "");
    write_links(n.text, data.buttons || []);
    n.item.appendChild(n.open);
    n.item.appendChild(n.text);
    return n;
  }

  // Newest first. A notice may come twice, by the list and by the socket.
  function add(data) {
    if (notices[data.id]) return false;
    var n = build(data), list = id("list"), at = list.firstChild;
    while (at && at.offsetOfNotice > data.offset) at = at.nextSibling;
    n.item.offsetOfNotice = data.offset;
    list.insertBefore(n.item, at);
    notices[data.id] = n;
    if (!oldest || data.offset < oldest) oldest = data.offset;
    return true;
  }

  function clear() {
    notices = {};
    oldest = 0;
    id("list").textContent = "";
  }

  // ---- the list ----

  function get(query, done) {
    var x = new XMLHttpRequest();
    x.open("GET", here + "/inbox/notices?limit=" + PAGE + query);
    x.setRequestHeader("Authorization", "Bearer " + token);
    x.timeout = ASK_MS;
    x.onload = function () {
      if (x.status === 200) done(JSON.parse(x.responseText));
      else if (x.status === 401) logged_out("Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại Cổng dịch vụ công.");
      else retry();
    };
    x.onerror = x.ontimeout = retry;
    x.send();
  }

  function add_page(page) {
    for (var i = 0; i < page.items.length; i++) add(page.items[i]);
    id("older").hidden = page.items.length < PAGE || oldest <= 1;
    count();
  }

  // What was open stays open, what was read but not yet told is still told.
  function load(then) {
    get("", function (page) {
      var before = notices, key;
      clear();
      epoch = page.epoch;
      offset = page.offset;
      add_page(page);
      for (key in notices) {
        var old = before[key];
        if (!old) continue;
        if (!old.text.hidden) toggle(notices[key]);
        else if (old.untold) { show_read(notices[key]); tell_read(notices[key]); }
      }
      if (then) then();
    });
  }

  id("older").onclick = function () {
    get("&before=" + oldest, function (page) {
      var last = id("list").lastChild;
      add_page(page);
      if (last && last.nextSibling) last.nextSibling.firstChild.focus();
    });
  };

  // ---- the socket ----

  function stop() {
    var old = socket;
    socket = null;
    clearTimeout(timer);
    timer = null;
    if (old) old.close();
  }

  function retry() {
    if (!token) return;
    stop();
    lost();
    var wait = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * Math.pow(2, retries++));
    timer = setTimeout(connect, wait * (0.5 + Math.random() / 2)); // not all of a province in the same instant
  }

  function heard(m) {
    if (m.type === "ready") {
      retries = 0;
      epoch = m.epoch;
      say("live", "Đang nhận thông báo trực tiếp");
      for (var key in notices) if (notices[key].untold) tell_read(notices[key]);
    } else if (m.type === "notice") {
      offset = Math.max(offset, m.offset);
      if (add(m)) id("news").textContent = "Thông báo mới: " + m.title;
      count();
    } else if (m.type === "read") {
      if (notices[m.id] && !notices[m.id].data.read) show_read(notices[m.id]);
    } else if (m.type === "reload") {
      retries = 0;
      load(function () { say("live", "Đang nhận thông báo trực tiếp"); });
    } else if (m.type === "error") {
      if (m.code === "bad_session" || m.code === "session_expired") logged_out(m.detail_vi);
    }
  }

  function connect() {
    stop();
    if (!token) return;
    if (!epoch) {
      load(connect);
      return;
    }
    if (!window.WebSocket) { // very old browsers ask now and then
      say("live", "Tự kiểm tra thông báo mới mỗi 30 giây");
      timer = setTimeout(function () { load(connect); }, POLL_MS);
      return;
    }
    var s = new WebSocket(location.protocol.replace("http", "ws") + "//" + location.host + here + "/inbox");
    socket = s;
    timer = setTimeout(function () { if (socket === s && s.readyState !== 1) retry(); }, ASK_MS);
    s.onopen = function () { s.send(JSON.stringify({ type: "hello", token: token, epoch: epoch, offset: offset })); };
    s.onmessage = function (e) { if (socket === s) heard(JSON.parse(e.data)); };
    s.onclose = function () { if (socket === s) retry(); };
  }

  function connect_now() {
    if (token && (!socket || socket.readyState > 1)) {
      retries = 0;
      connect();
    }
  }

  // ---- the token ----

  function use_token(fresh) {
    if (!fresh || fresh === token) return;
    token = fresh;
    retries = 0;
    epoch = ""; // perhaps somebody else logged in: nothing of the old list may stay
    offset = 0;
    clear();
    say("", "Đang mở hộp thông báo…");
    connect();
  }

  function ask_parent() {
    if (window.parent !== window) window.parent.postMessage({ type: "loa:token-wanted" }, "*");
  }

  function token_from_address() {
    var m = /[#&]token=([^&]+)/.exec(location.hash);
    if (!m) return;
    if (history.replaceState) history.replaceState(null, "", location.pathname + location.search);
    else location.hash = "";
    use_token(decodeURIComponent(m[1]));
  }

  window.addEventListener("message", function (e) {
    if (e.source === window.parent && e.data && e.data.type === "loa:token") use_token(String(e.data.token));
  });
  window.addEventListener("hashchange", token_from_address);
  window.addEventListener("online", connect_now);
  window.addEventListener("offline", function () { if (token) retry(); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) connect_now(); });

  token_from_address();
  if (!token) {
    say("over", "Ông/Bà cần đăng nhập Cổng dịch vụ công để xem thông báo.");
    ask_parent();
  }
})();
