// Maps of numbers as pictures: colours, and sheets of tiles.

// Colours of a value 0..1 of few steps between which is interpolated: from dark to light, as the map
// "inferno", so that they differ in brightness too.
const heat = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];
const against = [70, 140, 255], towards = [255, 96, 20];

function colour(list, v) {
  const at = v * (list.length - 1), i = Math.min(list.length - 2, Math.floor(at)), f = at - i;
  return list[i].map((c, k) => c + (list[i + 1][k] - c) * f);
}

/** Tables of 256 colours (RGBA) for values of 0..255. */
const tables = {
  // Transparent where the value is low, to lie over a picture.
  overlay: table((v) => [...colour(heat, 0.25 + 0.75 * v), 255 * Math.min(1, v * 2.2)]),
  // 128 is 0; below it speaks against.
  signed: table((v) => {
    const s = (v * 255 - 128) / 127;
    return [...(s < 0 ? against : towards), 255 * Math.min(1, Math.abs(s) * 1.6)];
  }),
  heat: table((v) => [...colour(heat, v), 255]),
  grey: table((v) => [v * 255, v * 255, v * 255, 255]),
  // 128 is 0 is white or black, as the page.
  weights: table((v) => {
    const s = (v * 255 - 128) / 127, a = Math.min(1, Math.abs(s));
    return [...(s < 0 ? against : towards), 255 * a];
  }),
};

function table(f) {
  const rgba = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) rgba.set(f(i / 255), 4 * i);
  return rgba;
}

/** Decodes a data URL to an ImageBitmap. */
export async function decode(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/**
 * Colours a part of a grey picture, and draws it to fill a canvas; the whole picture without part. tableName is
 * null for a picture in colours. A canvas of least pixels or more is filled smoothly.
 */
export function paint(canvas, image, tableName, { part = null, least = 1 } = {}) {
  const { x, y, w, h } = part ?? { x: 0, y: 0, w: image.naturalWidth, h: image.naturalHeight };
  const scale = Math.max(1, Math.ceil(least / Math.max(w, h)));
  canvas.width = w * scale;
  canvas.height = h * scale;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, x, y, w, h, 0, 0, canvas.width, canvas.height);
  if (!tableName) return;
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height), rgba = tables[tableName];
  for (let i = 0; i < pixels.data.length; i += 4) {
    const from = 4 * pixels.data[i];
    for (let k = 0; k < 4; k++) pixels.data[i + k] = rgba[from + k];
  }
  context.putImageData(pixels, 0, 0);
}

/** The part of a sheet that is tile i. */
export const tile = (sheet, i) => ({
  x: (i % sheet.columns) * sheet.width, y: Math.floor(i / sheet.columns) * sheet.height, w: sheet.width, h: sheet.height,
});

/** A CSS gradient of a table's colours, for a legend. */
export function gradient(tableName) {
  const rgba = tables[tableName], stops = [];
  for (let i = 0; i < 256; i += 15) stops.push(`rgb(${rgba[4 * i]} ${rgba[4 * i + 1]} ${rgba[4 * i + 2]} / ${(rgba[4 * i + 3] / 255).toFixed(2)})`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
