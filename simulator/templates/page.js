"use strict";
// What every page can do: change its colours, copy commands, sort and filter its tables.
const every = (selector, within = document) => [...within.querySelectorAll(selector)];
const shownChanged = new Event("shown-changed");

for (const element of every(".scripted")) element.hidden = false;

// Light and dark
const scheme = document.getElementById("scheme");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.style.colorScheme || (systemDark.matches ? "dark" : "light")) === "dark";
const nameScheme = () => { scheme.textContent = isDark() ? "Light colours" : "Dark colours"; };
scheme.addEventListener("click", () => {
  document.documentElement.style.colorScheme = isDark() ? "light" : "dark";
  nameScheme();
});
systemDark.addEventListener("change", nameScheme);
nameScheme();

// Copying: the clipboard may be closed to a local file, a selection never is.
for (const button of every(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

// Sorting: numbers before texts, what is missing last; a third press gives the first order back.
function keyOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.order ?? cell.firstChild?.textContent.trim() ?? "";
  if (text === "none" || text === "") return { rank: 2 };
  const number = Number(text);
  return Number.isNaN(number) ? { rank: 1, text } : { rank: 0, number };
}

function compared(one, other, sign) {
  if (one.rank !== other.rank || one.rank === 2) return one.rank - other.rank;
  return sign * (one.rank ? one.text.localeCompare(other.text, "en", { numeric: true }) : one.number - other.number);
}

for (const table of every(".results")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  every("thead th", table).forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = { ascending: "descending", descending: null }[heading.getAttribute("aria-sort")];
      const next = order === undefined ? "ascending" : order;
      for (const other of every("[aria-sort]", table)) other.removeAttribute("aria-sort");
      if (next === null) return body.append(...original);
      heading.setAttribute("aria-sort", next);
      const keyed = original.map((row) => [keyOf(row, column), row]);
      keyed.sort(([one], [other]) => compared(one, other, next === "ascending" ? 1 : -1));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

// Filters
const boxes = every(".filters input[name]");

function ticked() {
  const groups = new Map();
  for (const box of boxes) {
    if (!groups.has(box.name)) groups.set(box.name, new Set());
    if (box.checked) groups.get(box.name).add(box.value);
  }
  return groups;
}

function applyFilters() {
  const groups = [...ticked()];
  for (const table of every(".results")) {
    let count = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !groups.every(([name, values]) =>
        (row.dataset[name] ?? "").split(" ").every((value) => value === "" || values.has(value)));
      count += !row.hidden;
    }
    table.querySelector(".count").textContent = count;
  }
  document.dispatchEvent(shownChanged);
}

for (const box of boxes) box.addEventListener("change", applyFilters);
document.getElementById("all").addEventListener("click", () => {
  for (const box of boxes) box.checked = true;
  applyFilters();
});
document.getElementById("intervals").addEventListener("change", (event) =>
  document.body.classList.toggle("with-intervals", event.target.checked));
