/** How footprints look on the map: by standing and mark, from near and from afar. */

import type { FeatureLike } from "ol/Feature.js";
import { getCenter } from "ol/extent.js";
import Point from "ol/geom/Point.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style, { type GeometryFunction as StyleGeometry } from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import type { MarkKind, Standing } from "./contract.ts";
import { colour } from "./theme.ts";

/** Footprints that are smaller, in pixels, are drawn as dots. */
export const SMALL = 8;

export type Looks = Standing | MarkKind | "none";

interface Look {
  colour: string;
  width: number;
  dash?: number[];
  fill: number;
  sign?: string;
}

// Colours are not enough: lines differ too, and marks bear a sign.
export const LOOKS: Record<Looks, Look> = {
  clear: { colour: "clear", width: 2.5, fill: 0.12 },
  likely: { colour: "likely", width: 1.75, fill: 0.08 },
  weak: { colour: "weak", width: 1.25, dash: [2, 3], fill: 0 },
  none: { colour: "weak", width: 1.25, dash: [2, 3], fill: 0 },
  good: { colour: "good", width: 2.5, fill: 0.14, sign: "✓" },
  bad: { colour: "bad", width: 2, dash: [7, 5], fill: 0.06, sign: "×" },
  unsure: { colour: "unsure", width: 2, dash: [7, 3, 2, 3], fill: 0.08, sign: "?" },
};

/** A line is seen on any scene by the lighter one around it. */
function casing(width: number): Style {
  return new Style({ stroke: new Stroke({ color: colour("casing"), width: width + 2 }) });
}

/** How a footprint is drawn, or the dot in its place. */
export function styleOf(
  { colour: name, width, dash, fill, sign }: Look,
  isSmall: boolean,
): Style[] {
  const style = isSmall
    ? dotStyle(name)
    : new Style({
        fill: new Fill({ color: colour(name, fill) }),
        stroke: new Stroke({ color: colour(name), width, lineDash: dash }),
      });
  if (sign) {
    const text = new Text({
      text: sign,
      font: "bold 16px system-ui, sans-serif",
      fill: new Fill({ color: colour(name) }),
      stroke: new Stroke({ color: colour("panel"), width: 4 }),
      overflow: true,
    });
    style.setText(text);
  }
  const isPlain = isSmall || fill === 0;
  return isPlain ? [style] : [casing(width), style];
}

/** From afar a footprint is smaller than a line: a dot in its middle says that it is there. */
export function dotStyle(name: string): Style {
  const image = new CircleStyle({
    radius: 4,
    fill: new Fill({ color: colour(name) }),
    stroke: new Stroke({ color: colour("panel"), width: 1.25 }),
  });
  const middle = (feature: FeatureLike): Point =>
    new Point(getCenter(feature.getGeometry()?.getExtent() ?? [0, 0, 0, 0]));
  return new Style({ image, geometry: middle as StyleGeometry });
}

/** Dark on light, so that it is seen on every scene. */
export function chosenStyle(): Style[] {
  return [
    new Style({ stroke: new Stroke({ color: colour("panel"), width: 7 }) }),
    new Style({ stroke: new Stroke({ color: colour("ink"), width: 3.5 }) }),
  ];
}

/** An outline of what is pointed at. */
export function pointedStyle(): Style[] {
  return [casing(3), new Style({ stroke: new Stroke({ color: colour("accent"), width: 3 }) })];
}
