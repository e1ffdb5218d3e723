// Light and dark, and what the browser keeps for the next visit.
const root = document.documentElement;
const listeners = [];

/** What the browser keeps for a key; null if nothing. */
export function remembered(key) {
  try { return localStorage.getItem("stride." + key); } catch { return null; }
}

/** Keeps a value for a key, or with null forgets it. */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem("stride." + key);
    else localStorage.setItem("stride." + key, value);
  } catch { /* the browser keeps nothing: the choice holds for this visit */ }
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
export const onTheme = (f) => { listeners.push(f); };
const tellTheme = () => { for (const f of listeners) f(isDark()); };
systemDark.addEventListener("change", tellTheme);
