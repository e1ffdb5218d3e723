// LeNet is trained in the page on the sample of Fashion-MNIST.
// Options are those of trainLeNet; "epochs" and others are where the fields start.
import { button, chart, choice, classNames, el, number, percent, put, raster, row, runner, say, slider, statusLine } from "../kit.js";

export default function trainLeNet({ root, call, options, id }) {
  const first = { activation: "sigmoid", pooling: "avg", epochs: 0, batchNorm: "no", optimizer: "adam", learningRate: 0, ...options };
  if (options.batchNorm) first.batchNorm = "yes";
  const fields = {
    activation: choice({ label: say("Activation", "激活函数"), values: [["sigmoid", "sigmoid"], ["tanh", "tanh"], ["relu", "ReLU"]], value: first.activation, onChange() {} }),
    pooling: choice({ label: say("Pooling", "汇聚"), values: [["avg", say("average", "平均")], ["max", say("maximum", "最大")]], value: first.pooling, onChange() {} }),
    batchNorm: choice({ label: say("Batch normalization", "批量规范化"), values: [["no", say("without", "无")], ["yes", say("with", "有")]], value: first.batchNorm, onChange() {} }),
    optimizer: choice({ label: say("Optimizer", "优化算法"), values: [["adam", "Adam"], ["momentum", say("SGD with momentum", "带动量的 SGD")], ["sgd", "SGD"]], value: first.optimizer, onChange() {} }),
    learningRate: choice({ label: say("Learning rate", "学习率"), values: [["0", say("one that suits", "自动选择")], ...[0.0005, 0.001, 0.002, 0.004, 0.01, 0.05, 0.1, 0.3, 0.9].map((r) => [String(r), String(r)])], value: String(first.learningRate), onChange() {} }),
    epochs: choice({ label: say("Training", "训练轮数"), values: [["0", say("default", "默认")], ["1", say("1 epoch", "1 轮")], ["3", say("3 epochs", "3 轮")], ["10", say("10 epochs", "10 轮")], ["20", say("20 epochs", "20 轮")]],
      value: String(first.epochs), onChange() {} }),
  };
  const seed = slider({ label: say("random seed", "随机种子"), min: 0, max: 20, value: options.seed ?? 0, onInput() {} });
  const bar = el("progress", { max: 1, value: 0, "aria-label": say("Progress", "进度") });
  const speed = el("span", { class: "note" });
  const said = statusLine();
  const loss = chart({ title: say("Loss", "损失"), x: say("epoch", "轮"), y: "", names: [say("training", "训练"), say("test", "测试")], low: 0 });
  const accuracy = chart({ title: say("Accuracy", "精度"), x: say("epoch", "轮"), y: "", names: [say("training", "训练"), say("test", "测试")], low: 0, high: 1 });
  const confusion = el("div", { class: "scroll" });
  const mistakes = el("div", { class: "live-tiles" });

  function showConfusion({ data }) {
    const sums = classNames.map((_, i) => data.subarray(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0));
    put(confusion, el("table", { class: "live-confusion" }, el("caption", {}, say("Rows: what the picture shows. Columns: what the network says.", "行：图像的真实类别；列：网络的预测。")),
      el("thead", {}, el("tr", {}, el("td"), ...classNames.map((name) => el("th", { scope: "col" }, el("span", {}, name))))),
      el("tbody", {}, ...classNames.map((name, i) => el("tr", {}, el("th", { scope: "row" }, name),
        ...classNames.map((_, j) => el("td", { class: i === j ? "right" : "wrong", style: { "--share": (data[10 * i + j] / (sums[i] || 1)).toFixed(3) } }, String(data[10 * i + j]))))))));
  }

  function showExamples(examples) {
    put(mistakes, ...examples.map((e) => {
      const picture = raster({ label: classNames[e.label], size: 64 });
      picture.draw(28, 28, e.image.data, 0, 1);
      return el("figure", { class: e.label === e.prediction ? "live-tile" : "live-tile wrong" }, picture.element,
        el("figcaption", {}, classNames[e.prediction], el("br"), el("small", {}, e.label === e.prediction ? percent(e.probability) : say(`is: ${classNames[e.label]}`, `实为${classNames[e.label]}`))));
    }));
  }

  const time = (s) => (s < 90 ? say(`${Math.ceil(s)} s`, `${Math.ceil(s)} 秒`) : say(`${Math.ceil(s / 60)} min`, `${Math.ceil(s / 60)} 分钟`));
  function onEvent(e) {
    if (e.type === "start") {
      loss.range(0, e.epochs);
      accuracy.range(0, e.epochs);
      said.set(say(`${number(e.parameters)} parameters, ${number(e.images)} training images, ${e.epochs} epochs, learning rate ${number(e.learningRate, 4)}`,
        `参数量 ${number(e.parameters)}，训练图像 ${number(e.images)} 幅，${e.epochs} 轮，学习率 ${number(e.learningRate, 4)}`));
    } else if (e.type === "step") {
      bar.value = e.at / e.epochs;
      speed.textContent = say(`epoch ${e.epoch} of ${e.epochs}, loss ${number(e.loss, 3)}, ${number(e.imagesPerSecond)} images/s, ${time(e.secondsLeft)} left`,
        `第 ${e.epoch}/${e.epochs} 轮，损失 ${number(e.loss, 3)}，每秒 ${number(e.imagesPerSecond)} 幅，还需 ${time(e.secondsLeft)}`);
      loss.add([e.at, e.loss], null);
      accuracy.add([e.at, e.accuracy], null);
    } else if (e.type === "epoch") {
      loss.add(null, [e.epoch, e.testLoss]);
      accuracy.add(null, [e.epoch, e.testAccuracy]);
      said.set(say(`After epoch ${e.epoch}: test accuracy ${percent(e.testAccuracy)}`, `第 ${e.epoch} 轮后：测试精度 ${percent(e.testAccuracy)}`));
      showConfusion(e.confusion);
      showExamples(e.examples);
    }
  }

  function clear() {
    loss.clear();
    accuracy.clear();
    put(confusion);
    put(mistakes);
    bar.value = 0;
    speed.textContent = "";
  }

  const control = runner({ start: say("Train", "训练"), async run(signal) {
    clear();
    said.set(say("The sample of Fashion-MNIST is loaded (4 MB)…", "正在加载 Fashion-MNIST 样本（4 MB）……"));
    const args = { ...options, activation: fields.activation.value, pooling: fields.pooling.value, batchNorm: fields.batchNorm.value === "yes", optimizer: fields.optimizer.value,
      learningRate: Number(fields.learningRate.value), seed: seed.value };
    delete args.epochs;
    if (fields.epochs.value !== "0") args.epochs = Number(fields.epochs.value);
    try {
      const result = await call("trainLeNet", args, { signal, onEvent });
      bar.value = 1;
      speed.textContent = "";
      root.dataset.accuracy = result.testAccuracy;
      said.set(say("Test accuracy ", "测试精度 "), el("strong", {}, percent(result.testAccuracy)),
        say(` after ${result.epochs} epochs in ${time(result.seconds)}, ${number(result.imagesPerSecond)} images a second. The network stays in this page: you can draw for it.`,
          `，共 ${result.epochs} 轮，用时 ${time(result.seconds)}，每秒 ${number(result.imagesPerSecond)} 幅。网络保留在本页中，可以画图让它识别。`));
      dispatchEvent(new CustomEvent("stride-trained"));
    } catch (error) {
      if (error.name === "AbortError") {
        said.set(say("Stopped.", "已停止。"));
        speed.textContent = "";
      }
      throw error;
    }
  } });

  put(root, el("div", { class: "live-controls" }, ...Object.values(fields).map((f) => f.element), seed.element),
    row(control.element, button(say("Reset", "重置"), () => {
      control.stop();
      clear();
      for (const [key, f] of Object.entries(fields)) f.value = String(first[key]);
      seed.set(options.seed ?? 0);
      said.set("");
    })),
    row(bar, speed), said.element, el("div", { class: "live-columns" }, loss.element, accuracy.element),
    mistakes, confusion);
}
