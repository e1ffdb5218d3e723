// Drawings to try, for networks that know what they show.
import { el, onLanguage, t } from "./base.js";

// File and classes of each drawing. They are for colour or for white on black (grey).
const drawings = [
  { file: "example-both.svg", classes: ["umbrella", "wall clock"] },
  { file: "example-balloon.svg", classes: ["balloon"] },
  { file: "example-lantern.svg", classes: ["jack-o'-lantern"] },
  { file: "example-light.svg", classes: ["traffic light"] },
  { file: "example-clock.svg", classes: ["wall clock"] },
  { file: "example-shirt.svg", classes: ["t-shirt"], grey: true },
  { file: "example-trousers.svg", classes: ["trouser"], grey: true },
  { file: "example-bag.svg", classes: ["bag"], grey: true },
  { file: "example-boot.svg", classes: ["ankle boot"], grey: true },
];

/** A name as it is compared: datasets write "wall_clock", "Wall clock, timepiece". */
const plain = (name) => name.toLowerCase().replaceAll("_", " ").split(",")[0].trim();

/** Offers the drawings whose classes a network has; see(blob, name) is called with the one that is chosen. */
export function offerExamples(into, network, see) {
  const list = into.querySelector("ul");
  const grey = network.input[0] === 1;
  const names = new Set(network.classes.map(plain));
  const known = drawings.filter((d) => Boolean(d.grey) === grey && d.classes.every((c) => names.has(c)));
  into.hidden = !known.length;
  const show = () => list.replaceChildren(...known.map((d) => {
    const name = d.classes.join(", ");
    const image = el("img", { src: "page/" + d.file, alt: t("example.alt", { class: name }), width: 88, height: 88 });
    return el("li", {}, el("button", { type: "button", title: name, onclick: async () => see(await toPNG(image, grey ? 112 : 448), name) }, image));
  }));
  show();
  onLanguage(show);
}

// The server reads no SVG: the browser draws it.
async function toPNG(image, side) {
  await image.decode();
  const canvas = el("canvas", { width: side, height: side });
  canvas.getContext("2d").drawImage(image, 0, 0, side, side);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}
