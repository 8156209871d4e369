"use strict";
(function () {
  const root = document.documentElement, button = document.getElementById("theme");
  const words = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
  let theme = root.dataset.theme || "auto";
  button.hidden = false;
  function show() {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    button.textContent = words[theme];
  }
  button.addEventListener("click", function () {
    theme = { auto: "light", light: "dark", dark: "auto" }[theme];
    show();
  });
  show();

  // "< 0.001" sorts below 0.001, and "–" or text without a number after all numbers.
  function value(text) {
    const found = text.replace(/−/g, "-").match(/-?\d[\d.]*/);
    if (!found) return null;
    return parseFloat(found[0]) - (/^\s*</.test(text) ? 1e-9 : 0);
  }
  function compare(a, b, text) {
    if (text) return a.localeCompare(b);
    const x = value(a), y = value(b);
    if (x === null || y === null) return (x === null) - (y === null);
    return x - y;
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    const body = table.tBodies[0], original = Array.from(body.rows);
    table.querySelectorAll("th").forEach(function (head, column) {
      const sorter = document.createElement("button");
      sorter.type = "button";
      sorter.textContent = head.textContent;
      head.replaceChildren(sorter);
      sorter.addEventListener("click", function () {
        const now = head.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        let rows = original.slice();
        if (next) {
          head.setAttribute("aria-sort", next);
          const text = column === 0 || head.classList.contains("text");
          rows.sort(function (a, b) {
            return compare(a.cells[column].textContent, b.cells[column].textContent, text);
          });
          if (next === "descending") rows.reverse();
        }
        body.replaceChildren.apply(body, rows);
      });
    });
  });
})();
