// The page: takes a picture, and shows it to the panels, the explanations and the network.
import { explainFailure, models as askModels } from "./api.js";
import { onLanguage, switches, t } from "./base.js";
import { Panel, picture } from "./panel.js";
import { Why } from "./why.js";

const $ = (id) => document.getElementById(id);
const panels = [];
let models = [], why = null, inside = null;

switches($("switches"));

/** Says a sentence to screen readers. */
const say = (text) => { $("said").textContent = text; };

function fail(e) {
  $("problem").textContent = e ? explainFailure(e) : "";
  $("problem").hidden = !e;
}

/** Asks for the models, and makes the first panel. */
async function start() {
  try {
    models = await askModels();
  } catch (e) {
    fail(e);
    return;
  }
  fail(null);
  if (!models.length) {
    $("problem").textContent = t("error.noModel");
    $("problem").hidden = false;
    return;
  }
  addPanel();
  why = new Why($("why"), () => panels);
  const { offerExamples } = await import("./examples.js");
  const describe = async () => {
    try { offerExamples($("examples"), await panels[0].describeNetwork(), see); } catch { /* there are none */ }
  };
  describe();
  if (picture.blob) seeAgain();
}

function addPanel(second = false) {
  const panel = new Panel(models, { changed: panelChanged, close: second ? () => closePanel(panel) : null, compare: second ? null : () => addPanel(true) });
  panels.push(panel);
  $("panels").append(panel.element);
  $("answer").classList.toggle("two", panels.length > 1);
  if (!second) return;
  $("compare").hidden = true;
  const other = [...panel.select.options].map((o) => o.value).find((v) => v !== panels[0].select.value);
  panel.choose(other ?? panel.select.value);
  panel.select.focus();
}

function closePanel(panel) {
  panel.abort?.abort();
  panels.splice(panels.indexOf(panel), 1);
  panel.element.remove();
  $("answer").classList.remove("two");
  $("compare").hidden = false;
  $("compare").focus();
  why.update();
}

async function panelChanged(panel, what) {
  if (!picture.blob) return;
  if (what === "model" && !await panel.predict()) return;
  if (panel === panels[0] && what === "model") showNetwork();
  why.update();
}

/** Looks at a picture: a Blob with a name. */
async function see(blob, name) {
  if (!blob) return;
  if (blob.type && !blob.type.startsWith("image/")) {
    $("problem").textContent = t("error.noPicture", { name });
    $("problem").hidden = false;
    return;
  }
  fail(null);
  const old = picture.url;
  if (old) setTimeout(() => URL.revokeObjectURL(old), 60_000); // until all that shows it has changed
  Object.assign(picture, { blob, name, url: URL.createObjectURL(blob), tiny: await isTiny(blob) });
  await seeAgain();
}

async function isTiny(blob) {
  try {
    const bitmap = await createImageBitmap(blob);
    const tiny = Math.max(bitmap.width, bitmap.height) <= 96;
    bitmap.close();
    return tiny;
  } catch { return false; }
}

async function seeAgain() {
  if (!panels.length) return;
  document.body.classList.add("seen");
  $("answer").hidden = false;
  why.forget();
  const answers = await Promise.all(panels.map((p) => p.predict()));
  if (answers[0]) {
    const c = panels[0].predicted.classes[0];
    say(panels[0].image.alt);
    document.title = `${c.class} – ${t("title")}`;
  }
  $("inside").hidden = !answers[0];
  await why.update();
  if (answers[0]) showNetwork();
}

/** Draws the network of the first panel, when nothing more urgent is to be done. */
async function showNetwork() {
  try {
    const network = await panels[0].describeNetwork();
    why.offerLayers(network.nodes);
    if (!inside) {
      const { Inside } = await import("./inside.js");
      inside ??= new Inside($("network"), panels);
    }
    $("inside").hidden = false;
    inside.show(network);
  } catch (e) {
    if (e.status !== 404) fail(e); // a server of a Go program may be without these routes
  }
}

$("choose").addEventListener("click", () => $("file").click());
$("photograph").addEventListener("click", () => $("camera").click());
$("photograph").hidden = !matchMedia("(pointer: coarse)").matches;
for (const id of ["file", "camera"]) {
  $(id).addEventListener("change", () => {
    const file = $(id).files[0];
    $(id).value = ""; // so that the same file may be chosen once more
    see(file, file?.name ?? "");
  });
}
addEventListener("paste", (e) => {
  const file = [...e.clipboardData?.files ?? []][0];
  if (file) { e.preventDefault(); see(file, file.name || t("start.pasted")); }
});
let depth = 0; // of elements that a file is dragged over
const hasFiles = (e) => [...e.dataTransfer?.types ?? []].includes("Files");
addEventListener("dragenter", (e) => { if (hasFiles(e)) { e.preventDefault(); depth++; $("curtain").hidden = false; } });
addEventListener("dragleave", (e) => { if (hasFiles(e) && --depth <= 0) { depth = 0; $("curtain").hidden = true; } });
addEventListener("dragover", (e) => { if (hasFiles(e)) e.preventDefault(); });
addEventListener("drop", (e) => {
  if (!hasFiles(e)) return;
  e.preventDefault();
  depth = 0;
  $("curtain").hidden = true;
  const file = e.dataTransfer.files[0];
  see(file, file?.name ?? "");
});
onLanguage(() => { if (panels[0]?.predicted) document.title = `${panels[0].predicted.classes[0].class} – ${t("title")}`; });
start();
