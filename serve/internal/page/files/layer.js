// What is known of one layer: facts, feature maps, filters, the receptive field of a unit, and the
// training pictures that excite a channel.
import { ask, explainFailure } from "./api.js";
import { el, has, number, percent, put, svg, t } from "./base.js";
import { kindName, shapeText } from "./graph.js";
import { decode, paint, tile } from "./maps.js";
import { picture, place } from "./panel.js";

const page = matchMedia("(max-width: 48rem)").matches ? 24 : 48; // how many maps or filters are asked for at a time

// Kinds of layers that have the same explanation.
const families = {
  Conv2D: "conv", ConvTranspose2D: "conv", BatchNorm: "norm", BatchNormScratch: "norm", GroupNorm: "norm", LayerNorm: "norm", LRN: "norm",
  ReLU: "activation", ReLU6: "activation", LeakyReLU: "activation", ELU: "activation", GELU: "activation", SiLU: "activation", Sigmoid: "activation",
  Tanh: "activation", HardSwish: "activation", HardSigmoid: "activation", Softplus: "activation", Clip: "activation", MaxPool2D: "maxpool", AvgPool2D: "avgpool",
  GlobalAvgPool2D: "avgpool", AdaptiveAvgPool2D: "avgpool", Linear: "linear", Add: "add", Concat: "concat", Flatten: "flatten", Dropout: "dropout",
  Softmax: "softmax", Mul: "mul", Input: "input",
};

export class LayerView {
  constructor(panels) {
    this.panels = panels;
    this.element = el("section", { class: "detail stack", "aria-live": "off" });
  }

  /** Shows the last layer of a row. */
  show(network, row, times) {
    Object.assign(this, { network, row, times });
    this.showNode(row.nodes.some((n) => n.id === this.node?.id) ? this.node : row.last);
  }

  /** Asks for the maps of another picture. */
  refresh() { if (this.node) this.showMaps(); }

  showNode(node) {
    this.node = node;
    this.abort?.abort();
    const several = this.row.nodes.length > 1;
    const family = families[node.kind] ?? "other";
    this.maps = el("div", { class: "stack" });
    this.filters = el("div", { class: "stack" });
    put(this.element,
      el("div", {},
        el("h3", {}, kindName(node.kind)), el("p", { class: "path" }, node.name)),
      several && el("div", { class: "chips", role: "group", "aria-label": t("layer.parts") }, this.row.nodes.map((n) =>
        el("button", { type: "button", "aria-pressed": String(n === node), onclick: () => this.showNode(n) }, kindName(n.kind)))),
      el("p", {}, t(has("family." + family) ? "family." + family : "family.other")),
      this.facts(node), this.maps, this.filters);
    this.showMaps();
    if (node.filters) this.offerFilters();
  }

  facts(n) {
    const fact = (name, value) => el("div", {}, el("dt", {}, t(name)), el("dd", {}, value));
    const share = (part, all) => all ? ` (${percent(part / all)})` : "";
    const list = [fact("layer.output", shapeText(n))];
    if (n.parameters) list.push(fact("layer.parameters", number(n.parameters) + share(n.parameters, this.network.parameters)));
    if (n.multiply_adds) list.push(fact("layer.work", number(n.multiply_adds) + share(n.multiply_adds, this.network.multiply_adds)));
    if (n.receptive_field > 1) {
      const longest = Math.max(...this.network.input.slice(1));
      list.push(fact("layer.field", n.receptive_field >= longest
        ? t("layer.fieldAll", { n: number(n.receptive_field) })
        : t("layer.fieldPart", { n: number(n.receptive_field), share: percent(n.receptive_field / longest) })));
    }
    if (this.times) list.push(fact("layer.time", t("inside.ms", { ms: number(this.times[n.id] ?? 0, 3) })));
    return el("dl", { class: "facts" }, ...list);
  }

  fail(into, e) {
    if (e?.name !== "AbortError") into.append(el("p", { class: "error", role: "alert" }, explainFailure(e)));
  }

  get query() { return { ...this.panels[0].query, layer: this.node.name }; }

  /** Asks for the strongest feature maps for the picture. */
  async showMaps() {
    this.abort?.abort();
    const abort = this.abort = new AbortController();
    const node = this.node;
    if (!node.maps || !picture.blob) {
      this.maps.replaceChildren(node.maps || node.kind === "Input" ? "" : el("p", { class: "note" }, t("layer.noMaps")));
      return;
    }
    const grid = el("div", { class: "grid" });
    const unit = el("div", { class: "stack" });
    const more = el("button", { type: "button", hidden: true }, t("layer.more"));
    const status = el("p", { class: "note busy" }, t("layer.computing"));
    this.maps.replaceChildren(
      el("h4", {}, t("layer.maps")), el("p", { class: "note" }, t("layer.mapsNote", { n: number(node.output[0]) })), status, grid, more, unit);
    this.unit = unit;
    const load = async (from) => {
      try {
        const answer = await ask("v1/features", { ...this.query, from, count: page }, { body: picture.blob, signal: abort.signal });
        const sheet = await decode(answer.sheet.image);
        answer.channels.forEach((c, i) => {
          const canvas = el("canvas");
          paint(canvas, sheet, "heat", { part: tile(answer.sheet, i) });
          const button = el("button", { type: "button", class: "tile", "aria-pressed": "false", "aria-label": t("layer.channel", { n: c.channel }), title: t("layer.channel", { n: c.channel }) }, canvas);
          button.addEventListener("click", () => {
            for (const b of grid.children) b.setAttribute("aria-pressed", String(b === button));
            this.showChannel(c, sheet, tile(answer.sheet, i), abort.signal);
          });
          grid.append(button);
        });
        more.hidden = grid.children.length >= node.output[0];
        more.onclick = () => load(grid.children.length);
        if (from === 0) grid.firstChild?.click();
      } catch (e) { this.fail(this.maps, e); }
      status.hidden = true;
    };
    await load(0);
  }

  /** Shows one map in large, with the receptive field of one of its units. */
  showChannel(c, sheet, area, signal) {
    const large = el("canvas");
    paint(large, sheet, "heat", { part: area });
    const [, h, w] = this.node.output;
    const cross = svg("svg", { class: "cross", viewBox: `0 0 ${w} ${h}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const map = el("div", { class: "large", role: "application", tabindex: 0, "aria-label": t("unit.map", { n: c.channel }), style: { "aspect-ratio": `${w} / ${h}` } }, large, cross);
    const photo = el("img", { src: picture.url, alt: "", class: picture.tiny ? "pixels" : null });
    const effective = el("canvas", { class: "overlay" });
    const outline = svg("svg", { class: "units", viewBox: "0 0 100 100", preserveAspectRatio: "none" });
    const seen = el("p", { class: "note", role: "status" });
    const part = el("canvas", { class: "part", role: "img", "aria-label": t("unit.part") });
    const exciting = el("div", { class: "stack" });
    let at = { y: c.y, x: c.x };
    const show = async () => {
      cross.replaceChildren(
        svg("path", { d: `M${at.x + 0.5} 0V${h}M0 ${at.y + 0.5}H${w}` }), svg("rect", { x: at.x, y: at.y, width: 1, height: 1 }));
      try {
        const f = await ask("v1/receptive-field", { ...this.query, channel: c.channel, ...at }, { body: picture.blob, signal });
        drawField(f, outline, effective);
        showPart(part, photo, f.box);
        seen.textContent = t("unit.field", { x: at.x, y: at.y, w: f.width, h: f.height });
      } catch (e) { this.fail(exciting, e); }
    };
    map.addEventListener("click", (e) => {
      const r = map.getBoundingClientRect();
      at = { x: Math.min(w - 1, Math.max(0, Math.floor((e.clientX - r.left) / r.width * w))), y: Math.min(h - 1, Math.max(0, Math.floor((e.clientY - r.top) / r.height * h))) };
      show();
    });
    map.addEventListener("keydown", (e) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
      if (!step) return;
      e.preventDefault();
      at = { x: Math.min(w - 1, Math.max(0, at.x + step[0])), y: Math.min(h - 1, Math.max(0, at.y + step[1])) };
      show();
    });
    put(this.unit,
      el("h4", {}, t("layer.channel", { n: c.channel })),
      el("p", { class: "note" }, t("unit.note")),
      el("div", { class: "pair" },
        el("figure", {}, map, el("figcaption", {}, t("unit.range", { low: number(c.low, 2), high: number(c.high, 2) }))),
        el("figure", {}, el("div", { class: "frame" }, photo, effective, outline), seen),
        el("figure", { class: "small" }, part, el("figcaption", {}, t("unit.part")))),
      this.network.training_data && el("button", { type: "button", onclick: (e) => this.showExciting(c.channel, exciting, e.currentTarget, signal) }, t("exciting.ask")), exciting);
    show();
  }

  async showExciting(channel, into, button, signal) {
    button.disabled = true;
    into.replaceChildren(el("p", { class: "note busy" }, t("exciting.computing")));
    try {
      const answer = await ask("v1/exciting", { ...this.query, channel }, { signal });
      into.replaceChildren(
        el("p", { class: "note" }, t("exciting.note", { n: number(answer.searched), all: number(answer.of) })),
        el("ul", { class: "exciting" }, answer.pictures.map((p) => {
          const field = svg("svg", { class: "units", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
          drawField({ ...p, box: p.field }, field, null);
          return el("li", {}, el("div", { class: "frame" }, el("img", { src: p.image, alt: t("exciting.alt", { class: p.class }), class: p.tiny ? "pixels" : null }), field), el("small", {}, p.class));
        })));
    } catch (e) {
      into.replaceChildren();
      this.fail(into, e);
    }
    button.disabled = false;
  }

  /** Offers the filters: those of a first convolution, in colours, at once. */
  offerFilters() {
    const into = this.filters, query = this.query;
    const grid = el("div", { class: "grid small" });
    const more = el("button", { type: "button", hidden: true }, t("layer.more"));
    const note = el("p", { class: "note" });
    const load = async (from) => {
      try {
        const answer = await ask("v1/filters", { ...query, from, count: page });
        const sheet = await decode(answer.sheet.image);
        const shown = Math.min(answer.total - from, answer.sheet.count);
        for (let i = 0; i < shown; i++) {
          const canvas = el("canvas", { role: "img", "aria-label": t("filters.one", { n: from + i }) });
          paint(canvas, sheet, answer.colour ? null : "weights", { part: tile(answer.sheet, i) });
          grid.append(el("div", { class: "tile" }, canvas));
        }
        grid.classList.toggle("whole", answer.matrix);
        note.textContent = t(answer.matrix ? "filters.matrix" : answer.colour ? "filters.colour" : "filters.note", { o: number(answer.shape[0]), i: number(answer.shape[1]), h: answer.shape[2], w: answer.shape[3] });
        more.hidden = from + shown >= answer.total;
        more.onclick = () => load(from + shown);
      } catch (e) { this.fail(into, e); }
    };
    const details = el("details", {}, el("summary", {}, t("filters.title")), el("div", { class: "stack" }, note, grid, more));
    let asked = false;
    details.addEventListener("toggle", () => { if (details.open && !asked) { asked = true; load(0); } });
    into.replaceChildren(details);
  }
}

/** Draws a receptive field over a picture: box in shares of the picture; map says how much each pixel counts. */
async function drawField(f, outline, effective) {
  const [left, top, width, height] = f.box;
  const clamp = (v) => Math.min(100, Math.max(0, 100 * v));
  const a = clamp(left), b = clamp(top), c = clamp(left + width), d = clamp(top + height);
  outline.replaceChildren(
    svg("path", { class: "shade", d: `M0 0H100V100H0Z M${a} ${b}V${d}H${c}V${b}Z` }),
    svg("rect", { x: a, y: b, width: c - a, height: d - b }));
  if (!effective) return;
  effective.hidden = !f.map;
  if (f.map) {
    paint(effective, await decode(f.map), "overlay", { least: 224 });
    place(effective, { box: f.input });
  }
}

// Draws the part of a picture that a unit sees, enlarged; not if it is most of the picture.
function showPart(canvas, photo, [left, top, width, height]) {
  const a = Math.max(0, left), b = Math.max(0, top), c = Math.min(1, left + width), d = Math.min(1, top + height);
  const large = (c - a) * (d - b) > 0.5;
  canvas.parentElement.hidden = large;
  if (large || !photo.naturalWidth) return;
  const w = Math.max(1, (c - a) * photo.naturalWidth), h = Math.max(1, (d - b) * photo.naturalHeight);
  canvas.width = Math.min(256, Math.ceil(w));
  canvas.height = Math.max(1, Math.round(canvas.width * h / w));
  canvas.getContext("2d").drawImage(photo, a * photo.naturalWidth, b * photo.naturalHeight, w, h, 0, 0, canvas.width, canvas.height);
}
