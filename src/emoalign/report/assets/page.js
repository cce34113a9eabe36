"use strict";
/* Brings the page to life. Without any of this it can still be read and printed. */

const EVERY = "";
const FILTER_LABELS = {
  model: "Model", protocol: "Protocol", dataset: "Dataset", scale: "Scale", readout: "Readout",
};

/** The filters of the whole page; `apply` is told what is chosen, and tells what that hides. */
function makeFilters(names, apply) {
  const form = document.getElementById("filters");
  const told = document.getElementById("filtered");
  const picks = {};
  for (const [name, label] of Object.entries(FILTER_LABELS)) {
    const values = Object.entries(names[name]);
    if (values.length < 2) continue;
    picks[name] = make("select", { id: `filter-${name}` });
    fill(picks[name], [[EVERY, "all"], ...values]);
    form.append(make("label", {}, `${label} `, picks[name]));
  }
  if (Object.keys(picks).length === 0) return;
  const show = async () => {
    const chosen = Object.entries(picks).map(([name, pick]) => [name, pick.value])
      .filter(([, value]) => value !== EVERY);
    const hidden = await apply(Object.fromEntries(chosen));
    const only = chosen.map(([name, value]) =>
      `${FILTER_LABELS[name].toLowerCase()} ${names[name][value]}`).join(", ");
    told.textContent = `Only ${only}. Hidden: ${hidden}.`;
    told.hidden = chosen.length === 0;
  };
  form.append(make("button", { type: "reset" }, "Show all"));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.hidden = false;
}

/** Hides what is not about what is chosen: elements say with data-model, data-protocol,
    data-dataset, data-scale and data-readout (names with spaces between them) what they are about;
    those that do not say so stay. Returns how many are hidden of how many, by what they are. */
function hideOthers(chosen) {
  const counts = new Map();
  const all = Object.keys(FILTER_LABELS).map((name) => `[data-${name}]`).join();
  for (const element of document.querySelectorAll(all)) {
    element.hidden = Object.entries(chosen).some(([name, value]) =>
      element.dataset[name] !== undefined && !element.dataset[name].split(" ").includes(value));
    const kind = { FIGURE: "figures", TR: "rows" }[element.tagName] ?? "findings";
    const [hidden, of] = counts.get(kind) ?? [0, 0];
    counts.set(kind, [hidden + element.hidden, of + 1]);
  }
  return counts;
}

/** What is hidden, in words. */
function inWords(counts) {
  return [...counts].filter(([, [hidden]]) => hidden > 0)
    .map(([kind, [hidden, of]]) => `${hidden} of ${of} ${kind}`).join(", ") || "nothing";
}

/** Buttons that unfold the navigation and the filters where there is little room for them. */
function makeFolding() {
  const bar = document.querySelector(".bar");
  const folds = [["sections", "Sections"], ["filters", "Filters"]]
    .map(([id, text]) => [document.getElementById(id), text])
    .filter(([panel]) => !panel.hidden)
    .map(([panel, text]) => [panel,
      make("button", { type: "button", "aria-expanded": "false", "aria-controls": panel.id }, text)]);
  const unfold = (chosen) => {
    for (const [panel, button] of folds) {
      const open = panel === chosen && !panel.classList.contains("open");
      panel.classList.toggle("open", open);
      button.setAttribute("aria-expanded", String(open));
    }
  };
  for (const [panel, button] of folds) button.addEventListener("click", () => unfold(panel));
  document.getElementById("sections").addEventListener("click", ({ target }) => {
    if (target.closest("a")) unfold(null);
  });
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") unfold(null);
  });
  bar.prepend(make("div", { class: "folds" }, ...folds.map(([, button]) => button)));
}

function textOf(element) {
  const paragraphs = [...element.querySelectorAll("p")].map((one) => one.textContent);
  return paragraphs.length ? paragraphs.join("\n\n") : element.textContent;
}

/** Buttons that copy or save the text of an element: data-copy and data-save name it. */
function makeTextButtons() {
  for (const button of document.querySelectorAll("button[data-copy], button[data-save]")) {
    const { copy: copied, save: saved, file } = button.dataset;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = textOf(document.getElementById(copied ?? saved));
      if (saved) return save(file, `${text.trim()}\n`, "text/plain");
      await copy(text);
      const before = button.textContent;
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = before), 2000);
    });
  }
}

/** On paper all is open but what is marked as too long for it. */
function openForPrint() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open]):not(.long)")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
}

/** Runs a library that the page holds as data; the page's policy allows its text. */
async function run(id) {
  const code = document.createElement("script");
  code.textContent = await unpackText(id);
  document.head.append(code);
}

async function start() {
  openForPrint();
  makeTextButtons();
  const element = document.getElementById("explorer");
  let explorer = null;
  const grids = [...document.querySelectorAll(".grid")].map((grid) =>
    new Grid(grid, element && ((of) => explorer?.show(of))));
  makeFilters(await unpackJson("names"), async (chosen) => {
    const counts = hideOthers(chosen);
    explorer?.show(chosen);
    const [hidden, of] = counts.get("rows") ?? [0, 0];
    const rows = await Promise.all(grids.map((grid) => grid.filter(chosen)));
    const all = grids.map((grid) => Number(grid.element.dataset.rows));
    counts.set("rows", [hidden + sum(rows), of + sum(all)]);
    return inWords(counts);
  });
  makeFolding();
  document.documentElement.classList.add("js");
  if (element) {
    await run("plotly");
    explorer = new Explorer(await unpackJson("items-index"));
    element.hidden = false;
    await explorer.showScale();
  }
  document.documentElement.classList.add("ready");
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

start();
