// What a unit sees: choose a layer and a unit of its maps; the rectangle of the input
// that it depends on, and the gradient of the unit with respect to each pixel.
// Options: {"net": "lenet", "layer": "…"}, or {"layers": […], "input": [C, H, W]} as for describe.
import { button, choice, named, newest, raster, row, say, short3, slider, statusLine } from "../kit.js";
import { el, put, svg } from "../../elements.js";

export default async function receptiveField({ root, call, info, options, id }) {
  const fixed = Boolean(options.layers);
  let network = options.net ?? "lenet";
  let layers = [];
  let picture = null;
  const networks = choice({ label: say("Network", "网络"), values: info.networks.map((n) => [n.name, n.title]), value: network, onChange(v) {
    network = v;
    begin();
  } });
  const which = choice({ label: say("Layer", "层"), values: [], onChange: place });
  const ys = slider({ label: say("row of the unit", "单元所在行"), min: 0, max: 1, value: 0, onInput: update });
  const xs = slider({ label: say("column of the unit", "单元所在列"), min: 0, max: 1, value: 0, onInput: update });
  const units = svg("svg", { class: "live-units", role: "img" });
  const input = raster({ label: say("The input", "输入"), size: 224, kind: "gray" });
  const heat = raster({ label: say("The gradient", "梯度"), size: 224, kind: "heat" });
  const frames = [svg("svg", { class: "live-frame", "aria-hidden": "true", preserveAspectRatio: "none" }), svg("svg", { class: "live-frame", "aria-hidden": "true", preserveAspectRatio: "none" })];
  const said = statusLine();

  const common = () => (fixed ? { layers: options.layers, input: options.input } : { network });
  const shapeOf = () => (fixed ? options.input : info.networks.find((n) => n.name === network).input);

  async function begin() {
    picture = null;
    const shape = shapeOf();
    if (shape.join() === "1,28,28") {
      const { pictures } = await call("samplePictures", { label: 9, count: 1 });
      picture = pictures[0].image;
    }
    const result = await call("receptiveField", { ...common(), ...(picture ? { image: picture } : {}) });
    layers = result.layers;
    put(which.select, ...layers.map((l) => el("option", { value: l.name }, `${l.name} ${l.kind}, ${l.output.join("×")}`)));
    which.value = layers.some((l) => l.name === options.layer) ? options.layer : result.layer;
    place();
  }

  // place puts the unit into the middle of a layer.
  function place() {
    const [, h, w] = layers.find((l) => l.name === which.value).output;
    ys.limit(0, h - 1);
    xs.limit(0, w - 1);
    ys.set(Math.floor(h / 2));
    xs.set(Math.floor(w / 2));
    update();
  }

  units.addEventListener("click", (event) => {
    const [, h, w] = layers.find((l) => l.name === which.value).output;
    const box = units.getBoundingClientRect();
    xs.set(Math.min(w - 1, Math.floor(((event.clientX - box.left) / box.width) * w)));
    ys.set(Math.min(h - 1, Math.floor(((event.clientY - box.top) / box.height) * h)));
    update();
  });

  const compute = newest(async () => {
    const layer = layers.find((l) => l.name === which.value);
    const [, h, w] = layer.output;
    units.setAttribute("viewBox", `0 0 ${w} ${h}`);
    units.setAttribute("aria-label", say(`The maps of this layer have ${h}×${w} units; row ${ys.value}, column ${xs.value} is chosen`, `该层的特征映射有 ${h}×${w} 个单元，已选第 ${ys.value} 行第 ${xs.value} 列`));
    const lines = [];
    if (w <= 60) {
      for (let i = 1; i < h; i++) lines.push(svg("line", { x1: 0, x2: w, y1: i, y2: i }));
      for (let j = 1; j < w; j++) lines.push(svg("line", { y1: 0, y2: h, x1: j, x2: j }));
    }
    put(units, svg("rect", { width: w, height: h, class: "all" }), ...lines, svg("rect", { x: xs.value, y: ys.value, width: 1, height: 1, class: "unit" }));
    const result = await call("receptiveField", { ...common(), layer: which.value, y: ys.value, x: xs.value, ...(picture ? { image: picture } : {}) });
    const [height, width] = result.heat.shape.slice(-2);
    if (picture) input.draw(height, width, picture.data, 0, 1);
    else input.draw(height, width, new Float32Array(height * width).fill(0.25), 0, 1);
    heat.draw(height, width, result.heat.data, 0, 1);
    const { top, left, bottom, right } = result.box;
    for (const frame of frames) {
      frame.setAttribute("viewBox", `0 0 ${width} ${height}`);
      put(frame, svg("rect", { x: left, y: top, width: right - left, height: bottom - top }));
    }
    const u = result.unclipped;
    const rows = `${bottom - top}×${right - left}`;
    said.set(result.global ? say(`The unit depends on all ${height}×${width} pixels.`, `该单元依赖全部 ${height}×${width} 个像素。`)
      : el("span", {}, say("The unit depends on ", "该单元依赖 "), el("strong", {}, rows), say(" pixels", " 个像素"),
        u.bottom - u.top > bottom - top || u.right - u.left > right - left
          ? say(`; without the border it would be ${u.bottom - u.top}×${u.right - u.left}`, `；若没有边界，则是 ${u.bottom - u.top}×${u.right - u.left}`) : "",
        say(`. Its value is ${short3(result.activation)}.`, `。它的值是 ${short3(result.activation)}。`)));
  });
  function update() { compute(); }

  put(root, row(fixed ? null : networks.element, which.element), said.element,
    el("div", { class: "live-flow top" }, named(say("The units of a map: choose one", "一张特征映射的各单元：选一个"), units),
      named(say("The input and the receptive field", "输入与感受野"), el("div", { class: "live-over" }, input.element, frames[0])),
      named(say("How much each pixel counts (gradient)", "每个像素的影响（梯度）"), el("div", { class: "live-over" }, heat.element, frames[1]))),
    el("div", { class: "live-controls" }, ys.element, xs.element),
    row(button(say("Reset", "重置"), () => {
      network = options.net ?? "lenet";
      networks.value = network;
      begin().catch(() => {});
    })));
  await begin();
}
