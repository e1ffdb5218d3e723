// The view of one run.
import { el, t, number, percent } from "./base.js";
import { Run, ask, follow, query } from "./api.js";
import { Chart, digits } from "./chart.js";
import { EpochPanel, valuesTable } from "./epoch.js";
import { WeightsPanel } from "./weights.js";

/** A time in seconds as a clock: 4:59, 1:56:26. */
export function clock(s) {
  if (s === null || s === undefined || !isFinite(s)) return "–";
  const two = (n) => String(n).padStart(2, "0");
  const all = Math.round(s), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60;
  return h ? `${h}:${two(m)}:${two(all % 60)}` : `${m}:${two(all % 60)}`;
}

/** The series of a run's charts. With a prefix they are those of one of several runs, of one colour. */
export function seriesOf(run, prefix = "", style = null) {
  const name = (key) => (prefix ? prefix + ": " : "") + t("series." + key, { tested: t("tested." + run.tested) });
  const epochs = run.rows.map((r) => r.epoch), of = (key) => run.rows.map((r) => r[key]);
  const at = run.points.step.map((s) => s / run.batches);
  return {
    loss: [
      { name: name("batch"), x: at, y: run.points.loss, style: style ?? 1, kind: "faint" },
      { name: name("train"), x: epochs, y: of("train_loss"), style: style ?? 1 },
      { name: name("tested"), x: epochs, y: of("test_loss"), style: style ?? 2, kind: style === null ? "" : "dashed" },
    ],
    accuracy: [
      { name: name("batch"), x: at, y: run.points.accuracy, style: style ?? 1, kind: "faint" },
      { name: name("train"), x: epochs, y: of("train_accuracy"), style: style ?? 1 },
      { name: name("tested"), x: epochs, y: of("test_accuracy"), style: style ?? 2, kind: style === null ? "" : "dashed" },
    ],
    rate: [{ name: name("rate"), x: at, y: run.points.rate, style: style ?? 3 }],
    speed: [{ name: name("speed"), x: epochs, y: of("images_per_second"), style: style ?? 4 }],
  };
}

/** The four charts of one or several runs. */
export function charts() {
  return {
    loss: new Chart("loss", { log: true, zero: true }), accuracy: new Chart("accuracy", { top: 1 }),
    rate: new Chart("rate", { log: true, zero: true }), speed: new Chart("speed", { format: (v) => v === null ? "–" : number(v), zero: true }),
  };
}

const settingKeys = ["net", "data", "input", "parameters", "train_images", "test_images", "epochs", "batch_size", "learning_rate", "schedule", "optimizer", "augment", "mix", "freeze", "accumulate", "ema",
  "label_smoothing", "best", "early_stop", "plateau", "seed", "device"];

/** The name of a setting of config.json. */
export const settingName = (key) => { const text = t("setting." + key); return text.startsWith("setting.") ? key : text; };

export function runView(into, name, info) {
  let asking = false;
  const run = new Run(name), parts = {}, tiles = el("dl", { class: "tiles" });
  const state = el("p", { class: "row" }), problem = el("p", { class: "error", hidden: true });
  const bar = el("progress", { max: 1, value: 0 });
  const buttons = el("div", { class: "row" }), said = el("p", { class: "note", role: "status" });
  const plots = charts(), values = el("details", { ontoggle: () => drawValues() }), settings = el("details", {});
  const epochs = new EpochPanel(run), weights = new WeightsPanel(run);
  const waiting = el("p", { class: "busy" }), heading = el("h2", {}, name);
  const none = el("p", { class: "note", hidden: true });
  const body = el("div", { class: "stack", hidden: true }, tiles, el("div", { class: "two" }, ...Object.values(plots).map((c) => c.root)), values, none, epochs.root, weights.root, settings);
  into.replaceChildren(heading, state, bar, buttons, said, problem, waiting, body);

  const post = async (path, words) => {
    try {
      const answer = await ask(path, { method: "POST", headers: { "X-Stride-Token": info.token } });
      said.textContent = words(answer);
    } catch (error) {
      said.textContent = error.message;
    }
  };
  if (info.stop && name === info.own) {
    parts.save = el("button", { type: "button", onclick: () => post("save", (a) => t("saved", { file: a.saved })) });
    parts.epoch = el("button", { type: "button", "aria-pressed": "false", onclick: () => post("stop?when=" + (run.stopping === "epoch" ? "never" : "epoch"), (a) => a.stopping === "epoch" ? t("willStop") : t("goesOn")) });
    parts.now = el("button", { type: "button", class: "stop", onclick: () => post("stop?when=now", () => t("stopping")) });
    buttons.append(parts.save, parts.epoch, parts.now);
  }

  const drawValues = () => values.replaceChildren(el("summary", {}, t("values.heading")), ...(values.open ? [valuesTable(run)] : []));

  const drawState = () => {
    state.replaceChildren(el("span", { class: "badge " + run.state }, t("state." + run.state)), el("span", {}, t("on", { net: run.net, data: run.data })));
    if (run.writer && run.state === "running") state.append(el("small", {}, run.writer));
    problem.hidden = !run.error && run.state !== "gone";
    problem.textContent = run.state === "gone" ? t("goneText") : run.error ?? "";
    const live = run.state === "running";
    for (const b of Object.values(parts)) b.hidden = !live;
    if (parts.save) {
      parts.save.textContent = t("save");
      parts.epoch.textContent = t("stopEpoch");
      parts.now.textContent = t("stopNow");
      parts.epoch.setAttribute("aria-pressed", String(run.stopping === "epoch"));
      parts.epoch.disabled = parts.now.disabled = run.stopping === "now";
    }
    if (run.ended) said.textContent = t(run.state === "interrupted" ? "endedInterrupted" : "ended");
  };

  const drawTiles = () => {
    const last = run.last, now = run.state === "running" ? run.now : null;
    const testing = now?.tests ? t("testing", { done: number(now.tested), total: number(now.tests) }) : null;
    const done = run.done, of = run.of;
    const share = now ? (now.epoch - 1 + now.batch / Math.max(now.batches, 1)) / Math.max(now.epochs, 1) : done / Math.max(of, 1);
    bar.value = Math.min(share, 1);
    bar.setAttribute("aria-label", t("progress"));
    const tile = (key, value, small) => value === null ? [] : [el("div", {}, el("dt", {}, t("tile." + key, { tested: t("tested." + run.tested) })), el("dd", {}, value, small ? el("small", {}, small) : null))];
    const best = run.best ? run.rows.find((r) => r.epoch === run.best) : null;
    tiles.replaceChildren(
      ...tile("epoch", now ? `${now.epoch} / ${of}` : `${done} / ${of}`, testing ?? (now ? t("step", { batch: number(now.batch), batches: number(now.batches) }) : null)),
      ...tile("loss", digits(now?.loss ?? last?.train_loss ?? null)),
      ...tile("accuracy", percentOr(now?.accuracy ?? last?.train_accuracy)),
      ...tile("tested", percentOr(last?.test_accuracy), best ? t("bestAt", { n: best.epoch, p: percentOr(best.test_accuracy) ?? "" }) : null),
      ...tile("rate", now ? digits(now.rate) : lastOf(run.points.rate)),
      ...tile("speed", number(now?.speed ?? last?.images_per_second ?? 0)),
      ...tile("left", now ? clock(now.left) : null),
      ...tile("took", now ? null : clock(run.rows.reduce((a, r) => a + r.seconds, 0))));
  };

  const drawSettings = () => {
    if (!run.details) return;
    const s = run.details.settings;
    const text = (v) => Array.isArray(v) ? v.join("×") : typeof v === "number" ? (Number.isInteger(v) ? number(v) : String(v)) : String(v);
    const facts = [...settingKeys.filter((k) => s[k] !== undefined && s[k] !== "").map((k) => [settingName(k), text(s[k])]), ["", run.details.folder], ...Object.entries(s.options ?? {}).map(([k, v]) => ["--" + k, v])];
    facts.find((f) => f[0] === "")[0] = t("setting.folder");
    settings.replaceChildren(el("summary", {}, t("settings")), el("dl", { class: "facts" }, ...facts.map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, v)))));
  };

  const draw = async () => {
    waiting.textContent = t("waiting");
    waiting.hidden = run.known;
    if (!run.known) return;
    document.title = `${run.state === "running" && run.now ? percent(bar.value) + " · " : ""}${name} · Stride`;
    body.hidden = run.of === 0;
    drawState();
    if (body.hidden) return;
    drawTiles();
    const series = seriesOf(run);
    for (const key of Object.keys(plots)) plots[key].set(series[key]);
    drawValues();
    none.hidden = run.epochs.length + run.probes.length > 0 || run.rows.length === 0;
    none.textContent = t("unobserved");
    if (!run.details && !asking) {
      asking = true;
      try { run.details = await ask("run" + query(name)); } catch (error) { problem.hidden = false; problem.textContent = error.message; }
      asking = false;
      drawSettings();
      if (run.details) return draw(); // with the right words for the test
    }
    epochs.update();
    weights.update();
  };
  // The panels of a page that is not seen are drawn when it is seen.
  const drawIfSeen = () => { if (!document.hidden || run.ended) draw(); };
  document.addEventListener("visibilitychange", drawIfSeen);
  const stop = follow([run], drawIfSeen, (lost) => lostNotice(lost && !run.ended));
  draw();
  return {
    end: () => { stop(); document.removeEventListener("visibilitychange", drawIfSeen); lostNotice(false); },
    redraw: () => { drawSettings(); draw(); },
  };
}

const percentOr = (v) => v === null || v === undefined ? null : percent(v);
const lastOf = (list) => { const v = list[list.length - 1]; return v === null || v === undefined ? null : digits(v); };

/** Says that the connection is lost, or no longer. */
export function lostNotice(lost) {
  const notice = document.getElementById("notice");
  notice.hidden = !lost;
  notice.textContent = lost ? t("lost") : "";
}

