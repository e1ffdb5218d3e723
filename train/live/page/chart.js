// Line charts as SVG. They are drawn in the size in which they are shown, with at most two points a
// pixel, so that long runs stay quick.
import { el, svg, t, number } from "./base.js";

const height = 220, left = 52, right = 10, top = 10, bottom = 26;

/** A number with three or four digits: 0.0123, 12.3, 1.2e-5. */
export function digits(v) {
  if (v === null || v === undefined || !isFinite(v)) return "–";
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-4 || a >= 1e7)) return v.toExponential(1);
  return a >= 100 ? number(v) : number(v, a >= 10 ? 1 : a >= 0.1 ? 3 : 5);
}

/** 1, 2, 2.5 or 5 times a power of ten, at least v. */
function nice(v) {
  const unit = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 2.5, 5, 10].map((n) => n * unit).find((n) => n >= v * (1 - 1e-9));
}

function ticks(low, high, most) {
  const step = nice((high - low) / most || 1), list = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) list.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return list;
}

/** The path of a series; of more than two points a pixel, the least and the greatest are kept. */
function pathOf(x, y, toX, toY, width) {
  let d = "", pen = false;
  const put = (px, py) => { d += (pen ? "L" : "M") + px.toFixed(1) + " " + py.toFixed(1); pen = true; };
  if (x.length <= 2 * width) {
    for (let i = 0; i < x.length; i++) {
      const py = toY(y[i]);
      if (py === null) pen = false;
      else put(toX(x[i]), py);
    }
    return d;
  }
  let column = null, low, high;
  const flush = () => { if (column !== null) { put(column, low); if (high !== low) put(column, high); } };
  for (let i = 0; i < x.length; i++) {
    const px = Math.round(toX(x[i])), py = toY(y[i]);
    if (py === null) continue;
    if (px !== column) { flush(); column = px; low = high = py; }
    low = Math.min(low, py);
    high = Math.max(high, py);
  }
  flush();
  return d;
}

/**
 * A chart. Its series are {name, x, y, style, kind}: style is a number of the style sheet, kind
 * "faint" for one that stands behind the others and is not in the legend's numbers.
 */
export class Chart {
  constructor(key, { format = digits, log = false, zero = false, top: most = null } = {}) {
    Object.assign(this, { key, format, zero, most, series: [], log: false, cursor: null });
    this.svg = svg("svg", { role: "img", tabindex: 0, height, class: "plot" });
    this.legend = el("ul", { class: "legend" });
    this.scale = log ? el("button", { type: "button", class: "quiet small", "aria-pressed": "false", onclick: () => this.toggle() }) : null;
    this.title = el("h3");
    this.root = el("figure", { class: "card chart" }, el("div", { class: "row spread" }, this.title, this.scale), this.svg, this.legend);
    this.words();
    new ResizeObserver(() => this.draw()).observe(this.root);
    this.svg.addEventListener("pointermove", (e) => this.point((e.clientX - this.svg.getBoundingClientRect().left)));
    this.svg.addEventListener("pointerleave", () => { this.cursor = null; this.draw(); });
    this.svg.addEventListener("keydown", (e) => this.press(e));
    this.svg.addEventListener("blur", () => { this.cursor = null; this.draw(); });
  }

  toggle() {
    this.log = !this.log;
    this.scale.setAttribute("aria-pressed", String(this.log));
    this.draw();
  }

  set(series) {
    this.series = series.filter((s) => s.y.some((v) => v !== null));
    this.root.hidden = this.series.length === 0;
    this.words();
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  /** The places that the cursor may stand at: those of the first series that is not faint. */
  places() { return (this.series.find((s) => s.kind !== "faint") ?? this.series[0])?.x ?? []; }

  point(px) {
    if (!this.toX) return;
    let best = null;
    for (const x of this.places()) if (best === null || Math.abs(this.toX(x) - px) < Math.abs(this.toX(best) - px)) best = x;
    this.cursor = best;
    this.draw();
  }

  press(e) {
    const places = this.places(), at = places.indexOf(this.cursor);
    const to = { ArrowLeft: at < 0 ? places.length - 1 : at - 1, ArrowRight: at < 0 ? places.length - 1 : at + 1, Home: 0, End: places.length - 1, Escape: -1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.cursor = e.key === "Escape" ? null : places[Math.max(0, Math.min(to, places.length - 1))] ?? null;
    this.draw();
  }

  /** The value of a series at a place, the latest before it. */
  at(s, x) {
    if (x === null) x = Infinity;
    for (let i = s.x.length - 1; i >= 0; i--) if (s.x[i] <= x + 1e-9 && s.y[i] !== null) return s.y[i];
    return null;
  }

  range() {
    let low = Infinity, high = -Infinity, far = 0;
    for (const s of this.series) {
      for (let i = 0; i < s.x.length; i++) {
        const v = s.y[i];
        far = Math.max(far, s.x[i]);
        if (v === null || this.log && v <= 0) continue;
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
    }
    if (low > high) [low, high] = [0, 1];
    if (this.zero && !this.log) low = Math.min(low, 0);
    if (this.most !== null) high = Math.max(high, Math.min(this.most, high + (high - low) * 0.05));
    if (low === high && low === 0) high = this.most ?? 1;
    if (low === high) [low, high] = this.log ? [low / 2, high * 2] : [low - Math.abs(low) / 2 - 1e-9, high + Math.abs(high) / 2 + 1e-9];
    if (this.zero && !this.log) low = Math.max(low, 0);
    return { low, high, far: far || 1 };
  }

  draw() {
    if (!this.root.isConnected || this.root.hidden) return;
    const width = this.svg.clientWidth || this.root.clientWidth - 32;
    if (width < 60) return;
    const { low, high, far } = this.range();
    const f = this.log ? Math.log10 : (v) => v;
    const toX = this.toX = (x) => left + x / far * (width - left - right);
    const toY = (v) => v === null || this.log && v <= 0 ? null : height - bottom - (f(v) - f(low)) / (f(high) - f(low)) * (height - top - bottom);
    const marks = this.log ? ticks(f(low), f(high), 5).map((v) => 10 ** v) : ticks(low, high, 5);
    const parts = [];
    for (const v of marks) {
      const y = toY(v);
      parts.push(svg("path", { d: `M${left} ${y}H${width - right}`, class: "grid" }), svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, this.format(v)));
    }
    for (const v of ticks(0, far, Math.max(width / 90, 2)).filter((v) => far < 1 || Number.isInteger(v))) {
      parts.push(svg("text", { x: toX(v), y: height - 8, "text-anchor": "middle" }, digits(v)));
    }
    for (const s of [...this.series].sort((a, b) => (b.kind === "faint") - (a.kind === "faint"))) {
      parts.push(svg("path", { d: pathOf(s.x, s.y, toX, toY, width), class: `line s${s.style} ${s.kind ?? ""}` }));
      if (s.kind !== "faint" && s.x.length <= 40) {
        s.x.forEach((x, i) => { const y = toY(s.y[i]); if (y !== null) parts.push(svg("circle", { cx: toX(x), cy: y, r: 2.5, class: `dot s${s.style}` })); });
      }
    }
    if (this.cursor !== null) parts.push(svg("path", { d: `M${toX(this.cursor)} ${top}V${height - bottom}`, class: "cursor" }));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    this.words();
  }

  words() {
    this.title.textContent = t("chart." + this.key);
    if (this.scale) this.scale.textContent = t("chart.log");
    const items = this.series.map((s) => [s, this.format(this.at(s, this.cursor))]);
    const where = this.cursor === null ? "" : t("chart.at", { n: digits(this.cursor) });
    this.legend.replaceChildren(...items.map(([s, value]) => el("li", {}, svg("svg", { width: 22, height: 10, "aria-hidden": "true" },
      svg("path", { d: "M0 5H22", class: `line s${s.style} ${s.kind ?? ""}` })), `${s.name} `, el("b", {}, value))),
      ...(where ? [el("li", { class: "note" }, where)] : []));
    this.svg.setAttribute("aria-label", [this.title.textContent, where, ...items.map(([s, value]) => `${s.name}: ${value}`)].filter(Boolean).join(", "));
  }
}
