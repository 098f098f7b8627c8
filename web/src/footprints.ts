/** Footprints of hits on the map: coloured by standing and mark, each with a second sign. */

import Feature from "ol/Feature.js";
import { wrapX } from "ol/coordinate.js";
import { getCenter, getWidth, type Extent } from "ol/extent.js";
import GeoJSON from "ol/format/GeoJSON.js";
import type OlGeometry from "ol/geom/Geometry.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorImageLayer from "ol/layer/VectorImage.js";
import type { Pixel } from "ol/pixel.js";
import VectorSource from "ol/source/Vector.js";
import type Style from "ol/style/Style.js";
import type { Hit, MarkKind, Standing } from "./contract.ts";
import { nearestFirst } from "./geometry.ts";
import { chosenStyle, LOOKS, pointedStyle, SMALL, styleOf, type Looks } from "./looks.ts";
import { HEIGHT, type GroundMap } from "./map.ts";
import { onTheme } from "./theme.ts";

/** How near a click has to be to a footprint, in pixels: a finger is no needle. */
const NEAR = 6;

export const geojson = new GeoJSON({ featureProjection: "EPSG:3857" });

export class Footprints {
  private readonly ground: GroundMap;
  private readonly source = new VectorSource();
  private readonly chosenSource = new VectorSource();
  private readonly pointedSource = new VectorSource();
  private readonly layer: VectorImageLayer;
  private readonly styles = new Map<string, Style[]>();
  private readonly markOf: (chip: string) => MarkKind | undefined;
  private last: { pixel: Pixel; at: number } = { pixel: [-99, -99], at: 0 };

  constructor(ground: GroundMap, markOf: (chip: string) => MarkKind | undefined) {
    this.ground = ground;
    this.markOf = markOf;
    this.layer = new VectorImageLayer({
      source: this.source,
      style: (feature, resolution) => this.style(feature as Feature, resolution),
      imageRatio: 1.3,
      zIndex: HEIGHT.footprints,
    });
    const chosen = new VectorLayer({
      source: this.chosenSource,
      style: chosenStyle(),
      zIndex: HEIGHT.chosen,
    });
    const pointed = new VectorLayer({
      source: this.pointedSource,
      style: pointedStyle(),
      zIndex: HEIGHT.chosen,
    });
    onTheme(() => {
      this.styles.clear();
      this.layer.changed();
      chosen.setStyle(chosenStyle());
      pointed.setStyle(pointedStyle());
    });
    ground.ol.addLayer(this.layer);
    ground.ol.addLayer(chosen);
    ground.ol.addLayer(pointed);
  }

  /** Show hits in place of those before. */
  show(hits: Hit[]): void {
    this.source.clear(true);
    this.pointedSource.clear(true);
    const features = hits.filter((hit) => hit.geometry).map(featureOf);
    // The best are drawn last, above the others.
    this.source.addFeatures(features.reverse());
  }

  /** Draw marks anew. */
  redraw(): void {
    this.layer.changed();
  }

  /** Draw a thick outline around a hit. */
  choose(hit: Hit | null): void {
    this.chosenSource.clear(true);
    if (hit?.geometry) {
      this.chosenSource.addFeature(featureOf(hit));
    }
  }

  get isVisible(): boolean {
    return this.layer.getVisible();
  }

  /** Draw an outline around a hit that is pointed at in the list, or around none. */
  point(hit: Hit | null): void {
    this.pointedSource.clear(true);
    if (hit?.geometry) {
      this.pointedSource.addFeature(featureOf(hit));
    }
  }

  setVisible(isVisible: boolean): void {
    this.layer.setVisible(isVisible);
  }

  /** The boxes of all footprints, in the map's own coordinates. */
  extents(): Extent[] {
    return this.source.getFeatures().map(extentOf);
  }

  /** The box of one hit. */
  extent(chip: string): Extent | null {
    const feature = this.source.getFeatureById(chip);
    return feature ? extentOf(feature as Feature) : null;
  }

  /** Hits whose centre lies inside an area that was drawn. */
  within(area: OlGeometry): string[] {
    return this.source
      .getFeatures()
      .filter((feature) => area.intersectsCoordinate(getCenter(extentOf(feature))))
      .map((feature) => String(feature.getId()));
  }

  /** The hit whose centre is nearest to a click; the next one by a second click at the place. */
  at(pixel: Pixel): string | null {
    const view = this.ground.ol.getView();
    const place = wrapX(this.ground.ol.getCoordinateFromPixel(pixel), view.getProjection());
    const [x = 0, y = 0] = place;
    const reach = NEAR * (view.getResolution() ?? 1);
    const around: Extent = [x - reach, y - reach, x + reach, y + reach];
    const touched: Feature[] = [];
    this.source.forEachFeatureIntersectingExtent(around, (feature) => void touched.push(feature));
    if (touched.length === 0) {
      return null;
    }
    const order = nearestFirst(
      place,
      touched.map((feature) => getCenter(extentOf(feature))),
    );
    const isAgain = this.last.pixel.every(
      (value, axis) => Math.abs(value - (pixel[axis] ?? 0)) < NEAR,
    );
    this.last = { pixel, at: isAgain ? (this.last.at + 1) % touched.length : 0 };
    return String(touched[order[this.last.at] ?? 0]?.getId());
  }

  private style(feature: Feature, resolution: number): Style[] {
    const mark = this.markOf(String(feature.getId()));
    const looks: Looks = mark ?? ((feature.get("standing") as Standing | "") || "none");
    const isSmall = getWidth(extentOf(feature)) < SMALL * resolution;
    const name = isSmall ? `${looks} dot` : looks;
    const made = this.styles.get(name) ?? styleOf(LOOKS[looks], isSmall);
    this.styles.set(name, made);
    return made;
  }
}

function featureOf(hit: Hit): Feature {
  const feature = new Feature();
  if (hit.geometry) {
    feature.setGeometry(geojson.readGeometry(hit.geometry) as OlGeometry);
  }
  feature.setId(hit.id);
  feature.set("standing", hit.properties.standing, true);
  return feature;
}

/** The box of a footprint; of one across the 180th meridian, of its larger part. */
function extentOf(feature: Feature): Extent {
  const geometry = feature.getGeometry();
  if (!geometry) {
    return [0, 0, 0, 0];
  }
  if (geometry.getType() !== "MultiPolygon") {
    return geometry.getExtent();
  }
  const parts = (geometry as import("ol/geom/MultiPolygon.js").default).getPolygons();
  parts.sort((one, other) => other.getArea() - one.getArea());
  return parts[0]?.getExtent() ?? geometry.getExtent();
}
