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
  // For maps of single pixels, which are drawn over a darker picture.
  "fine-overlay": table((v) => [...colour(heat, 0.4 + 0.6 * v ** 0.7), 255 * Math.min(1, 1.3 * v ** 0.8)]),
  "fine-signed": table((v) => {
    const s = (v * 255 - 128) / 127;
    return [...(s < 0 ? against : towards), 255 * Math.min(1, 1.8 * Math.abs(s) ** 0.9)];
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
 * null for a picture in colours. A canvas of at least so many pixels is filled smoothly.
 */
export function paint(canvas, image, tableName, { part = null, least = 1 } = {}) {
  const { x, y, w, h } = part ?? { x: 0, y: 0, w: image.naturalWidth, h: image.naturalHeight };
  canvas.width = w;
  canvas.height = h;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, x, y, w, h, 0, 0, w, h);
  if (!tableName) return;
  const pixels = context.getImageData(0, 0, w, h).data, rgba = tables[tableName];
  let values = Float32Array.from({ length: w * h }, (_, i) => pixels[4 * i]);
  const scale = Math.ceil(least / Math.max(w, h));
  if (scale > 1) {
    values = enlarge(enlarge(values, w, h, scale), h, w * scale, scale); // each turns the picture over its diagonal
    canvas.width = w * scale;
    canvas.height = h * scale;
  }
  const out = context.createImageData(canvas.width, canvas.height);
  values.forEach((v, i) => {
    const from = 4 * Math.round(Math.min(255, Math.max(0, v)));
    for (let k = 0; k < 4; k++) out.data[4 * i + k] = rgba[from + k];
  });
  context.putImageData(out, 0, 0);
}

// Enlarges the rows of a picture by cubic interpolation (Catmull-Rom), and makes them columns. The browser's own has
// visible steps where a picture of few pixels is enlarged much.
function enlarge(values, w, h, scale) {
  const out = new Float32Array(w * scale * h);
  for (let x = 0; x < w * scale; x++) {
    const at = (x + 0.5) / scale - 0.5, i = Math.floor(at), f = at - i;
    const weights = [f * (-0.5 + f * (1 - 0.5 * f)), 1 + f * f * (-2.5 + 1.5 * f), f * (0.5 + f * (2 - 1.5 * f)), f * f * (-0.5 + 0.5 * f)];
    for (let y = 0; y < h; y++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[k] * values[y * w + Math.min(w - 1, Math.max(0, i + k - 1))];
      out[x * h + y] = sum;
    }
  }
  return out;
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
