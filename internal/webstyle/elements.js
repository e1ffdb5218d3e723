// Elements, and numbers in the language of the page. No function here takes HTML: strings become text nodes.

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
  const { lang } = document.documentElement;
  const key = lang + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(lang, options));
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
