// The section that says why: the method, and how much its map hides of the picture.
import { ask, explainFailure } from "./api.js";
import { el, onLanguage, t, translate } from "./base.js";
import { gradient } from "./maps.js";
import { picture } from "./panel.js";

// The methods in the order in which they are offered.
const methods = ["gradcam", "gradcam++", "guided-gradcam", "integrated-gradients", "smoothgrad", "gradient", "guided-backprop", "occlusion"];

export class Why {
  /** panels() returns those whose pictures are explained. */
  constructor(into, panels) {
    this.panels = panels;
    this.method = "gradcam";
    this.layer = "";
    this.cache = new Map(); // of answers for the picture
    this.chips = el("div", { class: "chips", role: "group", "aria-labelledby": "h-why" });
    for (const m of ["off", ...methods]) {
      this.chips.append(el("button", { type: "button", "aria-pressed": String(m === this.method), "data-method": m, onclick: () => this.choose(m) }, t("method." + m)));
    }
    this.about = el("p", { class: "note about" });
    this.opacity = el("input", { type: "range", min: 0, max: 100, value: 65, id: "opacity", oninput: () => this.fade() });
    this.layers = el("select", { id: "cam-layer", onchange: () => { this.layer = this.layers.value; this.update(); } });
    this.layerField = el("label", { class: "field" }, el("span", { "data-t": "why.layer" }), this.layers);
    this.status = el("p", { class: "busy note", role: "status", hidden: true });
    this.problem = el("p", { class: "error", role: "alert", hidden: true });
    into.replaceChildren(
      el("h3", { id: "h-why", "data-t": "why.title" }), this.chips, this.about,
      el("div", { class: "controls" },
        el("label", { class: "field" }, el("span", { "data-t": "why.opacity" }), this.opacity), this.layerField),
      this.status, this.problem);
    this.texts(into);
    onLanguage(() => this.texts(into));
    this.fade();
  }

  texts(into) {
    translate(into);
    for (const b of this.chips.children) b.textContent = t("method." + b.dataset.method);
    this.about.textContent = t("about." + this.method);
    if (this.layers.options.length) this.layers.options[0].textContent = t("why.defaultLayer");
    for (const p of this.panels()) if (p.map) p.caption.replaceChildren(this.legend(p, p.map));
  }

  choose(method) {
    this.method = method;
    for (const b of this.chips.children) b.setAttribute("aria-pressed", String(b.dataset.method === method));
    this.about.textContent = t("about." + method);
    this.update();
  }

  fade() { document.documentElement.style.setProperty("--opacity", this.opacity.value / 100); }

  /** Forgets the answers, for another picture. */
  forget() { this.cache.clear(); }

  /** Offers the layers of a network for methods that work on one. */
  offerLayers(nodes) {
    const before = this.layer;
    this.layers.replaceChildren(el("option", { value: "" }, t("why.defaultLayer")));
    let size = "";
    for (const n of nodes) { // the last of each resolution and block would be enough, but any can be chosen
      if (!n.maps || n.kind === "Input") continue;
      const now = n.output.slice(1).join("×");
      if (now !== size) this.layers.append(el("optgroup", { label: size = now }));
      this.layers.lastChild.append(el("option", { value: n.name }, `${n.name} · ${n.kind}`));
    }
    this.layers.value = before;
    if (this.layers.value !== before) this.layers.value = this.layer = "";
  }

  /** Brings the maps of all panels up to date. */
  async update() {
    this.abort?.abort();
    const abort = this.abort = new AbortController();
    this.problem.hidden = true;
    const takesLayer = ["gradcam", "gradcam++", "guided-gradcam"].includes(this.method);
    this.layerField.hidden = !takesLayer || this.panels().length > 1;
    if (this.method === "off") {
      for (const p of this.panels()) p.clearMap();
      this.status.hidden = true;
      return;
    }
    this.status.textContent = t("why.computing", { method: t("method." + this.method) });
    const late = setTimeout(() => { this.status.hidden = false; }, 150);
    try {
      await Promise.all(this.panels().filter((p) => p.predicted).map(async (p) => {
        const query = { ...p.query, method: this.method, class: p.chosen, layer: takesLayer && this.panels().length === 1 ? this.layer : "" };
        const key = JSON.stringify(query);
        const map = this.cache.get(key) ?? await ask("v1/explain", query, { body: picture.blob, signal: abort.signal });
        this.cache.set(key, map);
        if (!abort.signal.aborted) await p.showMap(map, this.legend(p, map));
      }));
    } catch (e) {
      if (!abort.signal.aborted) {
        this.problem.textContent = explainFailure(e);
        this.problem.hidden = false;
        for (const p of this.panels()) p.clearMap();
      }
    } finally {
      clearTimeout(late);
      if (this.abort === abort) this.status.hidden = true;
    }
  }

  legend(panel, map) {
    return el("div", { class: "legend" },
      el("span", {}, t(map.signed ? "legend.against" : "legend.little")),
      el("span", { class: "scale", style: { background: gradient(map.signed ? "signed" : "overlay") } }),
      el("span", { class: "of" }, t(map.signed ? "legend.for" : "legend.much", { class: map.class })));
  }
}
