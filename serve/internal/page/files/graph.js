// The drawing of a network: one row for each layer, from the picture at the top to the scores at the
// bottom, with lines for the connections that skip rows.
import { el, number, short, svg, t, has } from "./base.js";

// Layers that are drawn in the row of the layer before them, if nothing else uses that one's result.
const folded = new Set(["BatchNorm", "BatchNormScratch", "GroupNorm", "LayerNorm", "LRN", "ReLU", "ReLU6", "LeakyReLU", "ELU", "GELU", "SiLU",
  "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Softplus", "Softmax", "Dropout", "Clip", "Identity"]);

// Sizes in pixels; app.css has the same.
const rowHeight = 52, markHeight = 32, lane = 11, dot = 14;

/**
 * Rows of nodes: {nodes, first, last, from: rows, work, y}. A row is a layer with the normalization and
 * activation behind it.
 */
export function rowsOf(nodes) {
  const users = new Map();
  for (const n of nodes) for (const i of n.inputs) users.set(i, (users.get(i) ?? 0) + 1);
  const rows = [], rowOf = new Map(), last = nodes.at(-1);
  for (const n of nodes) {
    const before = n.inputs.length === 1 ? rowOf.get(n.inputs[0]) : undefined;
    if (before && folded.has(n.kind) && before.last.id === n.inputs[0] && users.get(n.inputs[0]) === 1 && before.first.kind !== "Input" && n !== last) {
      before.nodes.push(n);
      before.last = n;
      rowOf.set(n.id, before);
      continue;
    }
    const row = { nodes: [n], first: n, last: n, from: [...new Set(n.inputs.map((i) => rowOf.get(i)).filter(Boolean))] };
    rows.push(row);
    rowOf.set(n.id, row);
  }
  rows.forEach((r, i) => { r.index = i; });
  return rows;
}

/** "56×56" of maps, "" of other results. */
const size = (n) => n.output.length === 3 ? n.output.slice(1).join("×") : "";

/** The name of a kind of layer in the language of the page. */
export const kindName = (kind) => has("kind." + kind) ? t("kind." + kind) : kind;

/** The shape of a result: 64 × 56×56. */
export const shapeText = (n) => n.output.length === 3 ? `${number(n.output[0])} × ${size(n)}` : n.output.map((x) => number(x)).join("×");

// Gives each connection that skips rows a lane of its own beside the rows that it passes.
function lanes(rows) {
  const skips = [];
  for (const r of rows) for (const f of r.from) if (r.index - f.index > 1) skips.push({ from: f, to: r });
  skips.sort((a, b) => (a.to.index - a.from.index) - (b.to.index - b.from.index));
  const taken = []; // by lane: [from, to] of the connections in it
  for (const s of skips) {
    let l = 0;
    while (taken[l]?.some(([a, b]) => s.from.index < b && a < s.to.index)) l++;
    (taken[l] ??= []).push([s.from.index, s.to.index]);
    s.lane = l;
  }
  return { skips, count: taken.length };
}

/** Draws rows; select(row) is called when one is chosen. values(row) is the length of its bar, 0 to 1. */
export function draw(rows, { select, value, valueText }) {
  const { skips, count } = lanes(rows);
  const wide = Math.min(count, 14) * lane + 2 * dot;
  const list = el("ol", { class: "rows" });
  let y = 0, before = null;
  for (const r of rows) {
    const now = size(r.last);
    if (now !== before) {
      list.append(el("li", { class: "mark", style: { "padding-left": `${wide}px` } }, el("span", {}, now ? t("inside.size", { size: now }) : t("inside.vector"))));
      y += markHeight;
      before = now;
    }
    r.y = y + (rowHeight - 7) / 2;
    y += rowHeight;
    const kinds = r.nodes.map((n, i) => i && has("short." + n.kind) ? t("short." + n.kind) : kindName(n.kind));
    r.button = el("button", { type: "button", class: "layer", tabindex: r.index ? -1 : 0, style: { "padding-left": `${wide}px`, "--w": value(r).toFixed(3), "--from": `${wide}px` } },
      el("span", { class: "kind" }, kinds[0], kinds.length > 1 && el("small", {}, " · " + kinds.slice(1).join(" · "))),
      el("span", { class: "shape" }, shapeText(r.last)),
      el("span", { class: "path" }, r.first.name), el("span", { class: "value" }, valueText(r)));
    r.button.addEventListener("click", () => select(r));
    list.append(el("li", {}, r.button));
  }
  list.addEventListener("keydown", (e) => {
    const at = rows.findIndex((r) => r.button === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[e.key];
    if (at < 0 || to === undefined || !rows[to]) return;
    e.preventDefault();
    focusRow(rows, rows[to]);
  });
  return el("div", { class: "drawing" }, connections(rows, skips, wide, y), list);
}

/** Moves the focus to a row, which is then the one that Tab reaches. */
export function focusRow(rows, row) {
  for (const r of rows) r.button.tabIndex = r === row ? 0 : -1;
  row.button.focus();
}

function connections(rows, skips, wide, height) {
  const x = wide - dot;
  const lines = svg("svg", { class: "lines", width: wide, height, viewBox: `0 0 ${wide} ${height}`, "aria-hidden": "true" });
  for (const r of rows) {
    for (const f of r.from) if (r.index - f.index === 1) lines.append(svg("path", { d: `M${x} ${f.y}V${r.y}` }));
  }
  for (const s of skips) {
    const left = x - Math.min(13, s.lane + 1) * lane, a = s.from.y, b = s.to.y, bend = 10;
    lines.append(svg("path", { class: "skip-line", d: `M${x} ${a}C${left} ${a} ${left} ${a} ${left} ${a + bend}V${b - bend}C${left} ${b} ${left} ${b} ${x} ${b}` }));
  }
  for (const r of rows) {
    r.dot = svg("circle", { cx: x, cy: r.y, r: r.from.length > 1 ? 6 : 5 });
    lines.append(r.dot);
  }
  return lines;
}

/** The length of bars and what stands beside them: shares of the time, or of the multiply-adds. */
export function measure(rows, times) {
  const of = (r) => r.nodes.reduce((sum, n) => sum + (times ? times[n.id] ?? 0 : n.multiply_adds), 0);
  const most = Math.max(...rows.map(of), 1e-9);
  return {
    value: (r) => of(r) / most,
    valueText: (r) => {
      const v = of(r);
      if (!v) return "";
      return times ? t("inside.ms", { ms: number(v, v < 1 ? 2 : 1) }) : t("inside.madds", { n: short(v) });
    },
  };
}
