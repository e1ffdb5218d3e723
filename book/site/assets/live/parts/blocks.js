// What a network consists of: change the numbers of its layers and blocks, and see
// shapes, parameters, multiply-adds and receptive fields as bars.
// Options: {"preset": "lenet" | "alexnet" | "vgg" | "nin" | "inception" | "resnet" | "densenet"},
// or {"layers": […], "input": [C, H, W]} as for describe.
import { button, choice, el, newest, number, put, row, say, short, statusLine } from "../kit.js";

const conv = (channels, kernel, more = {}) => ({ kind: "conv", channels, kernel, ...more });
const relu = { kind: "relu" };
const head = [{ kind: "flatten" }, { kind: "linear", units: 4096 }, relu, { kind: "dropout", p: 0.5 }, { kind: "linear", units: 4096 }, relu, { kind: "dropout", p: 0.5 }, { kind: "linear", units: 10 }];
const max3 = { kind: "maxPool", kernel: 3, stride: 2 };
const end = [{ kind: "globalAvgPool" }, { kind: "flatten" }, { kind: "linear", units: 10 }];
const stem = [conv(64, 7, { stride: 2, padding: 3 }), { kind: "batchNorm" }, relu, { ...max3, padding: 1 }];
const presets = {
  lenet: { input: [1, 28, 28], layers: [conv(6, 5, { padding: 2 }), { kind: "sigmoid" }, { kind: "avgPool", kernel: 2, stride: 2 }, conv(16, 5), { kind: "sigmoid" }, { kind: "avgPool", kernel: 2, stride: 2 },
    { kind: "flatten" }, { kind: "linear", units: 120 }, { kind: "sigmoid" }, { kind: "linear", units: 84 }, { kind: "sigmoid" }, { kind: "linear", units: 10 }] },
  alexnet: { input: [1, 224, 224], layers: [conv(96, 11, { stride: 4, padding: 1 }), relu, max3, conv(256, 5, { padding: 2 }), relu, max3, conv(384, 3, { padding: 1 }), relu, conv(384, 3, { padding: 1 }), relu,
    conv(256, 3, { padding: 1 }), relu, max3, ...head] },
  vgg: { input: [1, 224, 224], layers: [...[[1, 64], [1, 128], [2, 256], [2, 512], [2, 512]].map(([convolutions, channels]) => ({ kind: "vggBlock", convolutions, channels })), ...head] },
  nin: { input: [1, 224, 224], layers: [{ kind: "ninBlock", channels: 96, kernel: 11, stride: 4 }, max3, { kind: "ninBlock", channels: 256, kernel: 5, padding: 2 }, max3, { kind: "ninBlock", channels: 384, kernel: 3, padding: 1 },
    max3, { kind: "dropout", p: 0.5 }, { kind: "ninBlock", channels: 10, kernel: 3, padding: 1 }, { kind: "globalAvgPool" }, { kind: "flatten" }] },
  inception: { input: [1, 96, 96], layers: [conv(64, 7, { stride: 2, padding: 3 }), relu, { ...max3, padding: 1 }, conv(64, 1), relu, conv(192, 3, { padding: 1 }), relu, { ...max3, padding: 1 },
    { kind: "inception", c1: 64, c2: [96, 128], c3: [16, 32], c4: 32 }, { kind: "inception", c1: 128, c2: [128, 192], c3: [32, 96], c4: 64 }, { ...max3, padding: 1 }, ...end] },
  resnet: { input: [1, 96, 96], layers: [...stem, ...[64, 128, 256, 512].flatMap((channels, i) => [{ kind: "residual", channels, stride: i ? 2 : 1 }, { kind: "residual", channels, stride: 1 }]), ...end] },
  densenet: { input: [1, 96, 96], layers: [...stem, { kind: "denseBlock", convolutions: 4, growth: 32 }, { kind: "transition", channels: 96 }, { kind: "denseBlock", convolutions: 4, growth: 32 }, { kind: "transition", channels: 112 },
    { kind: "denseBlock", convolutions: 4, growth: 32 }, { kind: "transition", channels: 120 }, { kind: "denseBlock", convolutions: 4, growth: 32 }, { kind: "batchNorm" }, relu, ...end] },
};

// The numbers of each kind, and the ranges of their fields.
const kinds = {
  conv: ["channels", "kernel", "stride", "padding"], maxPool: ["kernel", "stride", "padding"], avgPool: ["kernel", "stride", "padding"], linear: ["units"], vggBlock: ["convolutions", "channels"],
  ninBlock: ["channels", "kernel", "stride", "padding"], inception: ["c1", "c2.0", "c2.1", "c3.0", "c3.1", "c4"], residual: ["channels", "stride"], denseBlock: ["convolutions", "growth"], transition: ["channels"],
  batchNorm: [], relu: [], sigmoid: [], flatten: [], globalAvgPool: [], dropout: [],
};
const names = {
  conv: say("convolution", "卷积"), maxPool: say("maximum pooling", "最大汇聚"), avgPool: say("average pooling", "平均汇聚"), linear: say("fully connected", "全连接"), vggBlock: say("VGG block", "VGG 块"), ninBlock: say("NiN block", "NiN 块"),
  inception: say("Inception block", "Inception 块"), residual: say("residual block", "残差块"), denseBlock: say("dense block", "稠密块"), transition: say("transition", "过渡层"), batchNorm: say("batch normalization", "批量规范化"),
  relu: "ReLU", sigmoid: "sigmoid", flatten: say("flatten", "展平"), globalAvgPool: say("global average", "全局平均汇聚"), dropout: say("dropout", "暂退法"),
};
const keyNames = {
  channels: say("channels", "通道"), kernel: say("kernel", "核"), stride: say("stride", "步幅"), padding: say("padding", "填充"), units: say("units", "单元"), convolutions: say("convolutions", "卷积数"), growth: say("growth", "增长率"),
  c1: "1×1", "c2.0": say("1×1 before 3×3", "3×3 前的 1×1"), "c2.1": "3×3", "c3.0": say("1×1 before 5×5", "5×5 前的 1×1"), "c3.1": "5×5", c4: say("1×1 after pooling", "汇聚后的 1×1"),
};
const fresh = {
  conv: conv(32, 3, { padding: 1 }), maxPool: { kind: "maxPool", kernel: 2, stride: 2 }, avgPool: { kind: "avgPool", kernel: 2, stride: 2 }, linear: { kind: "linear", units: 100 }, vggBlock: { kind: "vggBlock", convolutions: 2, channels: 64 },
  ninBlock: { kind: "ninBlock", channels: 64, kernel: 3, padding: 1 }, inception: { kind: "inception", c1: 32, c2: [32, 48], c3: [8, 16], c4: 16 }, residual: { kind: "residual", channels: 64, stride: 1 },
  denseBlock: { kind: "denseBlock", convolutions: 4, growth: 32 }, transition: { kind: "transition", channels: 64 },
};

export default function blocks({ root, call, options }) {
  const start = options.layers ? { layers: options.layers, input: options.input } : presets[options.preset ?? "lenet"];
  let layers;
  let input;
  const list = el("ol", { class: "live-blocks" });
  const total = statusLine();
  const side = el("input", { type: "number", min: 8, max: 512, "aria-label": say("height and width of the input", "输入的高和宽") });
  const channels = el("input", { type: "number", min: 1, max: 16, "aria-label": say("channels of the input", "输入通道数") });
  const preset = choice({ label: say("Network", "网络"), values: Object.keys(presets).map((p) => [p, { lenet: "LeNet", alexnet: "AlexNet", vgg: "VGG-11", nin: "NiN", inception: say("GoogLeNet, beginning", "GoogLeNet 前段"), resnet: "ResNet-18", densenet: "DenseNet" }[p]]),
    value: options.preset ?? "lenet", onChange: (v) => load(presets[v]) });
  const adding = choice({ label: say("Add at the end of the maps", "添加到末尾的特征映射之后"), values: Object.keys(fresh).map((k) => [k, names[k]]), value: "conv", onChange() {} });
  const same = el("span");
  let rows = [];

  const get = (layer, key) => {
    const [name, index] = key.split(".");
    return (index === undefined ? layer[name] : layer[name]?.[index]) ?? { stride: 1, padding: 0, kernel: 2 }[name] ?? 0;
  };
  function change(layer, key, value) {
    const [name, index] = key.split(".");
    if (index === undefined) layer[name] = value;
    else layer[name][index] = value;
  }

  // build makes the fields; describe fills in what follows from them.
  function build() {
    rows = layers.map((layer, i) => {
      const shape = el("span", { class: "shape" });
      const bars = { parameters: meter(say("parameters", "参数")), multiplyAdds: meter(say("multiply-adds", "乘加")), receptiveField: meter(say("receptive field", "感受野")) };
      const fields = kinds[layer.kind].map((key) => {
        const field = el("input", { type: "number", min: key === "padding" ? 0 : 1, max: 8192, value: get(layer, key) });
        field.addEventListener("input", () => {
          const v = Number(field.value);
          if (!Number.isInteger(v) || field.value === "") return;
          change(layer, key, v);
          update();
        });
        return el("label", {}, keyNames[key], " ", field);
      });
      const remove = button("×", () => {
        layers.splice(i, 1);
        build();
        update();
      }, { class: "quiet icon", "aria-label": say(`Remove ${names[layer.kind]}, entry ${i + 1}`, `删除第 ${i + 1} 项：${names[layer.kind]}`) });
      const element = el("li", { class: kinds[layer.kind].length || layer.kind === "batchNorm" ? "" : "plain" }, el("div", { class: "what" }, el("strong", {}, names[layer.kind]), shape, remove), el("div", { class: "fields" }, ...fields),
        el("div", { class: "meters" }, ...Object.values(bars).map((b) => b.element)));
      return { element, shape, bars };
    });
    put(list, ...rows.map((r) => r.element));
  }

  const compute = newest(async () => {
    const result = await call("describe", { layers, input });
    const sums = layers.map((_, i) => {
      const own = result.layers.filter((l) => l.index === i);
      return {
        parameters: own.reduce((a, l) => a + l.parameters, 0), multiplyAdds: own.reduce((a, l) => a + l.multiplyAdds, 0),
        receptiveField: own.at(-1)?.receptiveField ?? 0, output: own.at(-1)?.output ?? [],
      };
    });
    for (const key of ["parameters", "multiplyAdds", "receptiveField"]) {
      const most = Math.max(...sums.map((s) => s[key])) || 1;
      sums.forEach((s, i) => rows[i].bars[key].set(s[key] / most, s[key] ? (key === "receptiveField" ? `${s[key]}×${s[key]}` : short(s[key])) : "–"));
    }
    sums.forEach((s, i) => { rows[i].shape.textContent = s.output.join("×"); });
    root.dataset.parameters = result.parameters;
    total.set(el("strong", {}, number(result.parameters)), say(" parameters, ", " 个参数，"), el("strong", {}, number(result.multiplyAdds)), say(` multiply-adds an image, activations of ${number(result.activationBytes / 1e6, 1)} MB`, ` 次乘加（每幅图像），激活值 ${number(result.activationBytes / 1e6, 1)} MB`));
  });
  function update() { compute(); }

  function load({ layers: from, input: shape }) {
    layers = structuredClone(from);
    input = [...shape];
    channels.value = input[0];
    side.value = same.textContent = input[1];
    build();
    update();
  }
  for (const field of [channels, side]) {
    field.addEventListener("input", () => {
      const [c, n] = [Number(channels.value), Number(side.value)];
      if (!(c > 0 && n > 0)) return;
      input = [c, n, n];
      same.textContent = n;
      update();
    });
  }
  const add = button(say("Add", "添加"), () => {
    const at = layers.findIndex((l) => ["globalAvgPool", "flatten", "linear"].includes(l.kind));
    layers.splice(at < 0 || adding.value === "linear" ? layers.length : at, 0, structuredClone(fresh[adding.value]));
    build();
    update();
  });
  put(root, row(options.layers ? null : preset.element, el("span", { class: "live-input" }, say("input ", "输入 "), channels, "×", side, "×", same), button(say("Reset", "重置"), () => {
    preset.value = options.preset ?? "lenet";
    load(start);
  })), total.element, list, row(adding.element, add));
  load(start);
}

// A number as a short bar with its name.
function meter(name) {
  const value = el("span");
  const element = el("span", { class: "meter" }, el("span", { class: "name" }, name), value);
  return {
    element,
    set(share, text) {
      element.style.setProperty("--w", `${(100 * share).toFixed(1)}%`);
      value.textContent = text;
    },
  };
}
