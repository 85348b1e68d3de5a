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

  const filterRows = (form) => {
    const rows = [...document.querySelectorAll(form.dataset.tables)].flatMap((table) => [...table.tBodies[0].rows]);
    const { find, found, status } = form.elements;
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      const text = find.value.trim().toLowerCase();
      const wanted = status.value;
      let shown = 0;
      for (const row of rows) {
        const has = row.dataset.status;
        const suits = !wanted || wanted === has || wanted.split(" ").includes(has);
        row.hidden = !(suits && row.textContent.toLowerCase().includes(text));
        shown += row.hidden ? 0 : 1;
      }
      root.classList.toggle("filtered", Boolean(text || wanted));
      found.value = text || wanted ? `${shown} of ${rows.length} ${form.dataset.called}` : "";
    });
  };
  document.querySelectorAll("form.filter").forEach(filterRows);

  const key = (cell) => {
    const text = cell ? cell.dataset.sort ?? cell.textContent.trim() : "";
    const number = parseFloat(text.replace(/,/g, "").replace("−", "-"));
    return Number.isNaN(number) ? text.toLowerCase() : number;
  };
  const compare = (a, b) =>
    typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
  const sortByHeads = (table) => {
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
  };
  document.querySelectorAll("table.sortable").forEach(sortByHeads);
})();
