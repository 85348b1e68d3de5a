(() => {
  const form = document.getElementById("choose");
  const panel = document.getElementById("chosen");
  const [k, share] = ["k", "share"].map((name) => document.getElementById(name));
  const values = (input) => input.dataset.values.split(" ");
  const rowOf = (table, point) =>
    [...document.querySelectorAll(`#${table} tbody tr`)].find((row) => row.dataset.point === point);
  const show = () => {
    const size = values(k)[k.value];
    const allowed = values(share)[share.value];
    const point = `${size}/${allowed}`;
    document.getElementById("k-said").value = size;
    document.getElementById("share-said").value = `${Math.round(1000 * Number(allowed)) / 10} %`;
    document.querySelectorAll(".chosen").forEach((one) => one.classList.remove("chosen"));
    const figures = rowOf("points", point);
    const told = rowOf("told", point);
    panel.querySelectorAll("[data-figure]").forEach((cell) => {
      const found = figures && figures.querySelector(`[data-figure="${cell.dataset.figure}"]`);
      cell.textContent = found ? found.textContent : "no such release";
    });
    panel.querySelectorAll("[data-column]").forEach((cell) => {
      cell.textContent = told ? told.cells[2 + Number(cell.dataset.column)].textContent : "–";
    });
    [figures, told, document.querySelector(`.dot[data-point="${point}"]`)].forEach(
      (one) => one && one.classList.add("chosen"),
    );
  };
  form.hidden = false;
  panel.hidden = false;
  k.value = Math.max(0, values(k).indexOf("5"));
  share.value = Math.max(0, values(share).indexOf("0.02"));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", show);
  show();
})();
