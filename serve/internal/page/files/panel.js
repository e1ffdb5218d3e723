// A panel shows what one model says of the picture: the picture with a map over it, and the classes.
import { ask, explainFailure } from "./api.js";
import { el, svg, onLanguage, percent, t, translate } from "./base.js";
import { decode, paint } from "./maps.js";

/** The picture that is looked at: a Blob, its URL and its name. There is one at a time. */
export const picture = { blob: null, url: null, name: "", tiny: false };

let count = 0; // of panels, for names

export class Panel {
  /**
   * models are those of api.models(). changed(panel) is called after the model or the class was chosen;
   * close, if there is one, removes the panel; compare adds another one.
   */
  constructor(models, { changed, close = null, compare = null }) {
    this.changed = changed;
    this.model = models[0]?.name ?? "";
    this.version = null;
    this.predicted = null; // the answer of /v1/predict
    this.chosen = null; // index of the class that is explained
    this.network = null; // a promise of the answer of /v1/network
    this.map = null; // what is drawn over the picture
    this.select = el("select", { "aria-label": t("panel.model"), "data-t-aria-label": "panel.model", onchange: () => this.choose(this.select.value) });
    for (const m of models) {
      const several = m.versions.length > 1;
      for (const v of m.versions.toReversed()) {
        this.select.append(el("option", { value: JSON.stringify([m.name, several ? v : null]) }, several ? `${m.name} (${v})` : m.name));
      }
    }
    this.image = el("img", { class: "photo" });
    this.overlay = el("canvas", { class: "overlay", "aria-hidden": "true" });
    this.unit = svg("svg", { class: "units", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.frame = el("div", { class: "frame" }, this.image, this.overlay, this.unit);
    this.caption = el("figcaption");
    this.classes = el("ul", { class: "bars classes" });
    this.note = el("p", { class: "note" });
    this.status = el("p", { class: "busy note", hidden: true, "data-t": "panel.computing" }, t("panel.computing"));
    this.problem = el("p", { class: "error", role: "alert", hidden: true });
    this.otherList = el("datalist", { id: `classes-${++count}` });
    this.other = el("input", {
      type: "text", class: "other", list: this.otherList.id, autocomplete: "off", hidden: true, onchange: () => this.explainOther(),
      "aria-label": t("panel.otherClass"), "data-t-aria-label": "panel.otherClass", placeholder: t("panel.otherClass"), "data-t-placeholder": "panel.otherClass",
    });
    this.element = el("article", { class: "panel" },
      el("div", { class: "row chooser", hidden: models.length < 2 && (models[0]?.versions.length ?? 0) < 2 && !close }, this.select,
        close && el("button", { type: "button", class: "quiet icon", "aria-label": t("panel.close"), "data-t-aria-label": "panel.close", onclick: close }, "×"),
        compare && el("button", { type: "button", id: "compare", "data-t": "panel.compare", onclick: compare }, t("panel.compare"))),
      el("figure", {}, this.frame, this.caption),
      el("div", { class: "said stack" },
        el("h3", { "data-t": "panel.answer" }, t("panel.answer")), this.status, this.problem, this.classes, el("div", { class: "below" }, this.note, this.other), this.otherList));
    if (models.length) this.choose(this.select.value, false);
    onLanguage(() => { translate(this.element); if (this.predicted) this.showClasses(); this.describe(); });
  }

  /** Parameters of requests that name the model. */
  get query() { return { model: this.model, version: this.version }; }

  choose(value, tell = true) {
    [this.model, this.version] = JSON.parse(value);
    this.select.value = value;
    this.network = null;
    this.chosen = null;
    if (tell) this.changed(this, "model");
  }

  /** What the server says of the model's network; asked once. */
  describeNetwork() {
    this.network ??= ask("v1/network", this.query).catch((e) => { this.network = null; throw e; });
    return this.network;
  }

  /** Asks what the picture shows. It returns whether there is an answer. */
  async predict() {
    this.abort?.abort();
    const abort = this.abort = new AbortController();
    this.image.src = picture.url;
    this.image.classList.toggle("pixels", picture.tiny);
    this.clearMap();
    this.predicted = null;
    this.other.hidden = true;
    this.classes.replaceChildren();
    this.note.textContent = "";
    this.problem.hidden = true;
    this.status.hidden = false;
    this.describe();
    try {
      const answer = await ask("v1/predict", { ...this.query, top: 5 }, { body: picture.blob, signal: abort.signal });
      this.predicted = answer.predictions[0];
      this.chosen = this.predicted.classes[0].index;
      this.showClasses();
      this.offerClasses();
      return true;
    } catch (e) {
      if (abort.signal.aborted) return false;
      this.problem.textContent = explainFailure(e);
      this.problem.hidden = false;
      return false;
    } finally {
      if (this.abort === abort) this.status.hidden = true;
      this.describe();
    }
  }

  showClasses() {
    this.classes.replaceChildren(...this.predicted.classes.map((c) => {
      const button = el("button", { type: "button", class: "bar", "aria-pressed": String(c.index === this.chosen), style: { "--w": `${(100 * c.probability).toFixed(1)}%` } },
        el("span", { class: "name" }, c.class, c.description && el("small", {}, c.description)), el("span", {}, percent(c.probability)));
      button.addEventListener("click", () => {
        this.chosen = c.index;
        for (const b of this.classes.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b === button));
        this.changed(this, "class");
      });
      return el("li", {}, button);
    }));
    const best = this.predicted.classes[0].probability;
    this.note.textContent = this.predicted.warning || t(best < 0.5 ? "panel.unsure" : "panel.clickClass");
  }

  // Offers the classes beyond those that are shown.
  async offerClasses() {
    let names;
    try { names = (await this.describeNetwork()).classes; } catch { return; }
    this.other.hidden = names.length <= this.predicted?.classes.length;
    this.other.value = "";
    this.otherList.replaceChildren(...names.map((value) => el("option", { value })));
  }

  async explainOther() {
    const index = (await this.describeNetwork()).classes.indexOf(this.other.value);
    this.other.setAttribute("aria-invalid", String(index < 0));
    if (index < 0) return;
    this.chosen = index;
    for (const b of this.classes.querySelectorAll("button")) b.setAttribute("aria-pressed", "false");
    this.changed(this, "class");
  }

  describe() {
    const c = this.predicted?.classes[0];
    this.image.alt = c ? t("panel.alt", { name: picture.name, class: c.class, percent: percent(c.probability) }) : picture.name;
  }

  clearMap() {
    this.map = null;
    this.overlay.hidden = true;
    this.frame.classList.remove("dimmed", "mapped");
    this.caption.replaceChildren();
    this.unit.replaceChildren();
  }

  /** Shows an answer of /v1/explain over the picture. */
  async showMap(map, legend) {
    const image = await decode(map.map);
    this.map = map;
    paint(this.overlay, image, (map.fine ? "fine-" : "") + (map.signed ? "signed" : "overlay"), { least: 448 });
    place(this.overlay, map);
    this.overlay.hidden = false;
    this.frame.classList.add("mapped");
    this.frame.classList.toggle("dimmed", map.fine);
    this.caption.replaceChildren(legend);
  }
}

/** Puts an element over the part of the picture that the network was given; in shares of the picture. */
export function place(e, { box }) {
  const [left, top, width, height] = box;
  Object.assign(e.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
}
