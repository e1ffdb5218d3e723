// Maximum and average pooling beside each other, with stride and padding.
// Options: {"x": [[…]], "kernel": 2, "stride": 2, "padding": 0}.
import { button, grid, named, newest, row, rowsOf, say, short3, slider, statusLine } from "../kit.js";
import { el, put } from "../../elements.js";

const start = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]];

export default function pool({ root, call, options }) {
  let x;
  let at = [0, 0];
  const sizes = slider({ label: say("window", "窗口"), min: 1, max: 4, value: 2, onInput: update });
  const strides = slider({ label: say("stride", "步幅"), min: 1, max: 4, value: 1, onInput: update });
  const pads = slider({ label: say("padding", "填充"), min: 0, max: 2, value: 0, onInput: update });
  const input = grid({ label: say("Input", "输入"), onInput(i, j, v) {
    if (x[i - pads.value]?.[j - pads.value] === undefined) return;
    x[i - pads.value][j - pads.value] = v;
    update();
  } });
  const pick = (i, j) => { at = [i, j]; update(); };
  const largest = grid({ label: say("Maximum pooling", "最大汇聚"), onPick: pick });
  const average = grid({ label: say("Average pooling", "平均汇聚"), onPick: pick });
  const said = statusLine();

  const compute = newest(async () => {
    const args = { x, kernel: sizes.value, stride: strides.value, padding: pads.value };
    let result;
    try {
      result = await call("pool", { ...args, at });
    } catch (error) {
      if (at[0] === 0 && at[1] === 0) throw error;
      at = [0, 0];
      result = await call("pool", { ...args, at });
    }
    const p = pads.value;
    const { window: w } = result;
    const inside = (i, j) => x[i - p]?.[j - p] !== undefined;
    const rows = Array.from({ length: x.length + 2 * p }, (_, i) => Array.from({ length: x[0].length + 2 * p }, (_, j) => (inside(i, j) ? x[i - p][j - p] : null)));
    const most = Math.max(...x.flat().map(Math.abs)) || 1;
    input.set(rows, (i, j) => !inside(i, j));
    input.paint((i, j) => ({
      classes: `${inside(i, j) ? "" : "padding "}${w.rows.includes(i - p) && w.columns.includes(j - p) ? "taken" : ""}`, share: (rows[i][j] ?? 0) / most,
    }));
    for (const [table, array] of [[largest, result.max], [average, result.avg]]) {
      const out = rowsOf(array);
      table.set(out);
      table.paint((i, j) => ({ classes: at[0] === i && at[1] === j ? "taken" : "", share: out[i][j] / most }));
    }
    const values = Array.from(w.values.data, short3).join(", ");
    said.set(`max(${values}) = `, el("strong", {}, short3(w.max[0])), say("; average ", "；平均值 "), el("strong", {}, short3(w.avg[0])));
  });
  function update() { compute(); }
  function reset() {
    x = (options.x ?? start).map((r) => [...r]);
    at = [0, 0];
    sizes.set(options.kernel ?? 2);
    strides.set(options.stride ?? 1);
    pads.set(options.padding ?? 0);
    update();
  }
  put(root,
    el("div", { class: "live-flow" }, named(say("Input", "输入"), input.element), el("span", { class: "live-sign" }, "→"),
      named(say("Maximum", "最大值"), largest.element), named(say("Average", "平均值"), average.element)),
    said.element, el("div", { class: "live-controls" }, sizes.element, strides.element, pads.element),
    row(button(say("Reset", "重置"), reset)),
    el("p", { class: "note" }, say("Edit the input, or choose a number of an output to see its window. Padding never is a maximum, and counts as 0 in an average.",
      "可以修改输入；点击输出中的数字可以查看它的窗口。填充不会成为最大值，计算平均值时按 0 计。")));
  reset();
}
