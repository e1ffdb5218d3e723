// The output size: n, k, p, s and d by slider, the formula with their numbers, and a drawing
// of one dimension. Options: {"n": 8, "k": 3, "p": 1, "s": 1, "d": 1}.
import { button, formula, newest, row, say, slider } from "../kit.js";
import { el, put, svg } from "../../elements.js";

export default function sizes({ root, call, options }) {
  const first = { n: 8, k: 3, p: 1, s: 1, d: 1, ...options };
  const make = (key, label, min, max) => slider({ label: `${label} ${key}`, min, max, value: first[key], onInput: update });
  const sliders = {
    n: make("n", say("input size", "输入大小"), 1, 32), k: make("k", say("kernel size", "卷积核大小"), 1, 11), p: make("p", say("padding", "填充"), 0, 6),
    s: make("s", say("stride", "步幅"), 1, 6), d: make("d", say("dilation", "空洞率"), 1, 4),
  };
  const equation = el("p", { class: "live-equation", role: "status" });
  const rule = el("p", { class: "live-equation" });
  formula(rule, "\\left\\lfloor\\dfrac{n + 2p - d\\,(k-1) - 1}{s}\\right\\rfloor + 1", "⌊(n + 2p − d(k−1) − 1) / s⌋ + 1");
  const drawing = svg("svg", { class: "live-strip", role: "img" });

  const compute = newest(async () => {
    const { n, k, p, s, d } = Object.fromEntries(Object.entries(sliders).map(([key, v]) => [key, v.value]));
    const filled = `\\left\\lfloor\\dfrac{${n} + 2\\cdot ${p} - ${d}\\,(${k}-1) - 1}{${s}}\\right\\rfloor + 1`;
    let result;
    try {
      result = await call("describe", { layers: [{ kind: "conv", channels: 1, kernel: k, stride: s, padding: p, dilation: d }], input: [1, n, n] });
    } catch (error) {
      formula(equation, `= ${filled}`, `⌊(${n} + 2·${p} − ${d}·(${k}−1) − 1) / ${s}⌋ + 1`);
      draw(n, k, p, s, d, 0);
      throw error;
    }
    const out = result.output.at(-1);
    formula(equation, `= ${filled} = \\mathbf{${out}}`, `⌊(${n} + 2·${p} − ${d}·(${k}−1) − 1) / ${s}⌋ + 1 = ${out}`);
    draw(n, k, p, s, d, out);
  });
  function update() { compute(); }

  // draw shows the input with its padding as a strip, and below it each window with its taps.
  function draw(n, k, p, s, d, out) {
    const side = 24;
    const gap = 30;
    const step = 12;
    const x = (i) => (i + p) * side;
    const rows = Math.min(out, 40);
    const width = (n + 2 * p) * side + 40;
    const height = gap + 10 + rows * step + 6;
    drawing.setAttribute("viewBox", `-2 -2 ${width} ${height}`);
    drawing.setAttribute("width", width);
    drawing.setAttribute("height", height);
    drawing.setAttribute("aria-label", say(`${n} input positions and ${p} of padding on each side; ${out} windows`, `输入有 ${n} 个位置，两侧各填充 ${p} 个；共 ${out} 个窗口`));
    const parts = [];
    for (let i = -p; i < n + p; i++) {
      parts.push(svg("rect", { x: x(i), y: 0, width: side - 2, height: side - 2, rx: 3, class: i < 0 || i >= n ? "pad" : "cell" }));
      if (i >= 0 && i < n) parts.push(svg("text", { x: x(i) + side / 2 - 1, y: 15 }, String(i)));
    }
    for (let o = 0; o < rows; o++) {
      const y = gap + 6 + o * step;
      const left = o * s - p;
      parts.push(svg("line", { x1: x(left) + side / 2 - 1, x2: x(left + d * (k - 1)) + side / 2 - 1, y1: y, y2: y }));
      for (let a = 0; a < k; a++) parts.push(svg("circle", { cx: x(left + a * d) + side / 2 - 1, cy: y, r: 3.5 }));
      parts.push(svg("text", { x: (n + 2 * p) * side + 10, y: y + 4 }, String(o)));
    }
    put(drawing, ...parts);
  }

  put(root, el("div", { class: "live-controls" }, ...Object.values(sliders).map((v) => v.element)), el("div", { class: "live-equations" }, rule, equation),
    el("div", { class: "scroll" }, drawing),
    row(button(say("Reset", "重置"), () => {
      for (const key of Object.keys(sliders)) sliders[key].set(first[key]);
      update();
    })),
    el("p", { class: "note" }, say("One dimension: squares are the input, dashed ones the padding; each line of dots is a window, one for each output.",
      "图中是一个维度：方格是输入，虚线方格是填充；每一行圆点是一个窗口，对应一个输出。")));
  update();
}
