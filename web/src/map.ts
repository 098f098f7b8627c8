/** The map: land or the operator's base map below, scenes, footprints and areas above. */

import OlMap from "ol/Map.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import { buffer, createEmpty, extend, getWidth, isEmpty, type Extent } from "ol/extent.js";
import TileLayer from "ol/layer/Tile.js";
import VectorImageLayer from "ol/layer/VectorImage.js";
import { fromLonLat, toLonLat, transformExtent } from "ol/proj.js";
import TileWMS from "ol/source/TileWMS.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import Fill from "ol/style/Fill.js";
import Style from "ol/style/Style.js";
import { call } from "./api.ts";
import type { Basemap, Bounds } from "./contract.ts";
import { byId } from "./elements.ts";
import { rolled } from "./geometry.ts";
import { landOf } from "./land.ts";
import type { View as Seen } from "./state.ts";
import { colour, onTheme } from "./theme.ts";

const DEGREES = "EPSG:4326";
const MERCATOR = "EPSG:3857";
const CLOSEST = 18;
const NEAREST = 20;
const MOVE_MS = 250;
const MARGIN = 60;

/** Layers from the bottom up. */
export const HEIGHT = {
  base: 0,
  coverage: 10,
  scene: 20,
  area: 30,
  footprints: 40,
  detections: 45,
  chosen: 50,
  drawing: 60,
};

export class GroundMap {
  readonly ol: OlMap;

  constructor() {
    this.ol = new OlMap({
      target: "map",
      controls: [new ScaleLine({ target: byId("scale") })],
      view: new View({ center: [0, 2_000_000], zoom: 2, minZoom: 1, maxZoom: 22 }),
    });
  }

  /** Show the operator's base map, or the land that the page brings. */
  async showBase(basemap: Basemap | null): Promise<void> {
    const says = byId("attribution");
    if (basemap) {
      this.ol.addLayer(new TileLayer({ source: sourceOf(basemap), zIndex: HEIGHT.base }));
      says.textContent = basemap.attribution;
      return;
    }
    const land = await call<object>("assets/land-50m.json");
    const layer = new VectorImageLayer({
      source: new VectorSource({ features: landOf(land) }),
      style: landStyle(),
      zIndex: HEIGHT.base,
    });
    onTheme(() => layer.setStyle(landStyle()));
    this.ol.addLayer(layer);
    says.textContent = "Land: Natural Earth";
  }

  /** Say what is seen, after each move. */
  onMoved(listener: (view: Seen) => void): void {
    this.ol.on("moveend", () => listener(this.seen()));
  }

  /** What is seen. */
  seen(): Seen {
    const view = this.ol.getView();
    const [lon = 0, lat = 0] = toLonLat(view.getCenter() ?? [0, 0]);
    return { lon, lat, zoom: view.getZoom() ?? 0 };
  }

  /** The box of what is seen, degrees. */
  seenBox(): Bounds {
    const extent = this.ol.getView().calculateExtent(this.ol.getSize());
    const [west = -180, south = -90, east = 180, north = 90] = toDegrees(extent);
    return rolled([west, south, east, north]);
  }

  /** Look at a place of a link. */
  look({ lon, lat, zoom }: Seen): void {
    const view = this.ol.getView();
    view.setCenter(fromLonLat([lon, lat]));
    view.setZoom(zoom);
  }

  /** Look at boxes in the map's own coordinates. */
  fit(extents: Extent[], closest = CLOSEST, isSlow = true): void {
    const all = createEmpty();
    extents.forEach((extent) => extend(all, extent));
    if (isEmpty(all)) {
      return;
    }
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const duration = isSlow && !still ? MOVE_MS : 0;
    // The card of the chosen place covers the left part.
    const card = byId("card");
    const covered = card.hidden ? 0 : card.offsetWidth;
    const padding = [MARGIN, MARGIN, MARGIN, MARGIN + covered];
    this.ol.getView().fit(all, { padding, maxZoom: closest, duration });
  }

  /** Look at a hit with about its own width of ground on each side. */
  fitAround(extent: Extent): void {
    this.fit([buffer(extent, getWidth(extent))], NEAREST);
  }

  /** Look at a box of degrees. */
  fitBox(box: Bounds, isSlow = true): void {
    this.fit([toMercator(box)], CLOSEST, isSlow);
  }

  /** One step nearer, or further away. */
  zoom(by: number): void {
    const view = this.ol.getView();
    view.animate({ zoom: (view.getZoom() ?? 2) + by, duration: MOVE_MS });
  }
}

/** A box of degrees in the map's own coordinates; its latitudes are kept within the map. */
export function toMercator(box: Bounds): Extent {
  const [west, south, east, north] = box;
  return transformExtent(
    [west, Math.max(south, -85), east, Math.min(north, 85)],
    DEGREES,
    MERCATOR,
  );
}

function toDegrees(extent: Extent): number[] {
  return transformExtent(extent, MERCATOR, DEGREES);
}

function sourceOf({ kind, url }: Basemap): XYZ | TileWMS {
  if (kind === "xyz") {
    return new XYZ({ url, maxZoom: 20 });
  }
  // What the operator wrote after "?" goes along with each call: LAYERS, STYLES, VERSION.
  const address = new URL(url);
  const params = Object.fromEntries(
    [...address.searchParams].map(([name, value]) => [name.toUpperCase(), value]),
  );
  return new TileWMS({ url: address.origin + address.pathname, params });
}

function landStyle(): Style {
  return new Style({ fill: new Fill({ color: colour("land") }) });
}
