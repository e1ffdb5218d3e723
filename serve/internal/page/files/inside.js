// The section "Inside the network": numbers, the drawing, and the layer that was clicked.
import { ask, explainFailure } from "./api.js";
import { el, number, onLanguage, short, t } from "./base.js";
import { draw, focusRow, measure, rowsOf, shapeText } from "./graph.js";
import { LayerView } from "./layer.js";

export class Inside {
  /** panels is the list of panels; the first one's network is shown. */
  constructor(into, panels) {
    this.panels = panels;
    this.note = el("p", { class: "note", hidden: true });
    this.tiles = el("dl", { class: "tiles" });
    this.time = el("button", { type: "button", onclick: () => this.measureTimes() });
    this.problem = el("p", { class: "error", role: "alert", hidden: true });
    this.graph = el("div", { class: "graph" });
    this.layer = new LayerView(panels);
    into.replaceChildren(el("div", { class: "numbers" }, this.tiles, this.time, this.note), this.problem, el("div", { class: "split" }, this.graph, this.layer.element));
    onLanguage(() => { if (this.network) this.redraw(); });
  }

  /** Shows a network, an answer of /v1/network, or looks at another picture with the one that is shown. */
  show(network) {
    if (network !== this.network) {
      this.network = network;
      this.times = null;
      this.rows = rowsOf(network.nodes);
      // A layer in the middle says most at first: neither edges nor single numbers.
      const maps = this.rows.filter((r) => r.last.maps && r.last.output[1] > 1 && r.first.kind !== "Input");
      this.chosen = (maps.find((r) => r.first.filters) ?? maps[0] ?? this.rows[0]).last.id;
      this.redraw();
      return;
    }
    this.layer.refresh();
  }

  redraw() {
    const { nodes, input, parameters, multiply_adds: work } = this.network;
    const tile = (name, value) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, value));
    this.tiles.replaceChildren(
      tile("inside.input", shapeText({ output: input })), tile("inside.layers", number(nodes.length - 1)),
      tile("inside.parameters", short(parameters)), tile("inside.work", short(work)),
      ...this.times ? [tile("inside.took", t("inside.ms", { ms: number(this.total, 1) }))] : []);
    this.time.textContent = t("inside.measure");
    this.note.textContent = t("inside.measured");
    this.note.hidden = !this.times;
    const { value, valueText } = measure(this.rows, this.times);
    const scroll = this.graph.scrollTop;
    this.graph.replaceChildren(draw(this.rows, { value, valueText, select: (r) => this.select(r, true) }));
    this.graph.scrollTop = scroll;
    this.select(this.rows.find((r) => r.nodes.some((n) => n.id === this.chosen)) ?? this.rows[0], false);
  }

  select(row, byHand) {
    this.chosen = row.last.id;
    for (const r of this.rows) {
      r.button.removeAttribute("aria-current");
      r.dot.classList.remove("chosen");
      r.button.tabIndex = r === row ? 0 : -1;
    }
    row.button.setAttribute("aria-current", "true");
    row.dot.classList.add("chosen");
    if (byHand) focusRow(this.rows, row);
    this.layer.show(this.network, row, this.times);
    if (byHand && getComputedStyle(this.graph.parentElement).gridTemplateColumns.split(" ").length === 1) {
      this.layer.element.scrollIntoView({ block: "start", behavior: "smooth" });
    }
  }

  async measureTimes() {
    this.time.disabled = true;
    this.problem.hidden = true;
    this.time.textContent = t("inside.measuring");
    try {
      const answer = await ask("v1/network", { ...this.panels[0].query, time: 1 });
      this.times = Object.fromEntries(answer.nodes.map((n) => [n.id, n.milliseconds ?? 0]));
      this.total = answer.milliseconds;
      this.redraw();
    } catch (e) {
      this.problem.textContent = explainFailure(e);
      this.problem.hidden = false;
      this.time.textContent = t("inside.measure");
    }
    this.time.disabled = false;
  }
}
