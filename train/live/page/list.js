// The list of the runs in the folder.
import { el, t, language } from "./base.js";
import { ask } from "./api.js";
import { digits } from "./chart.js";
import { clock, lostNotice } from "./run.js";

const shownAtFirst = 100, most = 12;

export function listView(into) {
  let runs = [], filter = "", all = false, timer, ended = false;
  const chosen = new Set();
  const field = el("input", { type: "search", autocomplete: "off", oninput: () => { filter = field.value.toLowerCase(); draw(); } });
  const fieldLabel = el("span"), compare = el("a", { class: "button primary" }), table = el("div", { class: "scroll" }), more = el("button", { type: "button", onclick: () => { all = true; draw(); } });
  const count = el("small", { role: "status" }), heading = el("h2");
  into.replaceChildren(heading, el("div", { class: "row" }, el("label", { class: "field" }, fieldLabel, field), compare, count), table, more);

  const setCompare = () => {
    compare.textContent = t("compareChosen", { n: chosen.size });
    compare.hidden = chosen.size < 2 || chosen.size > most;
    compare.href = "#/compare?" + new URLSearchParams([...chosen].map((n) => ["run", n]));
  };

  const rowOf = (r) => {
    const box = el("input", { type: "checkbox", "aria-label": t("choose", { run: r.run }), onchange: () => { if (box.checked) chosen.add(r.run); else chosen.delete(r.run); setCompare(); } });
    box.checked = chosen.has(r.run);
    const when = new Date(r.written).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
    // On a phone each row is a card, in which a cell says what it is.
    const cell = (key, text, kind = "") => el("td", { role: "cell", class: kind, "data-label": t("list." + key) }, text);
    return el("tr", { role: "row" }, el("td", { role: "cell" }, box), el("th", { scope: "row", role: "rowheader" }, el("a", { href: "#/run/" + encodeURIComponent(r.run) }, r.run)),
      el("td", { role: "cell", class: "text" }, el("span", { class: "badge " + r.state, title: r.error ?? "" }, t("state." + r.state))), cell("net", r.net, "text"), cell("data", r.data, "text"), cell("epochs", r.of ? `${r.done}/${r.of}` : "–"),
      cell("best", digits(r.best)), cell("last", digits(r.last)), cell("loss", digits(r.loss)), cell("time", r.of ? clock(r.seconds) : "–"), cell("written", when));
  };

  const draw = () => {
    document.title = `${t("runs")} · Stride`;
    heading.textContent = t("runs");
    fieldLabel.textContent = t("filter");
    const found = runs.filter((r) => filter === "" || `${r.run} ${r.net} ${r.data} ${r.state}`.toLowerCase().includes(filter));
    const some = all ? found : found.slice(0, shownAtFirst);
    count.textContent = t("count", { n: found.length, all: runs.length });
    more.hidden = some.length === found.length;
    more.textContent = t("more", { n: found.length - some.length });
    setCompare();
    if (runs.length === 0) return table.replaceChildren(el("p", { class: "note" }, t("noRuns")));
    const focused = document.activeElement?.getAttribute("href") ?? document.activeElement?.getAttribute("aria-label");
    table.replaceChildren(el("table", { class: "list", role: "table" }, el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, el("td", { role: "cell" }), ...["run", "state", "net", "data", "epochs", "best", "last", "loss", "time", "written"].map((k) => el("th", { scope: "col", role: "columnheader", class: ["run", "state", "net", "data"].includes(k) ? "text" : "" }, t("list." + k))))),
      el("tbody", { role: "rowgroup" }, ...some.map(rowOf))));
    if (focused) [...table.querySelectorAll("a, input")].find((e) => (e.getAttribute("href") ?? e.getAttribute("aria-label")) === focused)?.focus();
  };

  const load = async () => {
    try {
      const before = JSON.stringify(runs);
      runs = await ask("runs");
      lostNotice(false);
      if (!ended && JSON.stringify(runs) !== before || runs.length === 0) draw();
    } catch (error) {
      if (!ended) {
        const notice = document.getElementById("notice");
        notice.hidden = false;
        notice.textContent = error.message;
      }
    }
    if (!ended) timer = setTimeout(() => document.hidden ? waitSeen() : load(), 3000);
  };
  const waitSeen = () => document.addEventListener("visibilitychange", () => { if (!ended) load(); }, { once: true });
  draw();
  load();
  return { end: () => { ended = true; clearTimeout(timer); lostNotice(false); }, redraw: draw };
}
