/** Which part of a chip speaks for a text: a picture of light and shade to lay over the chip. */

import type { Relevance } from "./contract.ts";

/** How dark the parts are that say nothing: the picture stays visible below. */
const DARKEST = 0.72;

/** The values of a map in rows. */
export function rowsOf({ rows, columns, values }: Relevance): number[][] {
  if (Array.isArray(values[0])) {
    return values as number[][];
  }
  const flat = values as number[];
  return Array.from({ length: rows }, (_, row) => flat.slice(row * columns, (row + 1) * columns));
}

/** A canvas that shades what does not matter; the browser smooths it when it is drawn large. */
export function paintRelevance(told: Relevance): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const rows = rowsOf(told);
  canvas.width = rows[0]?.length ?? 1;
  canvas.height = rows.length || 1;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", told.sentence || "Parts that speak for the text are bright");
  const context = canvas.getContext("2d");
  if (!context) {
    return canvas;
  }
  const pixels = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, at) => {
    const bright = Math.min(Math.max(value, 0), 1);
    const shade = [8, 14, 24, Math.round(255 * DARKEST * (1 - bright))];
    pixels.data.set(shade, at * 4);
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}
