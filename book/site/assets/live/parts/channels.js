// Many input channels: each has its kernel, and the results are added. Many output
// channels: each has kernels of its own. Options: {"mode": "many" | "1x1"}.
import { button, choice, grid, named, newest, row, rowsOf, say, short3, statusLine } from "../kit.js";
import { el, put } from "../../elements.js";

const range = (first, h, w) => Array.from({ length: h }, (_, i) => Array.from({ length: w }, (_, j) => first + i * w + j));
const starts = {
  many: () => ({ x: [range(0, 3, 3), range(1, 3, 3)], kernel: [0, 1, 2].map((o) => [range(o, 2, 2), range(1 + o, 2, 2)]) }),
  "1x1": () => ({ x: [range(0, 2, 2), range(1, 2, 2), [[2, 0], [1, 3]]], kernel: [[[[1]], [[0]], [[-1]]], [[[0.5]], [[0.5]], [[0]]]] }),
};

export default function channels({ root, call, options }) {
  let x;
  let kernel; // output channel, input channel, rows
  let out = 0;
  let at = [0, 0];
  const mode = choice({ label: say("Kernels", "卷积核"), values: [["many", "2×2"], ["1x1", "1×1"]], value: options.mode ?? "many", onChange: reset });
  const outputs = el("div", { class: "row", role: "group", "aria-label": say("Output channel", "输出通道") });
  const place = el("div", { class: "live-stack" });
  const said = statusLine();
  let grids = [];
  let total;

  // build makes the grids for the number of channels that there are.
  function build() {
    grids = x.map((_, c) => ({
      input: grid({ label: say(`Input channel ${c}`, `输入通道 ${c}`), onInput(i, j, v) { x[c][i][j] = v; update(); } }),
      kernel: grid({ label: say(`Kernel of input channel ${c}`, `输入通道 ${c} 的卷积核`), onInput(i, j, v) { kernel[out][c][i][j] = v; update(); } }),
      partial: grid({ label: say(`Part of input channel ${c}`, `输入通道 ${c} 的部分和`) }),
    }));
    total = grid({ label: say("Output", "输出"), onPick(i, j) { at = [i, j]; update(); } });
    put(place, ...grids.map((g, c) => el("div", { class: "live-flow" },
      named(say(`Input channel ${c}`, `输入通道 ${c}`), g.input.element), el("span", { class: "live-sign" }, "⋆"), named(say("Kernel", "卷积核"), g.kernel.element),
      el("span", { class: "live-sign" }, "="), named(say("Its part", "部分和"), g.partial.element), el("span", { class: "live-sign" }, c + 1 < x.length ? "+" : "="),
      c + 1 === x.length ? named(say("Sum: the output channel", "相加得到输出通道"), total.element) : null)));
  }

  function showOutputs() {
    put(outputs, ...kernel.map((_, o) => button(say(`Output channel ${o}`, `输出通道 ${o}`), () => {
      out = o;
      showOutputs();
      update();
    }, { "aria-pressed": String(o === out) })));
  }

  const compute = newest(async () => {
    const result = await call("crossCorrelate", { x, kernel, at, channel: out });
    const { window: w, output, partial } = result;
    const inputs = x.length;
    const most = Math.max(...x.flat(2).map(Math.abs)) || 1;
    const largest = Math.max(...output.data.map(Math.abs)) || 1;
    const here = (i, j) => (at[0] === i && at[1] === j ? "taken" : "");
    grids.forEach((g, c) => {
      g.input.set(x[c]);
      g.input.paint((i, j) => ({ classes: w.rows.includes(i) && w.columns.includes(j) ? "taken" : "", share: x[c][i][j] / most }));
      g.kernel.set(kernel[out][c]);
      const part = rowsOf(partial, out * inputs + c);
      g.partial.set(part);
      g.partial.paint((i, j) => ({ classes: here(i, j), share: part[i][j] / largest }));
    });
    const rows = rowsOf(output, out);
    total.set(rows);
    total.paint((i, j) => ({ classes: here(i, j), share: rows[i][j] / largest }));
    const terms = Array.from(w.sums, (v) => (v < 0 ? `(${short3(v)})` : short3(v))).join(" + ");
    said.set(el("strong", {}, short3(w.sum)), ` = ${terms}`);
  });
  function update() { compute(); }
  function reset() {
    ({ x, kernel } = starts[mode.value]());
    out = 0;
    at = [0, 0];
    build();
    showOutputs();
    update();
  }
  put(root, row(mode.element, outputs, button(say("Reset", "重置"), reset)), place, said.element,
    el("p", { class: "note" }, say("Choose a number of the sum to see which windows it comes from. All numbers of inputs and kernels can be edited.",
      "点击和中的数字，查看它来自哪些窗口。输入和卷积核中的数字都可以修改。")));
  reset();
}
