// Filters the cards by words and by body, and marks data whose next update is due. No network.
(function () {
  "use strict";
  var box = document.getElementById("q");
  var cards = Array.prototype.slice.call(document.querySelectorAll(".card"));
  var groups = Array.prototype.slice.call(document.querySelectorAll(".body-group"));
  var chips = Array.prototype.slice.call(document.querySelectorAll(".chip"));
  var found = document.getElementById("found");
  var nothing = document.getElementById("nothing");
  var code = "";

  function fold(text) {
    return text.normalize("NFKC").toLowerCase();
  }
  var texts = cards.map(function (card) { return fold(card.dataset.search); });

  function show() {
    var words = fold(box.value).split(/\s+/).filter(Boolean);
    var count = 0;
    cards.forEach(function (card, i) {
      var here = (!code || card.closest(".body-group").dataset.code === code) &&
        words.every(function (word) { return texts[i].indexOf(word) !== -1; });
      card.hidden = !here;
      count += here ? 1 : 0;
    });
    groups.forEach(function (group) {
      group.hidden = !group.querySelector(".card:not([hidden])");
    });
    found.textContent = words.length || code ? count + "件のデータセットが見つかりました" : "";
    nothing.hidden = count > 0 || cards.length === 0;
  }

  box.addEventListener("input", show);
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      code = chip.dataset.code;
      chips.forEach(function (other) { other.setAttribute("aria-pressed", String(other === chip)); });
      show();
    });
  });
  var today = new Date().toISOString().slice(0, 10);
  cards.forEach(function (card) {
    if (card.dataset.due && card.dataset.due < today) {
      card.querySelector(".due").hidden = false;
    }
  });
})();
