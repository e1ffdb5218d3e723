// A contact sheet of random versions of a picture.
// Options: {"index": 0, "list": [{"name": "hflip", "strength": 0.5}, …]}.
import { button, el, newest, put, row, say, slider } from "../kit.js";

const names = {
  hflip: say("flip left and right", "水平翻转"), vflip: say("flip up and down", "垂直翻转"), rotate: say("rotate", "旋转"), crop: say("crop", "裁剪"), shear: say("shear", "错切"),
  shift: say("shift", "平移"), zoom: say("zoom", "缩放"), brightness: say("brightness", "亮度"), contrast: say("contrast", "对比度"), saturation: say("saturation", "饱和度"),
  hue: say("hue", "色调"), blur: say("blur", "模糊"), erase: say("erase a part", "随机擦除"),
};

export default function augment({ root, call, info, options }) {
  let picture = options.index ?? 0;
  let seed = 0;
  const start = Object.fromEntries((options.list ?? [{ name: "hflip", strength: 0.5 }, { name: "rotate", strength: 0.3 }, { name: "crop", strength: 0.4 }]).map((a) => [a.name, a.strength]));
  // The pictures are gray: what changes colours would do nothing.
  const known = info.augmentations.filter((name) => names[name] && name !== "saturation" && name !== "hue");
  const sliders = new Map(known.map((name) => [name, slider({ label: names[name], min: 0, max: 1, step: 0.1, value: start[name] ?? 0, show: (v) => (v ? String(Number(v.toFixed(1))) : say("off", "关")), onInput: update })]));
  const sheet = el("canvas", { class: "live-sheet", role: "img" });
  const pipeline = el("code");

  const compute = newest(async () => {
    const list = [...sliders].filter(([, s]) => s.value > 0).map(([name, s]) => ({ name, strength: s.value }));
    const result = await call("augment", { index: picture, list, seed, count: 15, columns: matchMedia("(max-width: 32rem)").matches ? 4 : 8 });
    const { width, height, rgba } = result.picture;
    sheet.width = width;
    sheet.height = height;
    sheet.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
    sheet.setAttribute("aria-label", say(`The picture and 15 random versions of it by ${result.pipeline || "nothing"}`, `原图及其 15 个随机版本，增广方式：${result.pipeline || "无"}`));
    pipeline.textContent = result.pipeline.replace(/\d+\.\d{4,}/g, (x) => String(Number(Number(x).toPrecision(3)))) || say("nothing", "无");
  });
  function update() { compute(); }
  put(root, el("div", { class: "live-controls" }, ...[...sliders.values()].map((s) => s.element)),
    row(button(say("Draw again", "重新抽取"), () => { seed++; update(); }, { class: "primary" }),
      button(say("Another picture", "换一幅图像"), () => { picture = (picture + 1) % 100; update(); }),
      button(say("Reset", "重置"), () => {
        picture = options.index ?? 0;
        seed = 0;
        for (const [name, s] of sliders) s.set(start[name] ?? 0);
        update();
      })),
    sheet, el("p", { class: "note", role: "status" }, say("The first is the picture itself. In Stride: ", "第一幅是原图。在 Stride 中写作："), pipeline));
  update();
}
