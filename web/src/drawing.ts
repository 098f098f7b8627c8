/** Drawing on the map: a box or a polygon, for the area of a search or to mark what is inside. */

import type { Coordinate } from "ol/coordinate.js";
import { boundingExtent, getCenter } from "ol/extent.js";
import type OlGeometry from "ol/geom/Geometry.js";
import { fromExtent } from "ol/geom/Polygon.js";
import Draw, { createBox } from "ol/interaction/Draw.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import CircleStyle from "ol/style/Circle.js";
import Style from "ol/style/Style.js";
import { transformExtent } from "ol/proj.js";
import type { Bounds } from "./contract.ts";
import { button, byId, el } from "./elements.ts";
import { geojson } from "./footprints.ts";
import { rolled, rounded, type Area, type Geometry } from "./geometry.ts";
import type { GroundMap } from "./map.ts";
import { tell } from "./notice.ts";
import { colour } from "./theme.ts";

/** The width of the map's world, in its own coordinates. */
const WORLD = 2 * 20_037_508.342_789_244;

export type Shape = "box" | "polygon";

const HOW: Record<Shape, string> = {
  box: "Drag from one corner of the box to the opposite one, or click both.",
  polygon: "Click each corner; click the last one twice.",
};

export class Drawing {
  private readonly ground: GroundMap;
  private draw: Draw | null = null;

  constructor(ground: GroundMap) {
    this.ground = ground;
  }

  get isActive(): boolean {
    return this.draw !== null;
  }

  /** Let a person draw a shape; Escape gives it up. */
  start(shape: Shape, purpose: string, onDrawn: (geometry: OlGeometry) => void): void {
    this.stop();
    const draw = new Draw({
      type: shape === "box" ? "Circle" : "Polygon",
      geometryFunction: shape === "box" ? createBox() : undefined,
      freehand: shape === "box",
      style: drawStyle(),
    });
    const end = (geometry: OlGeometry | undefined): void => {
      // The click that ends it is not to choose a hit as well.
      setTimeout(() => this.stop(), 0);
      if (geometry) {
        onDrawn(geometry);
      }
    };
    draw.on("drawend", ({ feature }) => end(feature.getGeometry()));
    if (shape === "box") {
      this.takeClicks(draw, end);
    }
    this.draw = draw;
    this.ground.ol.addInteraction(draw);
    this.say(`${purpose} ${HOW[shape]}`);
  }

  /** A click is a drag that is given up at once: two of them are the corners of a box as well. */
  private takeClicks(draw: Draw, end: (geometry: OlGeometry) => void): void {
    let corner: Coordinate | null = null;
    draw.on("drawabort", ({ feature }) => {
      const geometry = feature.getGeometry();
      if (!geometry || this.draw !== draw) {
        return;
      }
      const clicked = getCenter(geometry.getExtent());
      if (corner) {
        end(fromExtent(boundingExtent([corner, clicked])));
      } else {
        corner = clicked;
        this.say("Now click the opposite corner.");
      }
    });
  }

  /** Give up. */
  stop(): void {
    const { draw } = this;
    if (draw) {
      this.draw = null;
      this.ground.ol.removeInteraction(draw);
      byId("drawing").hidden = true;
    }
  }

  private say(sentence: string): void {
    const bar = byId("drawing");
    const cancel = button("Cancel", () => this.stop(), { class: "quiet" });
    bar.replaceChildren(el("p", { text: sentence }), cancel);
    bar.hidden = false;
    tell(sentence);
  }
}

/** A shape of the map as the area of a search. */
export function areaOfShape(shape: Shape, geometry: OlGeometry): Area {
  if (shape === "box") {
    const degrees = transformExtent(geometry.getExtent(), "EPSG:3857", "EPSG:4326");
    return { kind: "box", box: rolled(degrees as Bounds).map(rounded) as Bounds };
  }
  // The map may show the world beside the one that coordinates are of.
  const turned = geometry.clone();
  const [west = 0] = turned.getExtent();
  turned.translate(Math.floor(west / WORLD + 0.5) * -WORLD, 0);
  const written = geojson.writeGeometryObject(turned, { decimals: 6 });
  return { kind: "polygon", geometry: written as Geometry };
}

function drawStyle(): Style {
  const stroke = new Stroke({ color: colour("accent"), width: 2.5, lineDash: [8, 5] });
  const fill = new Fill({ color: colour("accent", 0.1) });
  const image = new CircleStyle({ radius: 5, fill: new Fill({ color: colour("accent") }) });
  return new Style({ stroke, fill, image });
}
