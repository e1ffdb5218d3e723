// What all pages of Stride share: texts, elements, numbers, and the switches for language and
// dark mode. No function here takes HTML: texts become text nodes.
import texts from "./texts.js";
import { el, svg } from "./elements.js";
import { isDark, onTheme, remember, remembered, setDark } from "./theme.js";

export * from "./elements.js";
export * from "./theme.js";

const root = document.documentElement;
const listeners = [];

/** The language of the page, "en" or "zh". */
export let language = texts[remembered("language")] ? remembered("language") : root.lang;

/** The text of a key, with {name} replaced by values. */
export function t(key, values = {}) {
  const text = texts[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (match, name) => values[name] ?? match);
}

/** Whether a key has a text. */
export const has = (key) => key in texts[language];

/** Sets the texts of all elements with data-t="key", and attributes with data-t-NAME="key". */
export function translate(within = document) {
  for (const e of within.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const e of within.querySelectorAll(`[data-t-${name}]`)) e.setAttribute(name, t(e.getAttribute("data-t-" + name)));
  }
}

/** Changes the language, remembers it, and tells those who listen. */
export function setLanguage(name) {
  remember("language", name);
  language = name;
  root.lang = name;
  translate();
  for (const f of listeners) f(language);
}

/** Calls f after each change of the language. */
export const onLanguage = (f) => { listeners.push(f); };

if (language !== root.lang) {
  root.lang = language;
  translate();
}

/** Adds the switches for language and dark mode to an element. */
export function switches(into) {
  const toLanguage = el("button", { type: "button", class: "quiet", "data-t": "base.language", "data-t-aria-label": "base.languageLabel" });
  toLanguage.addEventListener("click", () => setLanguage(language === "zh" ? "en" : "zh"));
  const dark = el("button", { type: "button", class: "quiet icon", "data-t-aria-label": "base.dark", "data-t-title": "base.dark" },
    svg("svg", { viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true" },
      svg("circle", { cx: 12, cy: 12, r: 8, fill: "none", stroke: "currentColor", "stroke-width": 2 }),
      svg("path", { d: "M12 4a8 8 0 0 0 0 16z", fill: "currentColor" })));
  const show = () => {
    dark.setAttribute("aria-pressed", String(isDark()));
    toLanguage.lang = language === "zh" ? "en" : "zh";
  };
  dark.addEventListener("click", () => setDark(!isDark()));
  into.replaceChildren(toLanguage, dark);
  onTheme(show);
  onLanguage(show);
  translate(into);
  show();
}
