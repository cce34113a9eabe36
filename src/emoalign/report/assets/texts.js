"use strict";
/* Texts: how numbers are written, and what keeps strangers' texts texts. */

/** An element with attributes and children; texts only ever become text nodes. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A number as in print: a true minus sign, a dash where there is none. */
function written(value, digits = 2) {
  if (value === null || Number.isNaN(value)) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A number of things, as in print: 14,000. */
function counted(number) {
  return number.toLocaleString("en");
}

function writtenShare(value) {
  return Number.isNaN(value) ? "–" : `${written(100 * value, 0)}%`;
}

/** A text of at most so many characters. */
function short(text, length) {
  const letters = Array.from(text.replace(/\s+/g, " "));
  return letters.length > length ? `${letters.slice(0, length - 1).join("")}…` : letters.join("");
}

/** A text for plotly, which would read <b> or <a href> in it as markup and $x$ as a formula. */
function plain(text) {
  return text.replace(/[&<>$]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** A text for plotly in lines that fit on a phone. */
function plainLines(text, width = 38, lines = 4) {
  const letters = Array.from(short(text, width * lines));
  const found = [];
  while (letters.length > width) {
    const space = letters.slice(0, width).lastIndexOf(" ");
    found.push(letters.splice(0, space > width / 2 ? space + 1 : width).join(""));
  }
  return [...found, letters.join("")].map(plain).join("<br>");
}

const LATEX = new Map([
  ["\\", "\\textbackslash{}"], ["{", "\\{"], ["}", "\\}"], ["$", "\\$"], ["&", "\\&"],
  ["#", "\\#"], ["%", "\\%"], ["_", "\\_"], ["^", "\\textasciicircum{}"],
  ["~", "\\textasciitilde{}"], ["<", "$<$"], [">", "$>$"], ["|", "$|$"], ["\"", "\\textquotedbl{}"],
  ["−", "$-$"], ["–", "--"], ["—", "---"], ["…", "\\dots{}"], ["×", "$\\times$"],
  ["√", "$\\surd$"], ["ρ", "$\\rho$"], ["τ", "$\\tau$"], ["κ", "$\\kappa$"], ["α", "$\\alpha$"],
  ["β", "$\\beta$"], ["η", "$\\eta$"], ["σ", "$\\sigma$"], ["χ", "$\\chi$"], ["Δ", "$\\Delta$"],
  ["→", "$\\rightarrow$"], ["←", "$\\leftarrow$"], ["≤", "$\\le$"], ["≥", "$\\ge$"],
  ["≈", "$\\approx$"], ["±", "$\\pm$"], ["·", "$\\cdot$"], ["²", "$^2$"], ["↑", "$\\uparrow$"],
  ["↓", "$\\downarrow$"], ["‘", "`"], ["’", "'"], ["“", "``"], ["”", "''"], ["\u00a0", "~"],
  ["\n", " "], ["\r", " "], ["\u0000", ""],
]);

/** A text that LaTeX prints as it is. */
function latex(text) {
  return Array.from(text, (letter) => LATEX.get(letter) ?? letter).join("");
}

/** The text of an element for LaTeX, with its italics and subscripts. */
function latexOf(element) {
  const marked = { I: "\\textit", SUB: "\\textsubscript" };
  return [...element.childNodes].map((node) =>
    node.nodeName in marked ? `${marked[node.nodeName]}{${latexOf(node)}}`
      : node.nodeType === Node.TEXT_NODE ? latex(node.data) : latexOf(node)).join("");
}

/** Rows as CSV: numbers to five digits, nothing where there is none. Texts that a spreadsheet would
    carry out as formulas get an apostrophe, as in the files of the study. */
function csv(rows) {
  const cell = (value) => {
    if (typeof value === "number") return Number.isNaN(value) ? "" : String(Number(value.toPrecision(5)));
    const inert = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(inert) ? `"${inert.replace(/"/g, '""')}"` : inert;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** Offers a text as a file. */
function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
