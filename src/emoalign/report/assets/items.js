"use strict";
/* Item by item: a scatter of items, a list of them, and the distribution of one. */

const AXES = { mean: ["Human mean", "Model mean"], sd: ["Human SD", "Model SD"] };
const LISTED = 2000;

class Explorer {
  constructor(index) {
    this.index = index;
    this.blocks = new Map();
    this.item = null;
    const pick = (name) => document.getElementById(`pick-${name}`);
    this.picks = Object.fromEntries(
      ["scale", "model", "protocol", "readout", "label", "compare"].map((name) => [name, pick(name)]));
    this.list = document.getElementById("item-list");
    this.search = document.getElementById("item-search");
    this.scatter = document.getElementById("scatter");
    this.distribution = document.getElementById("distribution");
    fill(this.picks.scale, index.scales.map(({ dataset, scale }, place) =>
      [String(place), `${index.datasets[dataset].title}: ${scaleInWords(scale)}`]));
    this.picks.scale.addEventListener("change", () => this.showScale());
    for (const name of ["model", "protocol", "readout", "label", "compare"]) {
      this.picks[name].addEventListener("change", () => this.showCell());
    }
    this.list.addEventListener("change", () => this.showItem(Number(this.list.value)));
    this.search.addEventListener("input", () => this.showList());
    document.getElementById("cell-form").addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("items-csv").addEventListener("click", () => this.saveItems());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get about() {
    return this.index.scales[Number(this.picks.scale.value)];
  }

  get names() {
    const { names, ids } = this.index.datasets[this.about.dataset];
    return names ?? ids;
  }

  get labels() {
    return this.about.kind === "labels";
  }

  colour(model) {
    const colour = this.index.models[model].colour;
    if (colour === "#000000") return theme("--ink");
    return isDark() ? lighter(colour) : colour;
  }

  title(model) {
    return this.index.models[model].title;
  }

  /** Goes to a cell and, where one is named, an item of it. */
  async show({ dataset, scale, model, protocol, readout, item_id: item }) {
    const place = this.index.scales.findIndex((one) =>
      (dataset ?? one.dataset) === one.dataset && (scale ?? one.scale) === one.scale &&
      one.cells.some((cell) => (model ?? cell.model) === cell.model &&
        (protocol ?? cell.protocol) === cell.protocol && (readout ?? cell.readout) === cell.readout));
    if (place < 0) return;
    const about = this.about;
    const fits = (dataset ?? about.dataset) === about.dataset && (scale ?? about.scale) === about.scale;
    if (!fits) this.picks.scale.value = String(place);
    const number = item === undefined ? -1
      : this.index.datasets[this.about.dataset].ids.indexOf(item);
    this.item = number < 0 ? (fits ? this.item : null) : number;
    await this.showScale({ model, protocol, readout });
    if (number >= 0) {
      document.getElementById("item-detail").scrollIntoView({ block: "nearest" });
      this.list.focus({ preventScroll: true });
    }
  }

  async showScale(wanted = {}) {
    const about = this.about;
    const cells = about.cells;
    for (const name of ["model", "protocol", "readout"]) {
      const pick = this.picks[name];
      const kept = wanted[name] ?? pick.value;
      const values = [...new Set(cells.map((cell) => cell[name]))];
      fill(pick, values.map((value) => [value, name === "model" ? this.title(value) : value]));
      if (values.includes(kept)) pick.value = kept;
    }
    document.getElementById("label-of-pick-label").hidden = !this.labels;
    document.getElementById("label-of-pick-compare").hidden = this.labels;
    if (this.labels) fill(this.picks.label, about.points.map((label, place) => [String(place), label]));
    if (!this.blocks.has(about.id)) {
      this.blocks.clear();
      this.blocks.set(about.id, readBlock(await unpack(`block-${about.id}`), about));
    }
    if (this.item !== null && this.item >= about.n) this.item = null;
    this.showCell();
  }

  /** The cell chosen: the one of its model and protocol that exists where the choice does not. */
  cell() {
    const { model, protocol, readout } = this.picks;
    const cells = this.about.cells;
    const fit = (cell) => 4 * (cell.model === model.value) +
      2 * (cell.protocol === protocol.value) + (cell.readout === readout.value);
    const best = Math.max(...cells.map(fit));
    return cells.findIndex((cell) => fit(cell) === best);
  }

  showCell() {
    const block = this.blocks.get(this.about.id);
    if (!block) return;
    const about = this.about;
    const place = this.cell();
    const cell = about.cells[place];
    for (const name of ["model", "protocol", "readout"]) this.picks[name].value = cell[name];
    const number = this.labels
      ? ((point) => (rater) => (item) => rater.share(point, item))(Number(this.picks.label.value))
      : (rater) => rater[this.picks.compare.value];
    const [human, model] = [number(block.people), number(block.cells[place])];
    const items = [...Array(about.n).keys()];
    this.points = items
      .map((item) => ({ item, x: human(item), y: model(item) }))
      .filter(({ x, y }) => !Number.isNaN(x) && !Number.isNaN(y));
    this.order = items
      .map((item) => [item, Math.abs(model(item) - human(item))])
      .sort(([a, one], [b, other]) => compared(nullable(one), nullable(other), -1) || a - b)
      .map(([item]) => item);
    if (this.item === null && this.order.length) this.item = this.order[0];
    this.now = { place, cell, human, model, block };
    this.draw();
    this.showList();
  }

  draw() {
    if (!this.now) return;
    this.drawScatter();
    this.drawItem();
  }

  drawScatter() {
    const { cell } = this.now;
    const about = this.about;
    const ends = this.labels ? [0, 1]
      : this.picks.compare.value === "mean" ? [about.min, about.max] : [0, this.widest()];
    const room = 0.04 * (ends[1] - ends[0]);
    const axis = (title) => ({
      title: { text: title, font: { size: 13 } }, range: [ends[0] - room, ends[1] + room],
      zeroline: false, gridcolor: theme("--line"), fixedrange: coarse(),
    });
    const [across, up] = this.labels ? ["Share of people", "Share of the model's answers"]
      : AXES[this.picks.compare.value];
    const layout = {
      ...commonLayout(), height: Math.min(460, Math.max(280, this.scatter.clientWidth)),
      xaxis: axis(across), yaxis: axis(up), hovermode: "closest",
      shapes: [{ type: "line", x0: ends[0], y0: ends[0], x1: ends[1], y1: ends[1],
        line: { color: theme("--soft"), width: 1, dash: "dash" }, layer: "below" }],
    };
    const spot = this.spot();
    const traces = [
      { type: "scatter", mode: "markers", x: this.points.map(({ x }) => x),
        y: this.points.map(({ y }) => y), hoverinfo: "text",
        hovertext: this.points.map((point) => this.hover(point)),
        marker: { color: this.colour(cell.model), size: 7, opacity: isDark() ? 0.8 : 0.55 } },
      { type: "scatter", mode: "markers", ...spot, hoverinfo: "skip",
        marker: { symbol: "circle-open", color: theme("--ink"), size: 15, line: { width: 2.5 } } },
    ];
    Plotly.react(this.scatter, traces, layout, PLOT);
    if (!this.listening) {
      this.listening = true;
      this.scatter.on("plotly_click", ({ points }) => {
        const point = points.find(({ curveNumber }) => curveNumber === 0);
        if (point) this.showItem(this.points[point.pointIndex].item);
      });
    }
    const left = about.n - this.points.length;
    document.getElementById("scatter-note").textContent = this.points.length === 0
      ? `Nothing to compare: no item has both ${this.labels ? "shares" : "numbers"} of people and of this cell.`
      : `${this.points.length} items; dashed: both the same.` +
        (left ? ` ${left} ${left === 1 ? "item lacks" : "items lack"} one of the two.` : "");
  }

  /** Where the ring around the chosen item goes: nowhere when it lacks a number. */
  spot() {
    const spot = this.points.filter(({ item }) => item === this.item);
    return { x: spot.map(({ x }) => x), y: spot.map(({ y }) => y) };
  }

  widest() {
    return Math.max(0.5, ...this.points.map(({ x, y }) => Math.max(x, y)));
  }

  hover({ item, x, y }) {
    const said = this.labels ? writtenShare : written;
    return `<b>${plainLines(this.names[item])}</b><br>people ${said(x)}, model ${said(y)}`;
  }

  showList() {
    const wanted = this.search.value.toLowerCase();
    const found = this.order.filter((item) => this.names[item].toLowerCase().includes(wanted));
    this.list.replaceChildren(...found.slice(0, LISTED).map((item) =>
      make("option", { value: item }, short(this.names[item], 80) || " ")));
    if (found.includes(this.item)) this.list.value = String(this.item);
    document.getElementById("item-count").textContent =
      `${found.length} ${found.length === 1 ? "item" : "items"}, the largest disagreement first.`;
  }

  showItem(item) {
    this.item = item;
    this.list.value = String(item);
    const { x, y } = this.spot();
    Plotly.restyle(this.scatter, { x: [x], y: [y] }, [1]);
    this.drawItem();
  }

  drawItem() {
    const detail = document.getElementById("item-detail");
    detail.hidden = this.item === null;
    if (this.item === null) return;
    document.getElementById("item-name").textContent = this.names[this.item];
    this.drawDistribution();
    this.drawItemTable();
  }

  /** Cells of the chosen protocol and readout: one per model. */
  beside() {
    const { cell } = this.now;
    return this.about.cells
      .map((one, place) => ({ ...one, rater: this.now.block.cells[place] }))
      .filter((one) => one.protocol === cell.protocol && one.readout === cell.readout);
  }

  drawDistribution() {
    const { cell, block } = this.now;
    const points = this.about.points;
    const x = this.labels ? points.map((label) => plain(short(label, 24))) : points;
    const shares = (rater) => points.map((_, point) => rater.share(point, this.item));
    const known = (values) => values.some((value) => !Number.isNaN(value));
    const trace = (name, values, look) => ({
      x, y: values.map((value) => (Number.isNaN(value) ? null : 100 * value)), name: plain(short(name, 40)),
      hoverinfo: "text", hovertext: values.map((value) => `${plainLines(name)}: ${writtenShare(value)}`),
      ...look,
    });
    const people = shares(block.people);
    const traces = [];
    if (known(people)) traces.push(trace("People", people, { type: "bar", marker: { color: theme("--people") } }));
    for (const one of this.beside()) {
      const values = shares(one.rater);
      if (!known(values)) continue;
      const colour = this.colour(one.model);
      traces.push(trace(this.title(one.model), values, one.model === cell.model
        ? { type: "bar", marker: { color: colour } }
        : { type: "scatter", mode: "lines+markers", line: { color: colour, width: 1.5 } }));
    }
    const layout = {
      ...commonLayout(), height: 300, barmode: "group", bargap: 0.25, showlegend: true,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      xaxis: { type: this.labels ? "category" : "linear", title: { text: this.labels ? "" : "Rating" },
        tickangle: this.labels ? -45 : 0, automargin: true, fixedrange: true, zeroline: false,
        ...(this.labels || points.length > 12 ? {} : { tickvals: points }) },
      yaxis: { title: { text: this.labels ? "% that chose it" : "% of ratings" }, rangemode: "tozero",
        gridcolor: theme("--line"), fixedrange: true },
    };
    this.distribution.hidden = traces.length === 0;
    const missing = [];
    if (!known(people)) {
      missing.push(Number.isNaN(block.people.mean(this.item))
        ? "No human rating of it is known." : "How people's single ratings are distributed is not known.");
    }
    if (!known(shares(block.cells[this.now.place]))) missing.push("No answer of this model was usable.");
    document.getElementById("item-note").textContent = missing.join(" ");
    if (traces.length) Plotly.react(this.distribution, traces, layout, PLOT);
  }

  drawItemTable() {
    const { block } = this.now;
    const told = this.labels
      ? (rater) => [this.favourites(rater), String(rater.count(this.item) || "–")]
      : (rater) => [written(rater.mean(this.item)), written(rater.sd(this.item)),
        String(rater.count(this.item) || "–")];
    // Ratings that were recorded elsewhere have no protocol and no readout to tell apart.
    const asked = !document.getElementById("pick-protocol").parentElement.hidden;
    const names = (rater, ...told) => (asked ? [rater, ...told] : [rater]);
    const named = names("Rater", "Protocol", "Readout");
    const heads = [...named,
      ...(this.labels ? ["Most chosen", "Ratings"] : ["Mean", "SD", "Ratings"])];
    const text = (content) => make("td", { class: "t" }, content);
    const row = (first, cells) => make("tr", {}, ...first.map(text),
      ...cells.map((cell) => make("td", {}, cell)));
    const rows = [row(names("People", "", ""), told(block.people))];
    this.about.cells.forEach((cell, place) => {
      const cells = told(block.cells[place]);
      if (cell.readout !== "sampled") cells[cells.length - 1] = cell.readout;
      rows.push(row(names(this.title(cell.model), cell.protocol, cell.readout), cells));
    });
    document.getElementById("item-table").replaceChildren(
      make("thead", {}, make("tr", {}, ...heads.map((head, place) =>
        make("th", place < named.length ? { scope: "col", class: "t" } : { scope: "col" }, head)))),
      make("tbody", {}, ...rows));
  }

  /** All items on the chosen scale as a file: a row per item and cell, beside what people said. */
  saveItems() {
    const { dataset, scale, n, cells, points } = this.about;
    const { ids, names } = this.index.datasets[dataset];
    const { block } = this.now;
    const numbers = this.labels
      ? ["n", ...points.map((label) => `share_${label}`)] : ["mean", "sd", "n"];
    const of = (rater, item, uncounted) => [
      ...(this.labels ? [] : [rater.mean(item), rater.sd(item)]), uncounted ? NaN : rater.count(item),
      ...(this.labels ? points.map((_, point) => rater.share(point, item)) : []),
    ];
    const rows = cells.flatMap((cell, place) => [...Array(n).keys()].map((item) => [
      cell.model, cell.protocol, dataset, scale, cell.readout, ids[item], ...(names ? [names[item]] : []),
      ...of(block.people, item, false), ...of(block.cells[place], item, cell.readout !== "sampled"),
    ]));
    const heads = ["model", "protocol", "dataset", "scale", "readout", "item_id", ...(names ? ["item"] : []),
      ...numbers.map((name) => `human_${name}`), ...numbers];
    save(`items-${this.about.id}.csv`, csv([heads, ...rows]), "text/csv");
  }

  favourites(rater) {
    return this.about.points
      .map((label, point) => [label, rater.share(point, this.item)])
      .filter(([, share]) => share > 0)
      .sort(([, one], [, other]) => other - one)
      .slice(0, 3)
      .map(([label, share]) => `${label} ${writtenShare(share)}`)
      .join(", ") || "–";
  }
}

const PLOT = {
  displaylogo: false, responsive: true, displayModeBar: coarse() ? false : "hover",
  // Named one by one: plotly's own choice has a button that would send the data elsewhere.
  modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
};

/** The name of a scale in words: age of acquisition for age-of-acquisition (see wording.py). */
function scaleInWords(scale) {
  return scale.split("-").length > 2 ? scale.replaceAll("-", " ") : scale;
}

function nullable(value) {
  return Number.isNaN(value) ? null : value;
}

function coarse() {
  return matchMedia("(pointer: coarse)").matches;
}

function theme(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A colour #rrggbb half way to white, to be seen on a dark page. */
function lighter(colour) {
  const parts = colour.slice(1).match(/../g).map((part) => Math.round((parseInt(part, 16) + 255) / 2));
  return `rgb(${parts.join(", ")})`;
}

function commonLayout() {
  return {
    margin: { l: 52, r: 12, t: 24, b: 44 }, showlegend: false, dragmode: coarse() ? false : "zoom",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: theme("--ink") },
    hoverlabel: { align: "left", bgcolor: theme("--paper"), font: { color: theme("--ink") } },
  };
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => make("option", { value }, short(text, 60))));
}
