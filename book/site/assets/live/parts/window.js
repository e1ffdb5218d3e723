// The sliding window: a picture and a kernel that can be edited, the window with its
// products and their sum, and the output.
// Options: {"example": "numbers" | "edges" | "vertical" | "blur" | "corner"}, or
// {"x": [[…]], "kernel": [[…]]}; "padding", "stride", "dilation"; "plain": true leaves out the sliders.
import { button, choice, grid, named, newest, row, rowsOf, say, short3, slider, statusLine } from "../kit.js";
import { el, put } from "../../elements.js";

const band = Array.from({ length: 6 }, () => [1, 1, 0, 0, 0, 0, 1, 1]);
const square = Array.from({ length: 7 }, (_, i) => Array.from({ length: 7 }, (_, j) => (i > 1 && i < 5 && j > 1 && j < 5 ? 1 : 0)));
const examples = {
  numbers: { name: say("Numbers", "数字"), x: [[0, 1, 2], [3, 4, 5], [6, 7, 8]], kernel: [[0, 1], [2, 3]] },
  edges: { name: say("Vertical edges", "垂直边缘"), x: band, kernel: [[1, -1]] },
  corner: { name: say("A square, Sobel's kernel", "方块与 Sobel 卷积核"), x: square, kernel: [[1, 0, -1], [2, 0, -2], [1, 0, -1]] },
  sharpen: { name: say("A square, a kernel that sharpens", "方块与锐化卷积核"), x: square, kernel: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]] },
  blur: { name: say("A square, a kernel that blurs", "方块与模糊卷积核"), x: square, kernel: [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]] },
};

export default function window({ root, call, options }) {
  const copy = (rows) => rows.map((r) => [...r]);
  let x;
  let kernel;
  let at = [0, 0];
  let result = null;
  let timer = 0;

  const pads = slider({ label: say("padding", "填充"), min: 0, max: 3, value: 0, onInput: update });
  const strides = slider({ label: say("stride", "步幅"), min: 1, max: 3, value: 1, onInput: update });
  const dilations = slider({ label: say("dilation", "空洞率"), min: 1, max: 3, value: 1, onInput: update });
  const heights = slider({ label: say("kernel height", "卷积核高度"), min: 1, max: 5, value: 2, onInput: resize });
  const widths = slider({ label: say("kernel width", "卷积核宽度"), min: 1, max: 5, value: 2, onInput: resize });
  const which = choice({ label: say("Example", "示例"), values: Object.entries(examples).map(([key, e]) => [key, e.name]), value: options.example ?? "numbers", onChange: reset });
  const play = button(say("Slide", "滑动"), () => (timer ? pause() : slide()), { class: "primary" });
  const input = grid({ label: say("Input", "输入"), onInput(i, j, v) {
    const p = pads.value;
    if (x[i - p]?.[j - p] === undefined) return;
    x[i - p][j - p] = v;
    update();
  } });
  const weights = grid({ label: say("Kernel", "卷积核"), onInput(i, j, v) { kernel[i][j] = v; update(); } });
  const output = grid({ label: say("Output", "输出"), onPick(i, j) { pause(); go(i, j); } });
  const sum = statusLine();

  // The window follows a pointer that is dragged over the input, if the drag does not begin in a cell to edit.
  input.element.addEventListener("pointermove", (event) => {
    if (!event.buttons || !result) return;
    const place = input.placeOf(event);
    if (!place) return;
    pause();
    const [, oh, ow] = result.output.shape;
    const near = (v, side, most) => Math.max(0, Math.min(most - 1, Math.round((v - ((side - 1) * dilations.value) / 2) / strides.value)));
    go(near(place.i, kernel.length, oh), near(place.j, kernel[0].length, ow));
  });

  function go(i, j) {
    if (at[0] === i && at[1] === j) return;
    at = [i, j];
    update();
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = say("Slide", "滑动");
  }

  function slide() {
    play.textContent = say("Pause", "暂停");
    timer = setInterval(() => {
      if (!result || document.hidden) return;
      const [, h, w] = result.output.shape;
      const next = at[0] * w + at[1] + 1;
      if (next >= h * w) {
        at = [0, 0];
        update();
        pause();
        return;
      }
      at = [Math.floor(next / w), next % w];
      update();
    }, 700);
  }

  function resize() {
    kernel = Array.from({ length: heights.value }, (_, i) => Array.from({ length: widths.value }, (_, j) => kernel[i]?.[j] ?? 0));
    update();
  }

  function reset() {
    pause();
    const example = examples[which.value];
    const own = which.value === (options.example ?? "numbers");
    x = copy(own && options.x || example.x);
    kernel = copy(own && options.kernel || example.kernel);
    at = [0, 0];
    pads.set(own ? options.padding ?? 0 : 0);
    strides.set(own ? options.stride ?? 1 : 1);
    dilations.set(own ? options.dilation ?? 1 : 1);
    heights.set(kernel.length);
    widths.set(kernel[0].length);
    update();
  }

  const compute = newest(async () => {
    const args = { x, kernel, padding: pads.value, stride: strides.value, dilation: dilations.value };
    let answer;
    try {
      answer = await call("crossCorrelate", { ...args, at });
    } catch (error) {
      if (at[0] === 0 && at[1] === 0) throw error;
      at = [0, 0]; // the output has become smaller
      answer = await call("crossCorrelate", { ...args, at });
    }
    result = answer;
    show();
  });

  function update() { compute(); }

  function show() {
    const p = pads.value;
    const { window: w } = result;
    const inside = (i, j) => x[i - p]?.[j - p] !== undefined;
    const rows = Array.from({ length: x.length + 2 * p }, (_, i) => Array.from({ length: x[0].length + 2 * p }, (_, j) => (inside(i, j) ? x[i - p][j - p] : 0)));
    input.set(rows, (i, j) => !inside(i, j));
    const most = Math.max(...x.flat().map(Math.abs)) || 1;
    input.paint((i, j) => {
      const taken = w.rows.includes(i - p) && w.columns.includes(j - p);
      return { classes: `${inside(i, j) ? "" : "padding "}${taken ? "taken" : ""}`, share: rows[i][j] / most };
    });
    weights.set(kernel);
    const heaviest = Math.max(...kernel.flat().map(Math.abs)) || 1;
    weights.paint((i, j) => ({ share: kernel[i][j] / heaviest }));
    const out = rowsOf(result.output);
    const largest = Math.max(...out.flat().map(Math.abs)) || 1;
    output.set(out);
    output.paint((i, j) => ({ classes: at[0] === i && at[1] === j ? "taken" : "", share: out[i][j] / largest }));
    const bracket = (v) => (v < 0 ? `(${short3(v)})` : short3(v));
    const terms = Array.from(w.values.data, (v, n) => el("span", { class: "term" }, `${bracket(v)}·${bracket(w.kernel.data[n])}`));
    const shown = terms.flatMap((t, i) => (i ? [" + ", t] : [t]));
    sum.set(...shown, " = ", el("strong", {}, short3(w.sum)));
  }

  const sliders = el("div", { class: "live-controls" }, pads.element, strides.element, dilations.element, heights.element, widths.element);
  put(root,
    row(options.x ? null : which.element, play, button(say("Reset", "重置"), reset)),
    el("div", { class: "live-flow" }, named(say("Input", "输入"), input.element), el("span", { class: "live-sign" }, "⋆"),
      named(say("Kernel", "卷积核"), weights.element), el("span", { class: "live-sign" }, "="), named(say("Output", "输出"), output.element)),
    sum.element, options.plain ? null : sliders,
    el("p", { class: "note" }, say("Edit any number. Choose a number of the output, or use the arrow keys there, and the window moves to it.",
      "任何数字都可以修改。点击输出中的数字，或在输出上使用方向键，窗口就会移到相应位置。")));
  reset();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) slide();
}
