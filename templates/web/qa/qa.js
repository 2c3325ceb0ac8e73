// Public questions and answers: reads GET /v1/qa, page by page. Written for old phones: no newer syntax.
(function () {
  "use strict";
  var list = document.getElementById("list"), state = document.getElementById("state"), more = document.getElementById("more");
  var words = document.getElementById("q"), after = "", asked = 0;

  function add(kind, name, text, parent) {
    var e = document.createElement(kind);
    if (name) e.className = name;
    e.textContent = text;
    parent.appendChild(e);
    return e;
  }

  function day(text) {
    return text.slice(8, 10) + "/" + text.slice(5, 7) + "/" + text.slice(0, 4);
  }

  function show(page, first) {
    var i, item, li;
    if (first) list.textContent = "";
    for (i = 0; i < page.items.length; i++) {
      item = page.items[i];
      li = add("li", "", "", list);
      add("h2", "", item.question, li);
      add("p", "answer", item.answer, li);
      add("p", "meta", (item.unit_name ? item.unit_name + ", " : "") + day(item.published), li);
    }
    after = page.after || "";
    more.hidden = !after;
    state.textContent = list.children.length ? list.children.length + " câu" + (after ? ", còn nữa" : "") : "Chưa có câu nào như vậy.";
  }

  function load(first) {
    var call = new XMLHttpRequest(), mine = ++asked;
    call.open("GET", "v1/qa?limit=20&q=" + encodeURIComponent(words.value) + (first ? "" : "&after=" + encodeURIComponent(after)));
    call.onload = function () {
      if (mine !== asked) return;
      if (call.status === 200) show(JSON.parse(call.responseText), first);
      else state.textContent = "Chưa tải được. Anh/chị vui lòng thử lại sau ít phút.";
    };
    call.onerror = function () { state.textContent = "Mất kết nối mạng. Anh/chị vui lòng thử lại."; };
    call.send();
  }

  document.getElementById("search").addEventListener("submit", function (e) { e.preventDefault(); load(true); });
  more.addEventListener("click", function () { load(false); });
  load(true);
})();
