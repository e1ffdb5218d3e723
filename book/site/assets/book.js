// What a page of the book does beyond showing its text: formulas, the switches for
// language and dark mode, buttons that copy code, and its live parts.
import { el } from "./elements.js";
import { isDark, onTheme, remember, setDark } from "./theme.js";

const chinese = document.documentElement.lang === "zh";
const say = (en, zh) => (chinese ? zh : en);

// Formulas. Their TeX stays where KaTeX cannot set it.
if (globalThis.katex) {
  for (const e of document.querySelectorAll(".math")) {
    const tex = e.textContent;
    try {
      globalThis.katex.render(tex, e, { displayMode: e.classList.contains("display"), throwOnError: true });
      e.classList.add("set");
    } catch (error) {
      e.textContent = tex;
      console.error(`${error.message} in ${tex}`);
    }
  }
}

// Formulas have moved what the address names.
if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView({ behavior: "instant" });

// The language changes at the same place: the last heading above the middle of the window.
const toLanguage = document.getElementById("to-language");
toLanguage.addEventListener("click", () => {
  const { lang } = toLanguage;
  remember("language", lang);
  document.cookie = `stride-language=${lang}; path=/; max-age=31536000; samesite=lax`; // the server asks for it
  const above = [...document.querySelectorAll("article :is(h2, h3, h4)[id]")].filter((h) => h.getBoundingClientRect().top < innerHeight / 2);
  const href = toLanguage.getAttribute("href").split("#")[0];
  toLanguage.href = above.length && scrollY > 0 ? `${href}#${above.at(-1).id}` : href;
});

const toDark = document.getElementById("to-dark");
const showDark = () => toDark.setAttribute("aria-pressed", String(isDark()));
toDark.addEventListener("click", () => setDark(!isDark()));
onTheme(showDark);
showDark();
toDark.hidden = false;

// Buttons that copy code and commands.
async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = say("Copied", "已复制");
  } catch {
    button.textContent = say("The browser refused", "浏览器拒绝了");
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

for (const figure of document.querySelectorAll("figure.code:has(figcaption)")) {
  const button = el("button", { type: "button", class: "copy", "aria-label": say("Copy the code", "复制代码") }, say("Copy", "复制"));
  button.addEventListener("click", () => copy(button, figure.querySelector("pre").textContent));
  figure.append(button);
}
for (const command of document.querySelectorAll("figure.output .command")) {
  const button = el("button", { type: "button", class: "copy-command", "aria-label": say("Copy the command", "复制命令") }, say("Copy", "复制"));
  button.addEventListener("click", () => copy(button, command.textContent));
  command.after(button);
}

// On paper all answers are open, and links to other pages are words: a PDF would have the address of this server.
addEventListener("beforeprint", () => {
  for (const a of document.querySelectorAll("a[href]:not([href^='#'], [href^='https:'])")) {
    a.dataset.href = a.getAttribute("href");
    a.removeAttribute("href");
  }
  for (const d of document.querySelectorAll("article details:not([open])")) {
    d.open = true;
    d.dataset.closed = "";
  }
});
addEventListener("afterprint", () => {
  for (const a of document.querySelectorAll("a[data-href]")) {
    a.setAttribute("href", a.dataset.href);
    delete a.dataset.href;
  }
  for (const d of document.querySelectorAll("details[data-closed]")) {
    d.open = false;
    delete d.dataset.closed;
  }
});

// What is wider than its box can be scrolled with the keyboard; the rest need not be reached.
for (const box of document.querySelectorAll(".scroll[tabindex], pre[tabindex]")) {
  if (box.scrollWidth <= box.clientWidth) box.removeAttribute("tabindex");
}
for (const box of document.querySelectorAll(".math.display")) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

// The contents are folded on a phone, as long as nobody opens them.
const contents = document.querySelector(".contents > details");
const wide = matchMedia("(min-width: 66rem)");
const fold = () => { if (contents) contents.open = wide.matches; };
wide.addEventListener("change", fold);
fold();

// Chapters in the margin: the current one is in sight, and the section being read is marked.
const current = document.querySelector(".contents [aria-current]");
if (current) {
  const list = current.closest(".contents");
  list.scrollTop = Math.max(0, current.offsetTop - list.clientHeight / 3);
}
const sections = new Map([...document.querySelectorAll(".contents .sections a")].map((a) => [a.hash.slice(1), a]));
const headings = [...document.querySelectorAll("article h2[id]")];
let marked = null;
function markSection() {
  const read = headings.filter((h) => h.getBoundingClientRect().top < innerHeight / 3).at(-1);
  const a = read && sections.get(read.id);
  if (a === marked) return;
  marked?.removeAttribute("aria-current");
  a?.setAttribute("aria-current", "location");
  marked = a;
}
addEventListener("scroll", markSection, { passive: true });
markSection();

if (document.querySelector("[data-live]")) import("./live/start.js");
