// A drawing is classified, and every layer shows what it makes of it.
// Options: {"network": "auto" | "pretrained" | "trained", "fit": true}.
import { barList, button, checkbox, choice, classNames, el, named, newest, percent, put, raster, row, say, statusLine } from "../kit.js";

const side = 28;
const zoom = 10; // the canvas has so many pixels for one of the picture

export default async function draw({ root, call, options }) {
  let strokes = []; // lists of points, or a picture that was chosen
  const pad = el("canvas", { class: "live-pad", width: side * zoom, height: side * zoom, tabindex: 0, role: "img",
    "aria-label": say("Drawing area, white on black. Without a pointer, choose an example below.", "绘图区，黑底白线。不用鼠标或手指时，可以选择下面的示例。") });
  const context = pad.getContext("2d", { willReadFrequently: true });
  const width = choice({ label: say("Brush", "画笔"), values: [["16", say("thin", "细")], ["28", say("medium", "中")], ["44", say("thick", "粗")], ["70", say("very thick", "很粗")]], value: "44", onChange() {} });
  const fit = checkbox({ label: say("Fill the frame, as the training pictures do", "像训练图像那样填满画面"), value: options.fit ?? true, onChange: update });
  const said = statusLine();
  const classes = barList(say("Probabilities", "概率"));
  const seen = raster({ label: say("The picture as the network sees it", "网络看到的图像"), size: 112 });
  const layers = el("div", { class: "live-layers" });
  const examples = el("div", { class: "live-tiles", role: "group", "aria-label": say("Examples", "示例") });

  // The drawing is made again from its strokes, so that one can be taken back.
  function paint() {
    context.globalCompositeOperation = "source-over";
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
    context.lineCap = context.lineJoin = "round";
    for (const s of strokes) {
      if (s.picture) {
        const image = context.createImageData(side, side);
        for (let i = 0; i < side * side; i++) {
          image.data.fill(255 * s.picture[i], 4 * i, 4 * i + 3);
          image.data[4 * i + 3] = 255;
        }
        const small = new OffscreenCanvas(side, side);
        small.getContext("2d").putImageData(image, 0, 0);
        context.imageSmoothingEnabled = false;
        context.drawImage(small, 0, 0, pad.width, pad.height);
        continue;
      }
      context.strokeStyle = "#fff";
      context.lineWidth = s.width;
      context.beginPath();
      s.points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (s.points.length === 1) context.lineTo(s.points[0][0] + 0.1, s.points[0][1]);
      context.stroke();
    }
  }

  // The picture has 28×28 pixels, each the mean of its part of the canvas.
  function pixels() {
    const { data } = context.getImageData(0, 0, pad.width, pad.height);
    const out = new Float32Array(side * side);
    for (let y = 0; y < pad.height; y++) {
      for (let x = 0; x < pad.width; x++) out[Math.floor(y / zoom) * side + Math.floor(x / zoom)] += data[4 * (y * pad.width + x)] / 255 / zoom / zoom;
    }
    return out;
  }

  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * pad.width, ((event.clientY - box.top) / box.height) * pad.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    strokes.push({ width: Number(width.value), points: [place(event)] });
    paint();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!pad.hasPointerCapture(event.pointerId)) return;
    for (const e of event.getCoalescedEvents?.() ?? [event]) strokes.at(-1).points.push(place(e));
    paint();
    update();
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, update);

  const show = newest(async () => {
    const result = await call("predictDrawing", { image: { shape: [side, side], data: pixels() }, network: options.network ?? "auto", fit: fit.value && !strokes.some((s) => s.picture) });
    const order = Array.from(result.probabilities, (p, i) => [p, i]).sort((a, b) => b[0] - a[0]);
    root.dataset.prediction = result.prediction;
    const by = result.network === "trained" ? say("by the network that you have trained", "由你刚训练的网络给出") : say("by the network that comes with the book, which is larger than LeNet", "由本书自带的网络给出，它比 LeNet 大");
    said.set(say("Prediction: ", "预测："), el("strong", {}, classNames[result.prediction]), say(` (${percent(order[0][0])}), ${by}.`, `（${percent(order[0][0])}），${by}。`));
    classes.set(order.slice(0, 5).map(([p, i]) => ({ name: classNames[i], value: p, text: percent(p), strong: i === result.prediction })));
    seen.draw(side, side, result.image.data, 0, 1);
    showLayers(result);
  });

  function showLayers(result) {
    const [kernels, , kh, kw] = result.kernels.shape;
    const parts = [maps(say(`The ${kernels} kernels of the first convolution: blue above 0, orange below`, `第一个卷积层的 ${kernels} 个卷积核：蓝色为正，橙色为负`), result.kernels.data, kernels, kh, kw, "signed", 44)];
    for (const l of result.layers) {
      const { shape, data } = l.output;
      const name = `${l.name} ${l.kind}`;
      if (shape.length === 3) parts.push(maps(say(`${name}: ${shape[0]} maps of ${shape[1]}×${shape[2]}`, `${name}：${shape[0]} 张 ${shape[1]}×${shape[2]} 的特征映射`), data, ...shape, "gray", Math.max(34, 2 * shape[2])));
      else parts.push(maps(say(`${name}: ${data.length} numbers`, `${name}：${data.length} 个数`), data, 1, 1, data.length, "signed", Math.min(520, 8 * data.length)));
    }
    put(layers, ...parts);
  }

  function maps(title, data, n, h, w, kind, size) {
    return el("figure", { class: "live-figure" }, el("figcaption", {}, title), el("div", { class: "live-tiles", role: "img", "aria-label": title }, ...Array.from({ length: n }, (_, i) => {
      const r = raster({ size, kind });
      r.draw(h, w, data.subarray(i * h * w, (i + 1) * h * w));
      return r.element;
    })));
  }

  function update() {
    if (strokes.length) {
      show();
      return;
    }
    said.set(say("Draw a piece of clothing, or choose an example.", "画一件衣物，或选择一个示例。"));
    classes.set([]);
    put(layers);
  }

  function clear() {
    strokes = [];
    paint();
    update();
  }

  const undo = button(say("Undo", "撤销"), () => {
    strokes.pop();
    paint();
    update();
  });
  addEventListener("stride-trained", update);

  put(root, el("div", { class: "live-columns" },
    el("div", { class: "live-stack" }, pad, row(width.element, undo, button(say("Clear", "清除"), clear)), fit.element),
    el("div", { class: "live-stack" }, said.element, classes.element, named(say("What the network sees", "网络看到的图像"), seen.element))),
  named(say("Examples of the test data", "测试数据中的示例"), examples), layers);
  clear();
  const list = [];
  for (let label = 0; label < 10; label++) {
    const { pictures } = await call("samplePictures", { label, count: 1 });
    list.push(pictures[0]);
  }
  put(examples, ...list.map((p) => {
    const r = raster({ size: 52 });
    r.draw(side, side, p.image.data, 0, 1);
    return el("button", { type: "button", class: "live-example", title: classNames[p.label], "aria-label": classNames[p.label], onclick() {
      strokes = [{ picture: p.image.data }];
      paint();
      update();
    } }, r.element);
  }));
}
