/** The land of the map: Natural Earth's shapes, laid flat where they cross the 180th meridian. */

import Feature from "ol/Feature.js";
import TopoJSON from "ol/format/TopoJSON.js";
import MultiPolygon from "ol/geom/MultiPolygon.js";
import Polygon from "ol/geom/Polygon.js";
import type { Position } from "./geometry.ts";

/** Web Mercator ends near here. */
const SOUTHERN_END = -85.05;

/** The land as shapes of Web Mercator. */
export function landOf(topology: object): Feature[] {
  const shapes = new TopoJSON({ layers: ["land"] }).readFeatures(topology);
  const polygons = shapes.flatMap((shape) => polygonsOf(shape as Feature));
  return polygons
    .flatMap((rings) => bothSides(rings.map(laidFlat)))
    .map((rings) => {
      const flat = new Polygon(rings);
      return new Feature(flat.transform("EPSG:4326", "EPSG:3857"));
    });
}

/** What goes on beyond 180 degrees is drawn once more on the other side. */
export function bothSides(rings: Position[][]): Position[][][] {
  const lons = rings.flat().map(([lon = 0]) => lon);
  const turns = [0];
  if (lons.some((lon) => lon > 180)) {
    turns.push(-360);
  }
  if (lons.some((lon) => lon < -180)) {
    turns.push(360);
  }
  const turned = (turn: number) => (ring: Position[]) =>
    ring.map(([lon = 0, lat = 0]) => [lon + turn, lat]);
  return turns.map((turn) => rings.map(turned(turn)));
}

function polygonsOf(shape: Feature): Position[][][] {
  const geometry = shape.getGeometry();
  if (geometry instanceof MultiPolygon) {
    return geometry.getCoordinates();
  }
  return geometry instanceof Polygon ? [geometry.getCoordinates()] : [];
}

/**
 * A ring without jumps from one side of the map to the other.
 *
 * The shapes are joined at the 180th meridian, as on a globe: on a flat map such a ring goes on
 * beyond 180 degrees, and the map draws it on both sides. One around the pole is closed below.
 */
export function laidFlat(ring: Position[]): Position[] {
  let turns = 0;
  let before = ring[0]?.[0] ?? 0;
  const flat = ring.map(([lon = 0, lat = 0]) => {
    if (lon - before > 180) {
      turns -= 360;
    } else if (lon - before < -180) {
      turns += 360;
    }
    before = lon;
    return [lon + turns, Math.max(lat, SOUTHERN_END)];
  });
  const [first] = flat;
  if (turns === 0 || !first) {
    return flat;
  }
  const [start = 0] = first;
  return [...flat, [start + turns, SOUTHERN_END], [start, SOUTHERN_END], first];
}
