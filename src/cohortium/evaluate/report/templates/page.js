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
  const rows = [...document.querySelectorAll("table.findings tbody tr")];
  form.hidden = false;
  const show = () => {
    const text = find.value.trim().toLowerCase();
    const status = form.elements.status.value;
    let shown = 0;
    for (const row of rows) {
      const suits = !status || (row.dataset.status === status || status.split(" ").includes(row.dataset.status));
      row.hidden = !(suits && row.textContent.toLowerCase().includes(text));
      shown += row.hidden ? 0 : 1;
    }
    root.classList.toggle("filtered", Boolean(text || status));
    found.value = text || status ? `${shown} of ${rows.length} rows` : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());

  const key = (cell) => {
    const text = cell ? cell.textContent.trim() : "";
    const number = parseFloat(text.replace(/,/g, "").replace("−", "-"));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) =>
    typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
  for (const table of document.querySelectorAll("table.sheet")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
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
