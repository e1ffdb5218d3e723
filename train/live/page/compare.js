// Several runs beside each other.
import { el, t } from "./base.js";
import { Run, ask, follow, query } from "./api.js";
import { digits } from "./chart.js";
import { charts, clock, lostNotice, seriesOf, settingName } from "./run.js";

export function compareView(into, names) {
  const runs = names.map((n) => new Run(n)), plots = charts();
  const results = el("div", { class: "scroll" }), differences = el("div", { class: "scroll" }), heading = el("h2"), second = el("h2");
  into.replaceChildren(heading, results, el("div", { class: "two" }, ...Object.values(plots).map((c) => c.root)), second, differences);

  const draw = () => {
    document.title = `${t("compare")} · Stride`;
    heading.textContent = t("compareRuns", { n: runs.length });
    second.textContent = t("differences");
    const known = runs.filter((r) => r.known);
    for (const key of Object.keys(plots)) {
      plots[key].set(known.flatMap((run) => {
        const style = runs.indexOf(run) % 7 + 1;
        // Curves of batches would hide each other.
        return seriesOf(run, run.name, style)[key].filter((s) => s.kind !== "faint");
      }));
    }
    const best = (r) => r.rows.reduce((a, b) => (b.test_accuracy ?? b.train_accuracy ?? -b.train_loss) > (a?.test_accuracy ?? a?.train_accuracy ?? (a ? -a.train_loss : -Infinity)) ? b : a, null);
    results.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, ...["run", "state", "epochs", "best", "last", "loss", "time"].map((k) => el("th", { scope: "col" }, t("list." + k))))),
      el("tbody", {}, ...runs.map((r) => {
        const b = best(r);
        return el("tr", {}, el("th", { scope: "row" }, el("a", { href: "#/run/" + encodeURIComponent(r.name) }, r.name)), el("td", {}, r.known ? t("state." + r.state) : "…"), el("td", {}, r.known ? `${r.done}/${r.of}` : ""),
          el("td", {}, b ? `${digits(b.test_accuracy ?? b.train_accuracy)} (${b.epoch})` : "–"), el("td", {}, digits(r.last?.test_accuracy ?? r.last?.train_accuracy)), el("td", {}, digits(r.last?.train_loss)),
          el("td", {}, clock(r.rows.reduce((a, row) => a + row.seconds, 0))));
      }))));
  };

  const askServer = async () => {
    await Promise.all(runs.map(async (r) => { r.details ??= await ask("run" + query(r.name)).catch(() => undefined); }));
    draw();
    try {
      const list = await ask("compare" + query(names));
      if (list.length === 0) return differences.replaceChildren(el("p", { class: "note" }, t("same")));
      differences.replaceChildren(el("table", { class: "left" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("setting")), ...names.map((n) => el("th", { scope: "col" }, n)))),
        el("tbody", {}, ...list.map((d) => el("tr", {}, el("th", { scope: "row" }, d.setting.startsWith("options.") ? "--" + d.setting.slice(8) : settingName(d.setting)), ...d.values.map((v) => el("td", {}, v || "–")))))));
    } catch (error) {
      differences.replaceChildren(el("p", { class: "error" }, error.message));
    }
  };
  const stop = follow(runs, draw, lostNotice);
  draw();
  askServer();
  return { end: () => { stop(); lostNotice(false); }, redraw: () => { draw(); askServer(); } };
}
