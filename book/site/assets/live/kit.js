// What the live parts are built of: fields, grids of numbers, pictures, charts.
// Nothing here computes what the library computes.
import { el, number, put, svg } from "../elements.js";
import { onTheme } from "../theme.js";

export { el, number, percent, put, short, svg } from "../elements.js";

export const chinese = document.documentElement.lang === "zh";

/** The text in the language of the page. */
export const say = (en, zh) => (chinese ? zh : en);

/** The names of Fashion-MNIST's classes, by label. */
export const classNames = chinese
  ? ["T恤", "裤子", "套衫", "连衣裙", "外套", "凉鞋", "衬衫", "运动鞋", "包", "短靴"]
  : ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

let count = 0;
const fresh = (what) => `${what}-${++count}`;

/** A number as people write it: 19, −0.974. */
export function short3(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
  const text = Number.isInteger(x) ? String(x) : Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3 ? x.toPrecision(2) : String(Number(x.toPrecision(3)));
  return text.replace(/-/g, "−");
}

export const button = (text, onClick, more = {}) => el("button", { type: "button", onclick: onClick, ...more }, text);

export const row = (...children) => el("div", { class: "row" }, ...children);

/** A line that screen readers say when it changes. */
export function statusLine() {
  const e = el("p", { class: "live-status", role: "status" });
  return { element: e, set(...what) { put(e, ...what); } };
}

/** A slider with its name and value. onInput gets the number. */
export function slider({ label, min, max, step = 1, value, show = String, onInput }) {
  const id = fresh("slider");
  const input = el("input", { type: "range", id, min, max, step, value });
  const output = el("output", { for: id }, show(value));
  const element = el("div", { class: "live-slider" }, el("label", { for: id }, label), output, input);
  const set = (v) => {
    input.value = v;
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", show(Number(input.value)));
  };
  input.addEventListener("input", () => {
    set(input.value);
    onInput(Number(input.value));
  });
  set(value);
  return {
    element, input, set,
    get value() { return Number(input.value); },
    limit(low, high) {
      input.min = low;
      input.max = high;
      set(input.value);
    },
  };
}

/** A field to choose from pairs of value and text. onChange gets the value. */
export function choice({ label, values, value, onChange }) {
  const id = fresh("choice");
  const select = el("select", { id }, values.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));
  select.addEventListener("change", () => onChange(select.value));
  return {
    element: el("div", { class: "field" }, el("label", { for: id }, label), select), select,
    get value() { return select.value; },
    set value(v) { select.value = v; },
  };
}

export function checkbox({ label, value = false, onChange }) {
  const id = fresh("check");
  const input = el("input", { type: "checkbox", id, checked: value });
  input.addEventListener("change", () => onChange(input.checked));
  return {
    element: el("span", { class: "live-check" }, input, el("label", { for: id }, label)), input,
    get value() { return input.checked; },
    set value(v) { input.checked = v; },
  };
}

/**
 * A grid of numbers. With onInput its cells are fields; with onPick they are buttons. Arrow keys move
 * between cells. paint gives a cell classes and, for its background, a share from −1 to 1.
 */
export function grid({ label, onInput, onPick }) {
  const table = el("table", { class: "live-grid", "aria-label": label });
  const cells = [];
  let rows = 0;
  let columns = 0;

  function move(event) {
    const at = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const { i, j } = event.target.closest("td")?.place ?? {};
    if (!at || i === undefined || event.target.tagName === "INPUT" && !event.ctrlKey && at[0] === 0) return;
    const next = cells[i + at[0]]?.[j + at[1]]?.firstElementChild;
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (onPick) next.click();
  }
  table.addEventListener("keydown", move);

  function cell(i, j) {
    const name = say(`row ${i + 1}, column ${j + 1}`, `第 ${i + 1} 行第 ${j + 1} 列`);
    let inner;
    if (onInput) {
      inner = el("input", { type: "text", inputmode: "decimal", "aria-label": label + say(", ", "，") + name, autocomplete: "off" });
      inner.addEventListener("focus", () => inner.select());
      inner.addEventListener("input", () => {
        const v = Number(inner.value.replace("−", "-").replace(",", "."));
        inner.setAttribute("aria-invalid", String(!Number.isFinite(v) || inner.value.trim() === ""));
        if (Number.isFinite(v) && inner.value.trim() !== "") onInput(i, j, v);
      });
      inner.addEventListener("blur", () => { // what is no number becomes the number that was there
        if (inner.getAttribute("aria-invalid") !== "true") return;
        inner.value = inner.dataset.text;
        inner.setAttribute("aria-invalid", "false");
      });
    } else if (onPick) {
      inner = el("button", { type: "button", onclick: () => onPick(i, j) });
      inner.name = name;
    } else {
      inner = el("span");
    }
    const td = el("td", {}, inner);
    td.place = { i, j };
    return td;
  }

  return {
    element: table,
    /** Sets the numbers, a list of rows, with texts for those that are null. */
    set(values, fixed = null) {
      if (values.length !== rows || values[0].length !== columns) {
        rows = values.length;
        columns = values[0].length;
        cells.length = 0;
        for (let i = 0; i < rows; i++) cells.push(Array.from({ length: columns }, (_, j) => cell(i, j)));
        put(table, el("tbody", {}, cells.map((r) => el("tr", {}, r))));
      }
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const inner = cells[i][j].firstElementChild;
          const text = values[i][j] === null ? "" : short3(values[i][j]);
          if (onInput) {
            inner.dataset.text = text;
            if (document.activeElement !== inner || inner.getAttribute("aria-invalid") !== "true" && Number(inner.value.replace("−", "-")) !== values[i][j]) inner.value = text;
            inner.disabled = Boolean(fixed?.(i, j));
          } else {
            inner.textContent = text;
            if (onPick) inner.setAttribute("aria-label", inner.name + say(": ", "：") + text);
          }
        }
      }
    },
    paint(of) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const { classes = "", share = 0 } = of(i, j);
          const td = cells[i][j];
          td.className = classes;
          td.style.setProperty("--share", Math.min(1, Math.abs(share)).toFixed(3));
          td.classList.toggle("below", share < 0);
        }
      }
    },
    /** The place of the cell that an event happened on. */
    placeOf: (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("td")?.place,
  };
}

/** A grid with its name above it. */
export const named = (name, ...children) => el("div", { class: "live-named" }, el("p", { class: "live-name" }, name), ...children);

/** The rows of a channel of an Array { shape, data }. */
export function rowsOf({ shape, data }, channel = 0) {
  const [h, w] = shape.slice(-2);
  const start = channel * h * w;
  return Array.from({ length: h }, (_, i) => Array.from(data.subarray(start + i * w, start + (i + 1) * w)));
}

const resolved = el("canvas", { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });

/** The red, green and blue of a variable of the style sheet, as the page is now. */
export function color(name) {
  const probe = el("span", { style: { color: `var(${name})` }, hidden: true });
  document.body.append(probe);
  resolved.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  resolved.fillRect(0, 0, 1, 1);
  return [...resolved.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/**
 * A picture of numbers h×w. kind "gray" runs from black to white, "heat" from the paper to
 * orange, and "signed" from orange by way of the paper, which is 0, to blue. It is drawn again when the page
 * turns light or dark. Without a label screen readers pass over it.
 */
export function raster({ label, size = 84, kind = "gray" }) {
  const canvas = el("canvas", { ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }), class: "live-raster", width: 1, height: 1, style: { width: `${size}px` } });
  let last = null;
  function draw() {
    if (!last) return;
    const { h, w, data, low, high } = last;
    canvas.width = w;
    canvas.height = h;
    canvas.style.setProperty("aspect-ratio", `${w} / ${h}`);
    const context = canvas.getContext("2d");
    const image = context.createImageData(w, h);
    const [paper, blue, orange] = kind === "gray" ? [[0, 0, 0], [255, 255, 255]] : [color("--paper"), color("--blue"), color("--orange")];
    const span = Math.max(Math.abs(low), Math.abs(high)) || 1;
    for (let i = 0; i < h * w; i++) {
      let from = paper;
      let to = blue;
      let share = (data[i] - low) / (high - low || 1);
      if (kind === "signed") {
        share = Math.abs(data[i]) / span;
        if (data[i] < 0) to = orange;
      } else if (kind === "heat") {
        to = orange;
      }
      share = Math.max(0, Math.min(1, share));
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c] + (to[c] - from[c]) * share;
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }
  onTheme(draw);
  return {
    element: canvas,
    /** Draws numbers; the range is theirs unless it is given. */
    draw(h, w, data, low = Math.min(...data), high = Math.max(...data)) {
      last = { h, w, data, low, high };
      draw();
    },
  };
}

const palette = ["--blue", "--orange", "--green", "--red"];

/** A chart of lines over a common axis. */
export function chart({ title, x, y, names, low, high, log = false, width = 460, height = 230 }) {
  const left = 48;
  const bottom = 34;
  const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "live-chart", role: "img", "aria-label": title });
  const legend = el("p", { class: "live-legend" }, names.map((name, i) => el("span", { style: { "--line": `var(${palette[i]})` } }, name)));
  let lines = names.map(() => []);
  let range = null;
  const scale = log ? Math.log10 : (v) => v;
  const shown = (v) => Number.isFinite(v) && (!log || v > 0);

  function ticks(from, to, most) {
    const step = 10 ** Math.floor(Math.log10((to - from) / most || 1));
    const nice = [1, 2, 5, 10].map((f) => f * step).find((s) => (to - from) / s <= most) ?? step * 10;
    const list = [];
    for (let v = Math.ceil(from / nice - 1e-9) * nice; v <= to + nice * 1e-6; v += nice) list.push(Number(v.toPrecision(10)));
    return list;
  }

  function draw() {
    const points = lines.flat().filter(([, v]) => shown(v));
    const values = points.map(([, v]) => scale(v));
    let bottomValue = low !== undefined ? scale(low) : Math.min(...values);
    let topValue = high !== undefined ? scale(high) : Math.max(...values);
    if (!points.length) [bottomValue, topValue] = [low === undefined ? 0 : scale(low), high === undefined ? 1 : scale(high)];
    if (topValue - bottomValue < 1e-9) topValue = bottomValue + 1;
    const [first, last] = range ?? [Math.min(...points.map(([u]) => u), 0), Math.max(...points.map(([u]) => u), 1)];
    const px = (u) => left + ((u - first) / (last - first || 1)) * (width - left - 10);
    const py = (v) => height - bottom - ((v - bottomValue) / (topValue - bottomValue)) * (height - bottom - 12);
    const parts = [];
    for (const v of ticks(bottomValue, topValue, 5)) {
      const name = log ? (Number.isInteger(v) ? svg("text", { x: left - 6, y: py(v) + 4, class: "end" }, "10", svg("tspan", { dy: -5, "font-size": 9 }, String(v).replace("-", "−"))) : null)
        : svg("text", { x: left - 6, y: py(v) + 4, class: "end" }, short3(v));
      parts.push(svg("line", { x1: left, x2: width - 10, y1: py(v), y2: py(v), class: "rule" }), name);
    }
    for (const u of ticks(first, last, 6)) parts.push(svg("text", { x: px(u), y: height - bottom + 16, class: "middle" }, short3(u)));
    parts.push(svg("text", { x: (left + width) / 2, y: height - 3, class: "middle name" }, x), svg("text", { x: left, y: 9, class: "name" }, y));
    lines.forEach((line, i) => {
      const at = line.filter(([, v]) => shown(v)).map(([u, v]) => `${px(u).toFixed(1)},${Math.max(-20, Math.min(height + 20, py(scale(v)))).toFixed(1)}`);
      if (at.length === 1) {
        const [cx, cy] = at[0].split(",");
        parts.push(svg("circle", { cx, cy, r: 3, style: { fill: `var(${palette[i]})` } }));
      } else if (at.length) {
        parts.push(svg("polyline", { points: at.join(" "), style: { stroke: `var(${palette[i]})` } }));
      }
    });
    put(plot, ...parts);
    const ends = lines.map((line, i) => (line.length ? `${names[i]}: ${short3(line.at(-1)[1])}` : "")).filter(Boolean).join(", ");
    plot.setAttribute("aria-label", ends ? `${title}${say(". Last values: ", "。最新数值：")}${ends}` : title);
  }
  draw();
  return {
    element: el("figure", { class: "live-figure" }, el("figcaption", {}, title), plot, names.length > 1 ? legend : null),
    /** The range of the horizontal axis. */
    range(from, to) {
      range = [from, to];
      draw();
    },
    add(...values) { // [x, y] or null for each line
      values.forEach((v, i) => { if (v) lines[i].push(v); });
      draw();
    },
    clear() {
      lines = names.map(() => []);
      draw();
    },
  };
}

/** Bars: a list of { name, value, text }, where value is a share of 1; with long, texts stand below names on a phone. */
export function barList(label, long = false) {
  const list = el("ul", { class: long ? "bars long" : "bars", "aria-label": label });
  return {
    element: list,
    set(entries) {
      put(list, ...entries.map(({ name, value, text, strong }) => el("li", { class: strong ? "bar strong" : "bar", style: { "--w": `${(100 * value).toFixed(1)}%` } }, el("span", {}, name), el("span", {}, text))));
    },
  };
}

/** A formula in TeX where KaTeX is there, otherwise a text. */
export function formula(e, tex, text) {
  if (globalThis.katex) globalThis.katex.render(tex, e, { displayMode: false, throwOnError: false });
  else e.textContent = text;
}

/**
 * Runs f again and again with the newest arguments: while one call is under way, only the last of those
 * that come meanwhile is kept.
 */
export function newest(f) {
  let running = false;
  let next = null;
  return async function run(...args) {
    next = args;
    if (running) return;
    running = true;
    try {
      while (next) {
        const now = next;
        next = null;
        await f(...now);
      }
    } catch { // the call has shown it
    } finally {
      running = false;
      if (next) run(...next);
    }
  };
}

/** Buttons that start and stop something long. run gets a signal. */
export function runner({ start, run, onEnd = () => {} }) {
  let abort = null;
  const begin = button(start, async () => {
    if (abort) return;
    abort = new AbortController();
    begin.disabled = true;
    end.disabled = false;
    try {
      await run(abort.signal);
    } catch { // the call has shown it
    } finally {
      abort = null;
      begin.disabled = false;
      end.disabled = true;
      onEnd();
    }
  }, { class: "primary" });
  const end = button(say("Stop", "停止"), () => abort?.abort(), { class: "stop", disabled: true });
  return { element: row(begin, end), begin, end, stop: () => abort?.abort() };
}
