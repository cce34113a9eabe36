"use strict";
/* Tables that are sorted, filtered and taken out of the page. */

const FEW_ROWS = 25;
const MORE_ROWS = 100;
const NONE_OF_IT = "No row of this table is about what is chosen.";

class Grid {
  constructor(element, showItem) {
    this.element = element;
    this.id = element.dataset.grid;
    this.table = element.querySelector("table");
    this.heads = [...this.table.tHead.rows[0].cells];
    this.titles = this.heads.map(latexOf);
    this.more = element.querySelector(".more");
    this.showItem = showItem;
    this.limit = FEW_ROWS;
    this.chosen = {};
    this.search = "";
    this.column = null;
    this.upwards = true;
    this.loading = null;
    this.makeSortButtons();
    this.makeTools();
    this.tell(this.table.tBodies[0].rows.length, Number(element.dataset.rows));
    if (element.dataset.items !== undefined) this.draw();
  }

  /** The rows, read when they are first needed. */
  data() {
    this.loading ??= unpackJson(`${this.id}-data`);
    return this.loading;
  }

  makeSortButtons() {
    this.heads.forEach((head, column) => {
      const button = make("button", { type: "button", class: "sort" }, ...head.childNodes);
      head.replaceChildren(button);
      button.addEventListener("click", () => this.sort(column));
    });
  }

  makeTools() {
    const tools = this.element.querySelector(".tools");
    const about = this.table.closest(".scroll").getAttribute("aria-label");
    if (Number(this.element.dataset.rows) > 10) {
      const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
      search.addEventListener("input", () => {
        this.search = search.value.toLowerCase();
        this.draw();
      });
      tools.append(make("label", {}, `Find in “${about}” `, search));
    }
    const offer = (text, label, action) => {
      const button = make("button", { type: "button", "aria-label": `${label}: ${about}` }, text);
      button.addEventListener("click", action);
      tools.append(button);
    };
    const table = this.element.dataset.table ?? this.id;
    offer("CSV", "Download all columns and rows as CSV", () => saveTable(table));
    offer("LaTeX", "Download these columns as LaTeX", () => this.saveLatex(about));
    tools.hidden = false;
  }

  sort(column) {
    this.upwards = this.column === column ? !this.upwards : true;
    this.column = column;
    this.heads.forEach((head, other) => {
      if (other === column) head.setAttribute("aria-sort", this.upwards ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    this.draw();
  }

  /** Shows only rows about what is chosen; rows that say nothing of it stay. Tells how many are
      hidden. */
  async filter(chosen) {
    this.chosen = chosen;
    this.limit = FEW_ROWS;
    await this.draw();
    const data = await this.data();
    return data.under.length - this.about(data).length;
  }

  /** Numbers of the rows about what is chosen. */
  about({ under, of }) {
    const wanted = Object.entries(this.chosen).filter(([name]) => name in of);
    return [...under.keys()].filter((row) =>
      wanted.every(([name, value]) => of[name][row] === null || [of[name][row]].flat().includes(value)));
  }

  /** Numbers of the rows that are to be shown, in order. */
  rows(data) {
    const { texts, keys } = data;
    let rows = this.about(data);
    if (this.search) {
      rows = rows.filter((row) =>
        texts.some((column) => column[row].toLowerCase().includes(this.search)));
    }
    if (this.column !== null) {
      const key = keys[this.column];
      const sign = this.upwards ? 1 : -1;
      rows.sort((a, b) => compared(key[a], key[b], sign));
    }
    return rows;
  }

  async draw() {
    const data = await this.data();
    const rows = this.rows(data);
    const shown = rows.slice(0, this.limit);
    this.table.tBodies[0].replaceChildren(...shown.map((row) => this.row(data, row)));
    if (rows.length === 0) {
      this.table.tBodies[0].append(
        make("tr", {}, make("td", { class: "t", colspan: this.heads.length }, NONE_OF_IT)));
    }
    this.tell(shown.length, rows.length);
  }

  row(data, row) {
    return make("tr", {}, ...this.heads.map((head, column) => {
      const text = data.texts[column][row];
      const cell = make("td", {
        class: head.className || undefined,
        "data-under": head.dataset.under === undefined ? undefined : data.under[row],
      });
      if (head.dataset.item !== undefined && this.showItem) {
        const of = Object.fromEntries(Object.entries(data.of).map(([name, all]) => [name, all[row]]));
        const button = make("button", { type: "button", class: "item" }, short(text, 120));
        button.addEventListener("click", () => this.showItem(of));
        cell.append(button);
      } else {
        cell.textContent = text;
      }
      return cell;
    }));
  }

  /** Says how many rows are shown, and offers the others. */
  tell(shown, all) {
    this.more.replaceChildren();
    if (all <= FEW_ROWS) return;
    const offer = (text, limit) => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => {
        this.limit = limit;
        this.draw();
      });
      return [button, " "];
    };
    const source = this.element.dataset.source;
    this.more.append(...(shown < all
      ? [`Rows 1–${counted(shown)} of ${counted(all)}`, make("span", { class: "paper" }, `; all are in ${source} in the folder of the study`), ". ",
        ...(all - shown > MORE_ROWS ? offer(`Show ${MORE_ROWS} more`, shown + MORE_ROWS) : []),
        ...offer(`Show all ${counted(all)}`, Infinity)]
      : [`All ${counted(all)} rows. `, ...offer(`Show the first ${FEW_ROWS}`, FEW_ROWS)]));
  }

  /** The rows that the filters leave, in the order shown, as a table of booktabs. */
  async saveLatex(caption) {
    const data = await this.data();
    const line = (texts) => `    ${texts.map(latex).join(" & ")} \\\\`;
    const sides = this.heads.map((head) => (head.classList.contains("t") ? "l" : "r")).join("");
    const text = [
      "% needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}",
      "\\begin{table}", "  \\centering\\footnotesize", `  \\caption{${latex(caption)}}`,
      `  \\label{tab:${this.id}}`, `  \\begin{tabular}{${sides}}`, "    \\toprule",
      `    ${this.titles.join(" & ")} \\\\`, "    \\midrule",
      ...this.rows(data).map((row) => line(data.texts.map((column) => column[row]))),
      "    \\bottomrule", "  \\end{tabular}", "\\end{table}", "",
    ].join("\n");
    save(`${this.id}.tex`, text, "text/x-tex");
  }
}

/** Which of two keys comes first; what is missing comes last, whichever way it is sorted. */
function compared(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "string" && typeof b === "string") return sign * a.localeCompare(b);
  return sign * (a - b);
}

async function saveTable(name) {
  save(`${name}.csv`, await unpackText(`csv-${name}`), "text/csv");
}
