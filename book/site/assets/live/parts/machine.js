// The speed of the ways to compute a convolution, measured in this browser.
// Options: {"channels": 32, "side": 28, "kernel": 3, "batch": 1}.
import { barList, button, number, row, runner, say, short3, slider, statusLine } from "../kit.js";
import { el, put } from "../../elements.js";

const translated = { "definition, in float64": "按定义计算，float64", "im2col and GEMM": "im2col 与 GEMM", direct: "直接卷积" };

export default function machine({ root, call, info, options }) {
  const first = { channels: 32, side: 28, kernel: 3, batch: 1, ...options };
  const sliders = {
    channels: slider({ label: say("channels", "通道数"), min: 4, max: 96, step: 4, value: first.channels, onInput() {} }),
    side: slider({ label: say("height and width", "高和宽"), min: 7, max: 56, step: 7, value: first.side, onInput() {} }),
    kernel: slider({ label: say("kernel", "卷积核"), min: 1, max: 7, step: 2, value: first.kernel, onInput() {} }),
    batch: slider({ label: say("images", "图像数"), min: 1, max: 16, value: first.batch, onInput() {} }),
  };
  const bars = barList(say("Speed of each algorithm", "各算法的速度"), true);
  const said = statusLine();
  let rows = [];
  function show() {
    const most = Math.max(...rows.map((r) => r.gflops), 1e-9);
    bars.set(rows.map((r) => ({
      name: say(`${r.algorithm} (${r.engine})`, `${translated[r.algorithm] ?? r.algorithm}（${r.engine}）`), value: r.gflops / most,
      text: `${short3(r.milliseconds)} ms · ${number(r.gflops, 2)} GFLOP/s${r.error ? say(` · error ${r.error.toExponential(1)}`, ` · 误差 ${r.error.toExponential(1)}`) : ""}`,
    })));
  }
  const control = runner({ start: say("Measure", "测量"), async run(signal) {
    rows = [];
    show();
    said.set(say("Measuring…", "正在测量……"));
    try {
      const args = Object.fromEntries(Object.entries(sliders).map(([key, s]) => [key, s.value]));
      const result = await call("machine", args, { signal, onEvent(r) {
        rows.push(r);
        show();
      } });
      rows = result.rows;
      show();
      said.set(say(`Measured with ${result.engine}.`, `测量所用引擎：${result.engine}。`));
    } catch (error) {
      said.set("");
      throw error;
    }
  } });
  put(root, el("div", { class: "live-controls" }, ...Object.values(sliders).map((s) => s.element)),
    row(control.element, button(say("Reset", "重置"), () => {
      control.stop();
      for (const [key, s] of Object.entries(sliders)) s.set(first[key]);
    })), said.element, bars.element,
    el("p", { class: "note" }, say(`This browser has one thread and no vector instructions for the library (${info.kernels}). The error is the greatest difference to the reference engine, relative to the greatest value.`,
      `在浏览器里，库只有一个线程，也没有向量指令（${info.kernels}）。误差是与参考引擎结果的最大差异，相对于最大值。`)));
}
