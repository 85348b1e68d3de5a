"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const form = document.getElementById("filter");
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const rows = [...document.querySelectorAll("table.checks tbody tr")];
  form.hidden = false;
  const show = () => {
    const text = find.value.trim().toLowerCase();
    const status = form.elements.status.value;
    let shown = 0;
    for (const row of rows) {
      const suits = !status || row.dataset.status === status;
      row.hidden = !(suits && row.textContent.toLowerCase().includes(text));
      shown += row.hidden ? 0 : 1;
    }
    found.value = text || status ? `${shown} of ${rows.length} lines` : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());

  const key = (cell) => {
    const number = Number(cell.dataset.sort ?? NaN);
    return Number.isNaN(number) ? cell.textContent.trim().toLowerCase() : number;
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  for (const table of document.querySelectorAll("table.listing")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      if (head.classList.contains("still")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const sorted = [...body.rows].sort((a, b) => compare(key(a.cells[place]), key(b.cells[place])));
        body.append(...(down ? sorted.reverse() : sorted));
      });
    });
  }
})();
