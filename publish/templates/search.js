// Filters the cards by words and by body, shows long lists a part at a time, marks data whose update is due. No network.
(function () {
  "use strict";
  var STEP = 60;
  var box = document.getElementById("q");
  var body = document.getElementById("body");
  var cards = Array.prototype.slice.call(document.querySelectorAll(".card"));
  var groups = Array.prototype.slice.call(document.querySelectorAll(".body-group"));
  var chips = Array.prototype.slice.call(document.querySelectorAll(".chip"));
  var found = document.getElementById("found");
  var nothing = document.getElementById("nothing");
  var more = document.getElementById("more");
  var code = "";
  var limit = STEP;

  function fold(text) {
    return text.normalize("NFKC").toLowerCase();
  }
  var entries = cards.map(function (card) {
    var group = card.closest(".body-group");
    return { card: card, group: group, code: group.dataset.code, text: fold(card.dataset.search) };
  });

  function show() {
    var words = fold(box.value).split(/\s+/).filter(Boolean);
    var filtered = words.length > 0 || code !== "";
    var count = 0;
    groups.forEach(function (group) { group.hidden = true; });
    entries.forEach(function (entry) {
      var here = (!code || entry.code === code) &&
        words.every(function (word) { return entry.text.indexOf(word) !== -1; });
      count += here ? 1 : 0;
      entry.card.hidden = !here || count > limit;
      if (!entry.card.hidden) { entry.group.hidden = false; }
    });
    found.textContent = filtered ? count.toLocaleString("ja") + "件のデータセットが見つかりました" : "";
    nothing.hidden = count > 0 || cards.length === 0;
    more.hidden = count <= limit;
    more.querySelector("button").textContent =
      "さらに表示(残り" + (count - limit).toLocaleString("ja") + "件)";
  }

  function restart() {
    limit = STEP;
    show();
  }

  box.addEventListener("input", restart);
  more.querySelector("button").addEventListener("click", function () {
    limit += STEP;
    show();
  });
  if (body) {
    body.addEventListener("change", function () {
      code = body.value;
      restart();
    });
  }
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      code = chip.dataset.code;
      chips.forEach(function (other) { other.setAttribute("aria-pressed", String(other === chip)); });
      restart();
    });
  });
  window.addEventListener("beforeprint", function () {
    limit = cards.length;
    show();
  });
  var today = new Date().toISOString().slice(0, 10);
  cards.forEach(function (card) {
    if (card.dataset.due && card.dataset.due < today) {
      card.querySelector(".due").hidden = false;
    }
  });
  show();
})();
