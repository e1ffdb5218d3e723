// Gradient descent finds the kernel of an edge detector.
// Options: {"steps": 10, "learningRate": 0.03, "seed": 0}.
import { button, chart, grid, named, raster, row, rowsOf, runner, say, short3, slider, statusLine } from "../kit.js";
import { el, put } from "../../elements.js";

const image = Array.from({ length: 6 }, () => [1, 1, 0, 0, 0, 0, 1, 1]);

export default function learnKernel({ root, call, options }) {
  const first = { steps: 10, learningRate: 0.03, seed: 0, ...options };
  const steps = slider({ label: say("steps", "步数"), min: 1, max: 60, value: first.steps, onInput() {} });
  const rate = slider({ label: say("learning rate", "学习率"), min: 0.005, max: 0.1, step: 0.005, value: first.learningRate, show: short3, onInput() {} });
  const seed = slider({ label: say("random seed", "随机种子"), min: 0, max: 20, value: first.seed, onInput() {} });
  const losses = chart({ title: say("Loss", "损失"), x: say("step", "步"), y: say("sum of squares", "平方和"), names: [say("loss", "损失")], low: 0 });
  const kernel = grid({ label: say("Learnt kernel", "学到的卷积核") });
  const x = raster({ label: say("The picture: a black band on white", "图像：白底上的黑带"), size: 150 });
  const target = raster({ label: say("The edges that are to be found", "要检测的边缘"), size: 150, kind: "signed" });
  const output = raster({ label: say("What the learnt kernel gives", "学到的卷积核的输出"), size: 150, kind: "signed" });
  const said = statusLine();
  x.draw(6, 8, image.flat(), 0, 1);

  function draw(result) {
    const [h, w] = result.output.shape.slice(-2);
    target.draw(h, w, result.target.data, -1, 1);
    output.draw(h, w, result.output.data, -1, 1);
  }

  async function run(signal) {
    losses.clear();
    losses.range(1, Math.max(2, steps.value));
    const events = [];
    const done = call("learnKernel", { x: image, kernel: [[1, -1]], steps: steps.value, learningRate: rate.value, seed: seed.value }, { signal, onEvent: (e) => events.push(e) });
    const result = await done;
    // The steps take less than a screen's: they are shown one by one.
    const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : Math.min(120, 2000 / steps.value);
    for (const e of events) {
      signal.throwIfAborted();
      losses.add([e.step, e.loss]);
      kernel.set(rowsOf(e.kernel));
      said.set(say(`Step ${e.step}: loss ${short3(e.loss)}`, `第 ${e.step} 步：损失 ${short3(e.loss)}`));
      if (pause) await new Promise((resolve) => { setTimeout(resolve, pause); });
    }
    draw(result);
    const numbers = Array.from(result.kernel.data, short3).join(say(", ", "，"));
    said.set(say("The kernel is now ", "卷积核现在是 "), el("strong", {}, `(${numbers})`), say("; the edges were made with (1, −1).", "；边缘是用 (1, −1) 得到的。"));
  }
  const control = runner({ start: say("Learn", "学习"), run });
  const pictures = el("div", { class: "live-flow" }, named(say("Picture", "图像"), x.element), named(say("Wanted", "目标"), target.element), named(say("Output", "输出"), output.element),
    named(say("Kernel", "卷积核"), kernel.element));
  put(root, el("div", { class: "live-controls" }, steps.element, rate.element, seed.element),
    row(control.element, button(say("Reset", "重置"), () => {
      control.stop();
      steps.set(first.steps);
      rate.set(first.learningRate);
      seed.set(first.seed);
    })),
    said.element, pictures, losses.element,
    el("p", { class: "note" }, say("Try a learning rate of 0.07: the steps become too long, and the loss grows.", "把学习率调到 0.07 试试：步子太大，损失反而增大。")));
  kernel.set([[null, null]]);
  control.begin.click();
}
