"use strict";
/* Brings the page to life. Without any of this it can still be read and printed. */

const EVERY = "";
const FILTER_LABELS = {
  model: "Model", protocol: "Protocol", dataset: "Dataset", scale: "Scale", readout: "Readout",
};

/** The filters of the whole page; `apply` is told what is chosen. */
function makeFilters(names, apply) {
  const form = document.getElementById("filters");
  const picks = {};
  for (const [name, label] of Object.entries(FILTER_LABELS)) {
    const values = Object.entries(names[name]);
    if (values.length < 2) continue;
    picks[name] = make("select", { id: `filter-${name}` });
    fill(picks[name], [[EVERY, "all"], ...values]);
    form.append(make("label", {}, `${label} `, picks[name]));
  }
  if (Object.keys(picks).length === 0) return;
  const chosen = () => Object.fromEntries(
    Object.entries(picks).map(([name, pick]) => [name, pick.value]).filter(([, value]) => value !== EVERY));
  const reset = make("button", { type: "reset" }, "Show all");
  form.append(reset);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => apply(chosen()));
  form.addEventListener("reset", () => setTimeout(() => apply(chosen())));
  form.hidden = false;
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

async function start() {
  openForPrint();
  makeTextButtons();
  let explorer = null;
  const element = document.getElementById("explorer");
  if (element) {
    explorer = new Explorer(await unpackJson("items-index"));
    element.hidden = false;
    await explorer.showScale();
  }
  const grids = [...document.querySelectorAll(".grid")].map((grid) =>
    new Grid(grid, explorer && ((of) => explorer.show(of))));
  makeFilters(await unpackJson("names"), (chosen) => {
    for (const grid of grids) grid.filter(chosen);
    explorer?.show(chosen);
  });
  document.documentElement.classList.add("js");
}

start();
