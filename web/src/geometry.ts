/** Areas on the Earth: geometries of GeoJSON, their boxes, centres and short forms for links. */

import type { Bounds } from "./contract.ts";

export type Position = number[];

export interface Geometry {
  type: string;
  coordinates: unknown;
}

/** Where to look: a box, or a polygon. */
export type Area =
  { kind: "box"; box: Bounds } | { kind: "polygon"; geometry: Geometry; name?: string };

const EARTH_RADIUS_KM = 6371.0088;
const AREAL = new Set(["Polygon", "MultiPolygon"]);

/** Every position of a geometry. */
export function positions(coordinates: unknown): Position[] {
  if (!Array.isArray(coordinates)) {
    return [];
  }
  if (typeof coordinates[0] === "number") {
    return [coordinates as Position];
  }
  return coordinates.flatMap((part) => positions(part));
}

/** The box around a geometry, or null where it has no positions. */
export function boxOf(geometry: Geometry | null): Bounds | null {
  const all = positions(geometry?.coordinates);
  if (all.length === 0) {
    return null;
  }
  const box: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon = 0, lat = 0] of all) {
    box[0] = Math.min(box[0], lon);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon);
    box[3] = Math.max(box[3], lat);
  }
  return box;
}

/** The box around an area. */
export function boxOfArea(area: Area): Bounds | null {
  return area.kind === "box" ? area.box : boxOf(area.geometry);
}

/** How far a box reaches: from west to east, and from south to north. */
export function sizeInKm(box: Bounds): [number, number] {
  const degree = (Math.PI * EARTH_RADIUS_KM) / 180;
  const middle = ((box[1] + box[3]) / 2) * (Math.PI / 180);
  return [(box[2] - box[0]) * degree * Math.cos(middle), (box[3] - box[1]) * degree];
}

/** Is a point inside the rings of a polygon? By the number of edges that a ray crosses. */
export function isInside(point: Position, rings: Position[][]): boolean {
  const [x = 0, y = 0] = point;
  let inside = false;
  for (const ring of rings) {
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
      const [ax = 0, ay = 0] = ring[at] ?? [];
      const [bx = 0, by = 0] = ring[before] ?? [];
      const straddles = ay > y !== by > y;
      if (straddles && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) {
        inside = !inside;
      }
    }
  }
  return inside;
}

/**
 * The area that a file of GeoJSON holds: the polygons of all of its features together.
 *
 * Throws an Error whose message is for the person who chose the file.
 */
export function areaOfGeoJson(text: string, name: string): Area {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not GeoJSON. Choose a file that ends in .geojson or .json.`);
  }
  const polygons = geometriesOf(value).flatMap(polygonsOf);
  if (polygons.length === 0) {
    throw new Error(`${name} holds no polygon. Draw the outline of the area and save it again.`);
  }
  if (positions(polygons).some(([lon = 0, lat = 0]) => Math.abs(lon) > 360 || Math.abs(lat) > 90)) {
    throw new Error(`${name} is not in degrees. Save it in WGS 84 (EPSG:4326).`);
  }
  const single = polygons.length === 1;
  const geometry = single
    ? { type: "Polygon", coordinates: polygons[0] }
    : { type: "MultiPolygon", coordinates: polygons };
  return { kind: "polygon", geometry, name };
}

interface Collected {
  type?: string;
  features?: unknown[];
  geometries?: unknown[];
  geometry?: unknown;
}

function geometriesOf(value: unknown): Geometry[] {
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const { type, features, geometries, geometry } = value as Collected;
  if (type === "FeatureCollection" && features) {
    return features.flatMap(geometriesOf);
  }
  if (type === "GeometryCollection" && geometries) {
    return geometries.flatMap(geometriesOf);
  }
  if (type === "Feature") {
    return geometriesOf(geometry);
  }
  return AREAL.has(type ?? "") ? [value as Geometry] : [];
}

function polygonsOf(geometry: Geometry): unknown[] {
  if (!Array.isArray(geometry.coordinates)) {
    return [];
  }
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
}

/** Which of several centres are nearest to a point: their places in the list, the nearest first. */
export function nearestFirst([x = 0, y = 0]: Position, centres: Position[]): number[] {
  const far = (at: number): number => {
    const [cx = 0, cy = 0] = centres[at] ?? [];
    return Math.hypot(cx - x, cy - y);
  };
  return centres.map((_, at) => at).sort((one, other) => far(one) - far(other));
}

/** A polygon in a link: "lon,lat;lon,lat;…" of one ring, else GeoJSON. */
export function polygonText(geometry: Geometry): string {
  const rings = geometry.coordinates as Position[][];
  if (geometry.type !== "Polygon" || rings.length !== 1) {
    return JSON.stringify(geometry);
  }
  const corners = (rings[0] ?? []).slice(0, -1);
  return corners.map((corner) => corner.map(rounded).join(",")).join(";");
}

/** The polygon of a link, or null where it cannot be read. */
export function polygonOfText(text: string): Geometry | null {
  if (text.startsWith("{")) {
    try {
      return geometriesOf(JSON.parse(text))[0] ?? null;
    } catch {
      return null;
    }
  }
  const corners = text.split(";").map((corner) => corner.split(",").map(Number));
  const usable = corners.every((corner) => corner.length === 2 && corner.every(Number.isFinite));
  const [first] = corners;
  if (!usable || !first || corners.length < 3) {
    return null;
  }
  return { type: "Polygon", coordinates: [[...corners, first]] };
}

/** A degree with as many digits as about 0.1 m needs. */
export function rounded(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}
