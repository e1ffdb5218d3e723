// Which view is shown: #/ is the list, #/run/NAME a run, #/compare?run=A&run=B several.
import { el, onLanguage, switches, t } from "./base.js";
import { ask } from "./api.js";
import { compareView } from "./compare.js";
import { listView } from "./list.js";
import { runView } from "./run.js";

const main = document.getElementById("main"), nav = document.getElementById("nav");
let view = null, info = {}, first = true;

function show() {
  view?.end();
  const hash = location.hash === "" || location.hash === "#main" ? (info.own ? "#/run/" + encodeURIComponent(info.own) : "#/") : location.hash;
  const run = hash.match(/^#\/run\/(.+)$/), compare = hash.match(/^#\/compare\?(.+)$/);
  nav.replaceChildren(...(info.one || !run && !compare ? [] : [el("a", { href: "#/", class: "button quiet" }, t("allRuns"))]));
  if (run) view = runView(main, decodeURIComponent(run[1]), info);
  else if (compare) view = compareView(main, new URLSearchParams(compare[1]).getAll("run"));
  else view = listView(main);
  if (!first) main.focus({ preventScroll: true });
  first = false;
}

switches(document.getElementById("switches"));
onLanguage(() => {
  nav.querySelectorAll("a").forEach((a) => { a.textContent = t("allRuns"); });
  view?.redraw();
});
addEventListener("hashchange", () => { if (location.hash !== "#main") show(); });
try {
  info = await ask("info");
} catch { /* the view says what is wrong */ }
show();
