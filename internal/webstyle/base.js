// What all pages of Stride share: texts, elements, numbers, and the switches for language and
// dark mode. No function here takes HTML: texts become text nodes.
import texts from "./texts.js";

const root = document.documentElement;
const listeners = { language: [], theme: [] };

function remembered(key) {
  try { return localStorage.getItem("stride." + key); } catch { return null; }
}

function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem("stride." + key);
    else localStorage.setItem("stride." + key, value);
  } catch { /* the browser keeps nothing: the choice holds for this visit */ }
}

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
  for (const f of listeners.language) f(language);
}

/** Calls f after each change of the language. */
export const onLanguage = (f) => { listeners.language.push(f); };

if (language !== root.lang) {
  root.lang = language;
  translate();
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark. */
export const isDark = () => (root.dataset.theme ?? (systemDark.matches ? "dark" : "light")) === "dark";

/** Makes the page dark or light. The system's own choice is not remembered, so that it goes on to count. */
export function setDark(dark) {
  if (dark === systemDark.matches) {
    delete root.dataset.theme;
    remember("theme", null);
  } else {
    root.dataset.theme = dark ? "dark" : "light";
    remember("theme", root.dataset.theme);
  }
  tellTheme();
}

/** Calls f after each change between light and dark. */
export const onTheme = (f) => { listeners.theme.push(f); };
const tellTheme = () => { for (const f of listeners.theme) f(isDark()); };
systemDark.addEventListener("change", tellTheme);

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

function fill(e, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) e.style.setProperty(k, v);
    else e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return e;
}

/**
 * Makes an element. Attributes that are null or false are left out; onNAME is a listener; style is an
 * object. Children that are strings become text, never HTML.
 */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** Makes an SVG element, as el does. */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Replaces what is in an element, as el does. */
export function put(e, ...children) {
  e.replaceChildren();
  return fill(e, {}, children);
}

const formats = new Map();
function format(options) {
  const key = language + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key);
}

/** A number with separators: 61,706. */
export const number = (n, digits = 0) => format({ maximumFractionDigits: digits }).format(n);

/** A number in short form: 11.7M; 1170万 in Chinese. */
export const short = (n) => format({ notation: "compact", maximumSignificantDigits: 3 }).format(n);

/** A share of 1 as a percentage: 62.4%, <0.1%. */
export function percent(p) {
  const one = format({ style: "percent", maximumFractionDigits: 1 });
  return p > 0 && p < 0.0005 ? "<" + one.format(0.001) : one.format(p);
}

/** A time in milliseconds as text: 0.42 ms, 1.3 s. */
export const duration = (ms) => ms < 1000 ? `${format({ maximumSignificantDigits: 3 }).format(ms)} ms` : `${format({ maximumFractionDigits: 1 }).format(ms / 1000)} s`;
