// Weights, gradients and dead units.
import { el, svg, t, percent, number } from "./base.js";
import { ask, query } from "./api.js";
import { Chart, digits } from "./chart.js";

const columns = 48; // of a heat map

/** The share of a histogram's values in each of some intervals from low to high. */
function rebin(h, low, high) {
  const out = new Array(columns).fill(0);
  const all = h.counts.reduce((a, b) => a + b, 0) || 1;
  const width = (h.max - h.min) / h.counts.length, scale = columns / (high - low);
  h.counts.forEach((n, i) => {
    if (n === 0) return;
    if (!(width > 0)) { // all values are equal
      out[Math.min(columns - 1, Math.max(0, Math.floor((h.min - low) * scale)))] += n / all;
      return;
    }
    // An interval is spread over those that it covers.
    const from = (h.min + i * width - low) * scale, to = from + width * scale;
    for (let c = Math.max(0, Math.floor(from)); c < Math.min(columns, Math.ceil(to)); c++) {
      const part = (Math.min(c + 1, to) - Math.max(c, from)) / (to - from);
      if (part > 0) out[c] += n / all * part;
    }
  });
  return out;
}

/** Distributions over the epochs as a heat map: an epoch a row, values from left to right. */
function heat(title, list) {
  list = list.filter((e) => e.h?.counts?.length && e.h.min !== null);
  if (list.length === 0) return null;
  const low = Math.min(...list.map((e) => e.h.min)), most = Math.max(...list.map((e) => e.h.max));
  const high = most > low ? most : low + (Math.abs(low) || 1);
  const row = Math.max(4, Math.min(36, Math.floor(240 / list.length))), width = 480, label = 44;
  const cell = (width - label) / columns;
  const levels = Array.from({ length: 10 }, () => "");
  const labels = [];
  list.forEach((e, i) => {
    const shares = rebin(e.h, low, high), top = Math.max(...shares);
    shares.forEach((s, c) => {
      if (s === 0) return;
      levels[Math.min(9, Math.floor(10 * Math.sqrt(s / top)))] += `M${(label + c * cell).toFixed(1)} ${i * row}h${cell.toFixed(1)}v${row}h-${cell.toFixed(1)}z`;
    });
    if (i === 0 || i === list.length - 1 || row >= 14 && i % Math.ceil(list.length / 8) === 0) labels.push(svg("text", { x: label - 6, y: i * row + row / 2 + 4, "text-anchor": "end" }, String(e.epoch)));
  });
  const tall = list.length * row, at = (v) => label + (v - low) / (high - low) * (width - label);
  const zero = low < 0 && high > 0 ? [svg("path", { d: `M${at(0)} 0V${tall}`, class: "zero" }), svg("text", { x: at(0), y: tall + 16, "text-anchor": "middle" }, "0")] : [];
  const now = list[list.length - 1].h;
  return el("figure", { class: "stack" }, el("figcaption", {}, title),
    svg("svg", { viewBox: `0 0 ${width} ${tall + 20}`, role: "img", class: "heat", "aria-label": `${title}: ${t("weights.summary", { epoch: list[list.length - 1].epoch, min: digits(now.min), max: digits(now.max), mean: digits(now.mean), std: digits(now.std) })}` },
      ...levels.map((d, i) => svg("path", { d, class: "heat-cell", style: { "--p": `${10 + 10 * i}%` } })), ...labels, ...zero,
      svg("text", { x: label, y: tall + 16 }, digits(low)), svg("text", { x: width, y: tall + 16, "text-anchor": "end" }, digits(most))));
}

export class WeightsPanel {
  constructor(run) {
    this.run = run;
    this.heading = el("h2");
    this.choice = el("select", { onchange: () => { this.chosen = this.choice.value; this.draw().catch((error) => this.maps.replaceChildren(el("p", { class: "error" }, error.message))); } });
    this.choiceLabel = el("span");
    this.maps = el("div", { class: "two" });
    this.table = el("details", { ontoggle: () => this.drawTable() });
    this.dead = el("div", { class: "stack" });
    this.deadChart = new Chart("dead", { format: (v) => v === null ? "–" : percent(v), zero: true, top: 1 });
    this.note = el("p", { class: "note" });
    this.root = el("section", { class: "stack", hidden: true }, this.heading,
      el("div", { class: "card stack" }, el("label", { class: "field" }, this.choiceLabel, this.choice), this.maps, this.note, this.table), this.dead);
  }

  async update() {
    const probes = this.run.probes ?? [];
    this.root.hidden = probes.length === 0;
    if (this.root.hidden || this.busy) return;
    this.heading.textContent = t("weights.heading");
    this.choiceLabel.textContent = t("weights.parameter");
    const last = probes[probes.length - 1];
    if (this.until === last && this.language === document.documentElement.lang) return;
    this.busy = true;
    try {
      [this.probe, this.deadAll] = await Promise.all([ask("probe" + query(this.run.name, { epoch: last })), ask("dead" + query(this.run.name))]);
      this.until = last;
      this.language = document.documentElement.lang;
      const names = this.probe.parameters.map((p) => p.name);
      if (!names.includes(this.chosen)) this.chosen = names[0];
      if (names.join("\n") !== this.names) {
        this.names = names.join("\n");
        this.choice.replaceChildren(...this.probe.parameters.map((p) => el("option", { value: p.name }, `${p.name}  ${p.shape.join("×")}`)));
      }
      this.choice.value = this.chosen;
      this.note.textContent = t("weights.note") + (names.length < this.probe.all ? " " + t("weights.some", { n: names.length, all: number(this.probe.all) }) : "");
      await this.draw();
      this.drawTable();
      this.drawDead();
    } catch (error) {
      if (!this.maps.hasChildNodes()) this.maps.replaceChildren(el("p", { class: "error" }, error.message));
    } finally {
      this.busy = false;
    }
  }

  async draw() {
    const name = this.chosen, all = await ask("parameter" + query(this.run.name, { name }));
    if (name !== this.chosen) return;
    this.maps.replaceChildren(...[heat(t("weights.weights"), all.map((e) => ({ epoch: e.epoch, h: e.weights }))), heat(t("weights.gradients"), all.map((e) => ({ epoch: e.epoch, h: e.gradients })))].filter(Boolean));
  }

  drawTable() {
    const summary = el("summary", {}, t("weights.all", { n: this.until ?? "" }));
    if (!this.table.open || !this.probe) return this.table.replaceChildren(summary);
    this.table.replaceChildren(summary, el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...["name", "shape", "mean", "std", "min", "max", "gradient"].map((k) => el("th", { scope: "col" }, t("weights." + k))))),
      el("tbody", {}, ...this.probe.parameters.map((p) => el("tr", {}, el("th", { scope: "row" }, p.name), el("td", {}, p.shape.join("×")), ...["mean", "std", "min", "max"].map((k) => el("td", {}, digits(p.weights?.[k]))), el("td", {}, digits(p.gradients?.std))))))));
  }

  drawDead() {
    const list = this.deadAll ?? [], now = list[list.length - 1];
    if (!now) return this.dead.replaceChildren(el("p", { class: "note" }, t("dead.none")));
    const share = (e) => e.dead.reduce((a, d) => a + d.dead, 0) / Math.max(1, e.dead.reduce((a, d) => a + d.units, 0));
    const total = now.dead.reduce((a, d) => a + d.dead, 0), units = now.dead.reduce((a, d) => a + d.units, 0);
    const some = [...now.dead].filter((d) => d.dead > 0).sort((a, b) => b.dead / b.units - a.dead / a.units);
    const shown = some.slice(0, 10);
    this.deadChart.set([{ name: t("dead.all"), x: list.map((e) => e.epoch), y: list.map(share), style: 1 }]);
    this.dead.replaceChildren(el("h2", {}, t("dead.heading")), el("div", { class: "two" }, this.deadChart.root,
      el("div", { class: "card stack" }, el("p", {}, t("dead.sum", { dead: number(total), units: number(units), images: number(now.images), epoch: now.epoch })),
        el("ul", { class: "bars" }, ...shown.map((d) => el("li", { class: "bar", style: { "--w": `${100 * d.dead / d.units}%` } }, el("span", {}, d.name), el("span", {}, t("dead.of", { dead: d.dead, units: d.units }))))),
        ...(some.length > shown.length ? [el("small", {}, t("dead.more", { n: some.length - shown.length }))] : []))));
  }
}
