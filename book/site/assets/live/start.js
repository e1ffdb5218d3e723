// Starts the live parts of a page. A button in each loads the library, once for all
// of them; then every part of the page is live. Who has started one in this visit
// finds those of the next chapters started when they come into sight.
import { el, number, put } from "../elements.js";
import { say } from "./kit.js";
import { connect } from "./live.js";

const sections = [...document.querySelectorAll(".live[data-live]:not([data-missing])")];
const states = new Map(); // what shows how loading goes, by section
let loading = null;

const library = connect({ onState });

function onState({ state, loaded, total, error }) {
  for (const { status, bar } of states.values()) {
    if (state === "loading") {
      bar.hidden = false;
      if (total) {
        bar.max = total;
        bar.value = loaded;
      }
      status.textContent = say(`Loading the library: ${number(loaded / 1e6, 1)} MB`, `正在加载库：${number(loaded / 1e6, 1)} MB`);
    } else if (state === "failed") {
      status.textContent = error.message;
    }
  }
  if (state === "failed" || state === "stopped") loading = null;
}

/** Loads the library, and then fills all parts of the page. */
function begin() {
  loading ??= library.call("info").then((info) => {
    try { sessionStorage.setItem("stride.live", "1"); } catch { /* the browser keeps nothing: the next page asks again */ }
    for (const section of sections) fill(section, info);
  }, (error) => {
    loading = null;
    for (const [section, { button, status, bar }] of states) {
      bar.hidden = true;
      button.disabled = false;
      status.textContent = error.message;
      section.dataset.state = "failed";
    }
  });
  for (const [section, { button, status }] of states) {
    button.disabled = true;
    status.textContent = say("Starting…", "正在启动……");
    section.dataset.state = "loading";
  }
  return loading;
}

/** Fills a part by its script. */
async function fill(section, info) {
  if (!states.has(section)) return;
  const { place } = states.get(section);
  states.delete(section);
  const root = el("div", { class: "live-body" });
  const failed = el("p", { class: "error", role: "alert", hidden: true });
  place.replaceWith(root, failed);
  const fail = (error) => {
    if (error?.name === "AbortError") return;
    failed.hidden = !error;
    failed.textContent = error ? (error.message ?? String(error)) : "";
  };
  try {
    const part = await import(`./parts/${section.dataset.live}.js`);
    await part.default({
      root, info, fail, id: section.id, options: JSON.parse(section.dataset.options),
      // call computes; an error is shown as the library says it, until a call succeeds.
      async call(name, args, options) {
        try {
          const result = await library.call(name, args, options);
          fail(null);
          return result;
        } catch (error) {
          fail(error);
          throw error;
        }
      },
    });
    section.dataset.state = "ready";
  } catch (error) {
    fail(error);
    section.dataset.state = "failed";
  }
}

const size = document.querySelector("meta[name=stride-library]")?.content;
for (const section of sections) {
  const button = el("button", { type: "button", class: "primary" }, say("Start", "启动"));
  const status = el("span", { class: "note", role: "status" },
    size ? say(`Loads the library once: ${size} MB. It computes in this page; nothing is sent.`, `首次启动加载 ${size} MB 的库，在本页内计算，不发送任何数据。`) : "");
  const bar = el("progress", { "aria-label": say("Loading the library", "加载库"), hidden: true });
  const place = el("div", { class: "live-start row" }, button, status, bar);
  section.querySelector(".live-off").replaceWith(place);
  states.set(section, { place, button, status, bar });
  button.addEventListener("click", begin);
}

let started = null;
try { started = sessionStorage.getItem("stride.live"); } catch { /* the browser keeps nothing */ }
if (started && sections.length) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((e) => e.isIntersecting)) return;
    observer.disconnect();
    begin();
  }, { rootMargin: "50%" });
  for (const section of sections) observer.observe(section);
}

addEventListener("pagehide", () => library.stop());
