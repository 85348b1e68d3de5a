"use strict";
const places = [...document.querySelectorAll("main li")];
const said = document.getElementById("said");
let at = -1;

function tell() {
  said.textContent = `${places.filter((place) => place.dataset.answer).length} of ${places.length} decided`;
}

function go(to) {
  if (!places.length) return;
  at = Math.max(0, Math.min(places.length - 1, to));
  places[at].focus();
  places[at].scrollIntoView({ block: "nearest" });
}

function decide(place, answer) {
  if (answer) place.dataset.answer = answer;
  else delete place.dataset.answer;
  for (const button of place.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.answer === answer));
  }
  tell();
}

function save() {
  const decisions = places.filter((place) => place.dataset.answer).map((place) => ({
    text: place.dataset.text,
    start: Number(place.dataset.start),
    end: Number(place.dataset.end),
    identifies: place.dataset.answer === "yes",
  }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ decisions }, null, 1)], { type: "application/json" }));
  link.download = "decisions.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

places.forEach((place, number) => {
  place.addEventListener("focusin", () => { at = number; });
  for (const button of place.querySelectorAll("button")) {
    button.addEventListener("click", () => decide(place, button.dataset.answer));
  }
});
document.getElementById("save").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "j") go(at + 1);
  else if (key === "k") go(at - 1);
  else if (key === "s") save();
  else if (at >= 0 && (key === "y" || key === "n")) { decide(places[at], key === "y" ? "yes" : "no"); go(at + 1); }
  else if (at >= 0 && key === "u") decide(places[at], "");
  else return;
  event.preventDefault();
});
