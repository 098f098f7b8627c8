import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areaOfGeoJson,
  boxOf,
  isInside,
  nearestFirst,
  polygonOfText,
  sizeInKm,
} from "../src/geometry.ts";
import { laidFlat } from "../src/land.ts";

const RING = [
  [5, 50],
  [7, 50],
  [7, 51],
  [5, 51],
  [5, 50],
];
const POLYGON = { type: "Polygon", coordinates: [RING] };

test("the box of a geometry", () => {
  assert.deepEqual(
    boxOf({
      type: "MultiPolygon",
      coordinates: [
        [RING],
        [
          [
            [9, 40],
            [9, 41],
          ],
        ],
      ],
    }),
    [5, 40, 9, 51],
  );
  assert.equal(boxOf(null), null);
});

test("a degree of latitude is 111 km, one of longitude shrinks with the cosine", () => {
  const [width, height] = sizeInKm([10, 59.5, 11, 60.5]);
  assert.ok(Math.abs(height - 111.195) < 0.01);
  assert.ok(Math.abs(width - height * Math.cos(Math.PI / 3)) < 0.01);
});

test("a hole is not inside", () => {
  const hole = [
    [5.5, 50.25],
    [6, 50.25],
    [6, 50.75],
    [5.5, 50.75],
    [5.5, 50.25],
  ];
  assert.equal(isInside([5.75, 50.5], [RING]), true);
  assert.equal(isInside([5.75, 50.5], [RING, hole]), false);
  assert.equal(isInside([8, 50.5], [RING]), false);
});

test("an area is read from every form of GeoJSON", () => {
  const feature = { type: "Feature", properties: {}, geometry: POLYGON };
  const point = { type: "Feature", geometry: { type: "Point", coordinates: [1, 2] } };
  for (const value of [
    POLYGON,
    feature,
    { type: "FeatureCollection", features: [point, feature] },
    { type: "GeometryCollection", geometries: [POLYGON] },
  ]) {
    const area = areaOfGeoJson(JSON.stringify(value), "a.geojson");
    assert.deepEqual(area, { kind: "polygon", geometry: POLYGON, name: "a.geojson" });
  }
});

test("several polygons are one area", () => {
  const value = { type: "FeatureCollection", features: [{ type: "Feature", geometry: POLYGON }] };
  value.features.push({ type: "Feature", geometry: POLYGON });
  const area = areaOfGeoJson(JSON.stringify(value), "a.geojson");
  assert.deepEqual(area.kind === "polygon" && area.geometry, {
    type: "MultiPolygon",
    coordinates: [[RING], [RING]],
  });
});

test("a file that holds no area says so", () => {
  const read = (text: string) => () => areaOfGeoJson(text, "a.json");
  assert.throws(read("{"), /a\.json is not GeoJSON/);
  assert.throws(read("null"), /holds no polygon/);
  assert.throws(read('{"type":"Point","coordinates":[1,2]}'), /holds no polygon/);
  const metres = {
    type: "Polygon",
    coordinates: [
      [
        [650000, 5600000],
        [650001, 5600000],
      ],
    ],
  };
  assert.throws(read(JSON.stringify(metres)), /not in degrees/);
});

test("what is no polygon in a link is none", () => {
  for (const text of ["", "1,2;3,4", "1,2;x,4;5,6", "{", '{"type":"Point"}']) {
    assert.equal(polygonOfText(text), null);
  }
});

test("a ring across the 180th meridian goes on beyond it", () => {
  const flat = laidFlat([
    [170, 60],
    [179, 65],
    [-170, 66],
    [-175, 60],
    [170, 60],
  ]);
  assert.deepEqual(flat, [
    [170, 60],
    [179, 65],
    [190, 66],
    [185, 60],
    [170, 60],
  ]);
});

test("a ring around the pole is closed below", () => {
  const flat = laidFlat([
    [-170, -80],
    [0, -70],
    [170, -80],
    [-170, -80],
  ]);
  const lons = flat.map(([lon]) => lon);
  assert.deepEqual(lons, [-170, 0, 170, 190, 190, -170, -170]);
  assert.equal(Math.min(...flat.map(([, lat]) => lat ?? 0)), -85.05);
});

test("the nearest centre comes first", () => {
  assert.deepEqual(
    nearestFirst(
      [0, 0],
      [
        [3, 0],
        [0, -1],
        [1, 1],
      ],
    ),
    [1, 2, 0],
  );
});
