// What was seen after an epoch: the confusion matrix, the worst mistakes, the chosen images. One
// slider chooses the epoch of all of them; at its end it follows the training.
import { el, t, percent, number } from "./base.js";
import { ask, query } from "./api.js";
import { digits } from "./chart.js";

/** A figure of an image of the test set, whose source is a data URI. */
function picture(source, ...caption) {
  const none = () => el("span", { class: "none" }, t("epoch.noPicture"));
  let img = none();
  if (/^data:image\/(png|jpeg);base64,/.test(source ?? "")) {
    img = el("img", { src: source, alt: "", width: 96, height: 96 });
    img.addEventListener("load", () => { if (img.naturalWidth <= 64) img.classList.add("pixels"); });
    img.addEventListener("error", () => img.replaceWith(none()));
  }
  return el("figure", { class: "picture" }, img, el("figcaption", {}, ...caption));
}

export class EpochPanel {
  constructor(run) {
    this.run = run;
    this.follows = true;
    this.cache = new Map();
    this.slider = el("input", { type: "range", min: 0, value: 0, "aria-describedby": "epoch-hint" });
    this.slider.addEventListener("input", () => {
      this.follows = Number(this.slider.value) === this.run.epochs.length - 1;
      this.show();
    });
    this.label = el("span");
    this.hint = el("small", { id: "epoch-hint" });
    this.heading = el("h2");
    this.matrix = el("div", { class: "stack" });
    this.worst = el("div", { class: "stack" });
    this.chosen = el("div", { class: "stack" });
    this.root = el("section", { class: "stack", hidden: true }, this.heading,
      el("div", { class: "card sticky" }, el("label", { class: "field wide" }, this.label, this.slider), this.hint), this.chosen, this.matrix, this.worst);
  }

  update() {
    const epochs = this.run.epochs ?? [];
    this.root.hidden = epochs.length === 0 || !this.run.details;
    if (this.root.hidden) return;
    this.heading.textContent = t("epoch.heading", { tested: t("tested." + this.run.tested) });
    this.hint.textContent = t("epoch.hint");
    this.slider.max = epochs.length - 1;
    const at = this.follows ? epochs.length - 1 : Math.max(0, epochs.indexOf(this.epoch));
    this.slider.value = at;
    this.slider.disabled = epochs.length < 2;
    this.show();
  }

  async show() {
    const epoch = this.run.epochs[Number(this.slider.value)];
    this.epoch = epoch;
    this.label.textContent = t("epoch.label", { n: epoch });
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
    try {
      const [seen, chosen] = await Promise.all([this.load(epoch), this.history()]);
      if (this.epoch !== epoch) return; // another one meanwhile
      this.drawMatrix(seen.confusion);
      this.drawWorst(seen.worst ?? []);
      this.drawChosen(seen.chosen ?? [], chosen);
    } catch (error) {
      // When the program has ended, what is shown stays.
      if (this.epoch === epoch && !this.matrix.hasChildNodes()) this.matrix.replaceChildren(el("p", { class: "error" }, error.message));
    }
  }

  async load(epoch) {
    if (!this.cache.has(epoch)) this.cache.set(epoch, await ask("epoch" + query(this.run.name, { epoch })));
    return this.cache.get(epoch);
  }

  /** The predictions for the chosen images in all epochs. */
  async history() {
    const last = this.run.epochs[this.run.epochs.length - 1];
    if (this.until !== last) {
      this.all = await ask("chosen" + query(this.run.name));
      this.until = last;
    }
    return this.all;
  }

  drawMatrix(c) {
    if (!c) return this.matrix.replaceChildren();
    const names = c.classes.map((i) => this.run.className(i));
    const note = c.classes.length < c.all ? [el("small", {}, t("epoch.some", { n: c.classes.length, all: number(c.all) }))] : [];
    const cell = (i, j) => {
      const n = c.counts[i][j], share = c.support[i] ? n / c.support[i] : 0;
      // Small errors are to be seen, so they are shown by their square root.
      const strength = i === j ? share : Math.sqrt(share);
      return el("td", { class: n === 0 ? "" : i === j ? "hit" : "miss", style: { "--p": `${Math.round(strength * 85)}%` }, title: t("epoch.cell", { n, label: names[i], predicted: names[j], share: percent(share) }) }, n === 0 ? "·" : String(n));
    };
    const big = names.length > 20;
    this.matrix.replaceChildren(el("div", { class: "card stack" }, el("h3", {}, t("epoch.confusion")), ...note,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("epoch.confusion") }, el("table", { class: "matrix" + (big ? " big" : "") },
        el("caption", {}, t("epoch.rows")),
        el("thead", {}, el("tr", {}, el("td"), ...names.map((name, j) => el("th", { scope: "col", title: name }, el("span", {}, big ? String(c.classes[j]) : name))))),
        el("tbody", {}, ...names.map((name, i) => el("tr", {}, el("th", { scope: "row", title: name }, big ? `${c.classes[i]} ${name}` : name), ...names.map((_, j) => cell(i, j)))))))));
  }

  drawWorst(worst) {
    if (worst.length === 0) return this.worst.replaceChildren();
    this.worst.replaceChildren(el("div", { class: "card stack" }, el("h3", {}, t("epoch.worst")), el("div", { class: "pictures" },
      ...worst.map((w) => picture(w.picture,
        el("span", { class: "miss-word" }, `${this.run.className(w.predicted)} ${percent(w.probability ?? NaN)}`), el("br"),
        el("span", {}, t("epoch.really", { label: this.run.className(w.label), p: percent(w.label_probability ?? NaN) })), ...(w.name ? [el("small", { class: "one-line", title: w.name }, w.name)] : []))))));
  }

  drawChosen(now, { images, epochs }) {
    if (now.length === 0 || images.length === 0) return this.chosen.replaceChildren();
    const figures = images.map((image) => {
      const top = now.find((p) => p.item === image.item)?.top ?? [];
      // A square for each epoch: right or wrong, stronger the surer.
      const steps = epochs.map((e) => {
        const then = e.chosen.find((o) => o.item === image.item)?.top[0];
        if (!then) return null;
        const right = then.class === image.label;
        return el("i", { class: (right ? "hit" : "miss") + (e.epoch === this.epoch ? " here" : ""), style: { "--p": `${Math.round(20 + 75 * (then.probability ?? 0))}%` }, title: t("epoch.then", { n: e.epoch, name: this.run.className(then.class), p: percent(then.probability ?? NaN) }) });
      });
      return el("div", { class: "chosen" }, picture(image.picture, el("b", {}, this.run.className(image.label)), image.name ? el("small", { class: "one-line", title: image.name }, image.name) : null),
        el("ul", { class: "bars" }, ...top.map((o) => el("li", { class: "bar" + (o.class === image.label ? " right" : ""), style: { "--w": `${100 * (o.probability ?? 0)}%` } }, el("span", {}, this.run.className(o.class)), el("span", {}, percent(o.probability ?? NaN))))),
        el("div", { class: "steps", "aria-hidden": "true" }, ...steps));
    });
    this.chosen.replaceChildren(el("div", { class: "card stack" }, el("h3", {}, t("epoch.chosen")), el("small", {}, t("epoch.chosenHint")), el("div", { class: "choices" }, ...figures)));
  }
}

/** A table with the values of each epoch, for those who do not see the curves. */
export function valuesTable(run) {
  const some = run.rows.length > 200 ? run.rows.filter((_, i) => i % Math.ceil(run.rows.length / 200) === 0 || i === run.rows.length - 1) : run.rows;
  const value = (v) => el("td", {}, digits(v));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...["epoch", "trainLoss", "testLoss", "trainAccuracy", "testAccuracy", "speed", "seconds"].map((k) => el("th", { scope: "col" }, t("values." + k, { tested: t("tested." + run.tested) }))))),
    el("tbody", {}, ...some.map((r) => el("tr", { class: r.epoch === run.best ? "best" : "" }, el("th", { scope: "row" }, String(r.epoch) + (r.epoch === run.best ? " ★" : "")), value(r.train_loss), value(r.test_loss), value(r.train_accuracy), value(r.test_accuracy), value(r.images_per_second), value(r.seconds))))));
}
