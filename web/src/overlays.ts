/** Further layers: where there are scenes (coverage), the area of the search, detections. */

import type { FeatureLike } from "ol/Feature.js";
import { createEmpty, extend, getWidth, type Extent } from "ol/extent.js";
import VectorImageLayer from "ol/layer/VectorImage.js";
import VectorSource from "ol/source/Vector.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import { geojson } from "./footprints.ts";
import type { Area, Geometry } from "./geometry.ts";
import { dotStyle, SMALL } from "./looks.ts";
import { HEIGHT, type GroundMap } from "./map.ts";
import { colour, onTheme } from "./theme.ts";

type Drawn = "coverage" | "area" | "detections";

type Look = (feature: FeatureLike, resolution: number) => Style;

/** How shapes look; made once for each theme. */
const LOOKS: Record<Drawn, () => Look> = {
  coverage: () => {
    const box = new Style({
      fill: new Fill({ color: colour("coverage", 0.07) }),
      stroke: new Stroke({ color: colour("coverage", 0.8), width: 1 }),
    });
    const dot = dotStyle("coverage");
    return (feature, resolution) => {
      const width = getWidth(feature.getGeometry()?.getExtent() ?? [0, 0, 0, 0]);
      return width < SMALL * resolution ? dot : box;
    };
  },
  area: () => {
    const stroke = new Stroke({ color: colour("accent"), width: 2, lineDash: [8, 5] });
    const style = new Style({ stroke });
    return () => style;
  },
  detections: () => {
    const style = new Style({
      fill: new Fill({ color: colour("detection", 0.24) }),
      stroke: new Stroke({ color: colour("detection"), width: 3 }),
    });
    return () => style;
  },
};

/** A layer of shapes that all look alike. */
export class Overlay {
  private readonly source = new VectorSource();
  private readonly layer: VectorImageLayer;

  constructor(ground: GroundMap, drawn: Drawn) {
    const look = LOOKS[drawn];
    this.layer = new VectorImageLayer({
      source: this.source,
      style: look(),
      zIndex: HEIGHT[drawn],
    });
    onTheme(() => this.layer.setStyle(look()));
    ground.ol.addLayer(this.layer);
  }

  /** Show the shapes of a feature collection. */
  showAll(collection: object): void {
    this.source.clear(true);
    this.source.addFeatures(geojson.readFeatures(collection));
  }

  /** Show one area, or none. */
  showArea(area: Area | null): void {
    this.source.clear(true);
    if (area) {
      const geometry = area.kind === "box" ? boxGeometry(area.box) : area.geometry;
      this.source.addFeature(geojson.readFeature({ type: "Feature", geometry }) as never);
    }
  }

  clear(): void {
    this.source.clear(true);
  }

  get isVisible(): boolean {
    return this.layer.getVisible();
  }

  setVisible(isVisible: boolean): void {
    this.layer.setVisible(isVisible);
  }

  /** The box around everything. */
  extent(): Extent {
    return extend(createEmpty(), this.source.getExtent() ?? createEmpty());
  }
}

function boxGeometry([west, south, east, north]: [number, number, number, number]): Geometry {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: "Polygon", coordinates: [ring] };
}
