// Two networks are trained side by side: parts/batchnorm.js and parts/residual.js.
import { button, chart, el, number, percent, put, row, runner, say, short3, slider, statusLine, svg } from "./kit.js";

/**
 * Fills a part. what is that of compareTraining, names those of the two networks; view makes what is
 * shown of the layers: { element, start(networks), step(event), clear() }.
 */
export function compare({ root, call, options }, { what, names, view, learningRate = 0.1 }) {
  const first = { depth: 10, steps: 120, learningRate, seed: 0, ...options };
  const depth = slider({ label: say("convolutions", "卷积层数"), min: 4, max: 20, step: 2, value: first.depth, onInput() {} });
  const steps = slider({ label: say("steps", "步数"), min: 40, max: 400, step: 20, value: first.steps, onInput() {} });
  const rate = slider({ label: say("learning rate", "学习率"), min: 0.02, max: 0.5, step: 0.02, value: first.learningRate, show: short3, onInput() {} });
  const seed = slider({ label: say("random seed", "随机种子"), min: 0, max: 20, value: first.seed, onInput() {} });
  const bar = el("progress", { max: 1, value: 0, "aria-label": say("Progress", "进度") });
  const speed = el("span", { class: "note" });
  const said = statusLine();
  const loss = chart({ title: say("Loss", "损失"), x: say("step", "步"), y: "", names, low: 0 });
  const accuracy = chart({ title: say("Accuracy on the training batches", "训练批量上的精度"), x: say("step", "步"), y: "", names, low: 0, high: 1 });
  function clear() {
    loss.clear();
    accuracy.clear();
    view.clear();
    bar.value = 0;
    speed.textContent = "";
  }
  const control = runner({ start: say("Train both", "同时训练"), async run(signal) {
    clear();
    said.set(say("The sample of Fashion-MNIST is loaded (4 MB)…", "正在加载 Fashion-MNIST 样本（4 MB）……"));
    try {
      const result = await call("compareTraining", { what, depth: depth.value, steps: steps.value, learningRate: rate.value, seed: seed.value }, { signal, onEvent(e) {
        if (e.type === "start") {
          loss.range(0, steps.value);
          accuracy.range(0, steps.value);
          view.start(e.networks);
          said.set(say("Both are trained on the same images, step by step.", "两个网络用相同的图像逐步训练。"));
          return;
        }
        bar.value = e.step / e.steps;
        speed.textContent = say(`step ${e.step} of ${e.steps}, ${Math.ceil(e.secondsLeft)} s left`, `第 ${e.step}/${e.steps} 步，还需 ${Math.ceil(e.secondsLeft)} 秒`);
        loss.add(...e.networks.map((n) => [e.step, n.loss]));
        accuracy.add(...e.networks.map((n) => [e.step, n.accuracy]));
        view.step(e);
      } });
      bar.value = 1;
      speed.textContent = "";
      said.set(say("Test accuracy: ", "测试精度："), ...result.networks.flatMap((n, i) => [i ? say(", ", "，") : "", `${names[i]} `, el("strong", {}, percent(n.testAccuracy))]),
        say(`. ${number(result.seconds)} s.`, `。用时 ${number(result.seconds)} 秒。`));
    } catch (error) {
      if (error.name === "AbortError") said.set(say("Stopped.", "已停止。"));
      speed.textContent = "";
      throw error;
    }
  } });
  put(root, el("div", { class: "live-controls" }, depth.element, steps.element, rate.element, seed.element),
    row(control.element, button(say("Reset", "重置"), () => {
      control.stop();
      clear();
      depth.set(first.depth);
      steps.set(first.steps);
      rate.set(first.learningRate);
      seed.set(first.seed);
      said.set("");
    })),
    row(bar, speed), said.element, el("div", { class: "live-columns" }, loss.element, accuracy.element), view.element);
}

/** Bands of quantiles over the steps, a strip for each layer, the two networks beside each other. */
export function distributions(names) {
  const place = el("div", { class: "live-strips" });
  const width = 260;
  const height = 44;
  let strips = []; // by network, then layer
  let history = []; // { step, networks: [[quantiles]] }
  return {
    element: el("figure", { class: "live-figure" },
      el("figcaption", {}, say("Values of each convolution before the activation function, over the steps: median, middle half, and 5 % to 95 %", "每个卷积层在激活函数之前的数值随训练步的变化：中位数、中间一半、5% 到 95%")), place),
    start(networks) {
      history = [];
      strips = networks.map((n) => n.layers.map((name, l) => svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "live-band", role: "img", "aria-label": `${name}, ${names[networks.indexOf(n)]}` })));
      put(place, el("span"), ...names.map((name) => el("span", { class: "live-name" }, name)),
        ...networks[0].layers.flatMap((name, l) => [el("span", { class: "live-name" }, String(l + 1)), strips[0][l], strips[1][l]]));
    },
    step(e) {
      history.push({ step: e.step, networks: e.networks.map((n) => n.layers.map((l) => l.quantiles)) });
      const x = (step) => ((width * step) / e.steps).toFixed(1);
      strips.forEach((list, n) => list.forEach((strip, l) => {
        // The same range for both networks, so that they can be compared.
        const all = history.flatMap((h) => h.networks.flatMap((q) => [q[l][1], q[l][5]])).filter(Number.isFinite);
        const low = Math.min(...all, -1);
        const high = Math.max(...all, 1);
        const y = (v) => (height - 2 - ((Math.max(low, Math.min(high, v)) - low) / (high - low)) * (height - 4)).toFixed(1);
        const band = (a, b) => `M${history.map((h) => `${x(h.step)},${y(h.networks[n][l][a])}`).join("L")}L${history.toReversed().map((h) => `${x(h.step)},${y(h.networks[n][l][b])}`).join("L")}Z`;
        put(strip, svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "rule" }), svg("path", { d: band(1, 5), class: "outer" }), svg("path", { d: band(2, 4), class: "inner" }),
          svg("polyline", { points: history.map((h) => `${x(h.step)},${y(h.networks[n][l][3])}`).join(" ") }),
          svg("text", { x: 3, y: 10 }, short3(high)), svg("text", { x: 3, y: height - 3 }, short3(low)));
      }));
    },
    clear() { put(place); },
  };
}

/** The gradient norm of each layer, now and at the first step. */
export function gradients(names) {
  const now = chart({ title: say("Gradient norm of each convolution, at this step", "当前步各卷积层的梯度范数"), x: say("convolution, from the input", "卷积层，从输入数起"), y: "", names, log: true, height: 260 });
  return {
    element: now.element,
    start(networks) { now.range(1, networks[0].layers.length); },
    step(e) {
      now.clear();
      e.networks[0].layers.forEach((_, l) => now.add(...e.networks.map((n) => [l + 1, n.layers[l].gradientNorm])));
    },
    clear() { now.clear(); },
  };
}
