// The growth rate of DenseNet: channels, parameters and memory.
// Options: {"growth": 32, "convolutions": 4, "blocks": 4, "batch": 16}.
import { barList, button, newest, row, say, short, slider, number } from "../kit.js";
import { el, put } from "../../elements.js";

export default function growth({ root, call, options }) {
  const first = { growth: 32, convolutions: 4, blocks: 4, batch: 16, ...options };
  const compared = [8, 16, 32, 48];
  const rate = slider({ label: say("growth rate", "增长率"), min: 4, max: 64, step: 4, value: first.growth, onInput: update });
  const convolutions = slider({ label: say("convolutions in a block", "每块的卷积数"), min: 1, max: 8, value: first.convolutions, onInput: update });
  const blocks = slider({ label: say("dense blocks", "稠密块数"), min: 1, max: 4, value: first.blocks, onInput: update });
  const batch = slider({ label: say("batch size", "批量大小"), min: 1, max: 64, value: first.batch, onInput: update });
  const channels = barList(say("Channels", "通道数"));
  const memory = barList(say("Memory of a training step", "一步训练的内存"));
  const parameters = barList(say("Parameters", "参数量"));
  const work = el("p", { class: "live-status", role: "status" });

  const compute = newest(async () => {
    const growths = [...new Set([...compared, rate.value])].sort((a, b) => a - b);
    const { rows } = await call("growth", { growths, convolutions: convolutions.value, blocks: blocks.value, batch: batch.value });
    const chosen = rows.find((r) => r.growth === rate.value);
    const widest = Math.max(...rows.flatMap((r) => r.channels));
    channels.set(chosen.places.map((name, i) => ({ name: say(name, name.replace("start", "开头").replace("block", "稠密块").replace("transition", "过渡层")), value: chosen.channels[i] / widest, text: number(chosen.channels[i]) })));
    const entries = (key, show) => {
      const most = Math.max(...rows.map((r) => r[key]));
      return rows.map((r) => ({ name: say(`growth ${r.growth}`, `增长率 ${r.growth}`), value: r[key] / most, text: show(r[key]), strong: r === chosen }));
    };
    memory.set(entries("trainingBytes", (v) => `${number(v / 1e6, 1)} MB`));
    parameters.set(entries("parameters", (v) => number(v)));
    work.textContent = say(`Growth rate ${chosen.growth}: ${number(chosen.parameters)} parameters, ${short(chosen.multiplyAdds)} multiply-adds an image, activations of ${number(chosen.activationBytes / 1e6, 1)} MB.`,
      `增长率 ${chosen.growth}：参数量 ${number(chosen.parameters)}，每幅图像乘加 ${short(chosen.multiplyAdds)} 次，激活值 ${number(chosen.activationBytes / 1e6, 1)} MB。`);
  });
  function update() { compute(); }
  put(root, el("div", { class: "live-controls" }, rate.element, convolutions.element, blocks.element, batch.element), work,
    el("div", { class: "live-columns" }, titled(say("Channels after each part", "各部分之后的通道数"), channels.element), titled(say("Memory of a training step", "一步训练的内存"), memory.element),
      titled(say("Parameters", "参数量"), parameters.element)),
    row(button(say("Reset", "重置"), () => {
      rate.set(first.growth);
      convolutions.set(first.convolutions);
      blocks.set(first.blocks);
      batch.set(first.batch);
      update();
    })));
  update();
}

const titled = (title, e) => el("figure", { class: "live-figure" }, el("figcaption", {}, title), e);
