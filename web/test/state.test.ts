import assert from "node:assert/strict";
import { test } from "node:test";
import { askedOf, stateOfAsked } from "../src/asked.ts";
import {
  EMPTY,
  expanding,
  fromHash,
  hasQuestion,
  questionOf,
  toHash,
  type State,
} from "../src/state.ts";

const FULL: State = {
  ...EMPTY,
  index: "archive",
  text: "houses & gardens, 50 % = #half",
  like: [
    { kind: "chip", value: "ab:12~3", weight: 0.5 },
    { kind: "text", value: "a: b" },
  ],
  unlike: [{ kind: "upload", value: "u1" }],
  area: { kind: "box", box: [5.1, 50.25, 6.000001, 51] },
  since: "2018",
  until: "2020-06",
  sources: ["0a", "0b"],
  rest: { near: [5, 50], radius_km: 2.5 },
  saved: "w1",
  how: "again",
  layout: "grid",
  chosen: "ab:12~3",
  view: { lon: 5.5, lat: 50.75, zoom: 12.25 },
};

test("a link holds the whole state", () => {
  assert.deepEqual(fromHash(`#${toHash(FULL)}`), FULL);
});

test("a link holds a change and a polygon", () => {
  const ring = [
    [5, 50],
    [6, 50],
    [6, 51],
    [5, 50],
  ];
  const area = {
    kind: "polygon",
    geometry: { type: "Polygon", coordinates: [ring] },
    name: "park",
  };
  const state = { ...EMPTY, mode: "changes", before: "2018", after: "2020-01-02", area } as State;
  assert.deepEqual(fromHash(toHash(state)), state);
});

test("a link holds an area of several polygons", () => {
  const ring = [
    [5, 50],
    [6, 50],
    [6, 51],
    [5, 50],
  ];
  const geometry = { type: "MultiPolygon", coordinates: [[ring], [ring]] };
  const state: State = { ...EMPTY, area: { kind: "polygon", geometry, name: undefined } };
  assert.deepEqual(fromHash(toHash(state)), state);
});

test("a link that nothing can read is an empty state", () => {
  assert.deepEqual(
    fromHash("#bbox=1,2,x&map=1&polygon=1,2&how=hack&rest=[&like=file:/etc/passwd"),
    EMPTY,
  );
  assert.deepEqual(fromHash(""), EMPTY);
});

test("an empty state has an empty link", () => {
  assert.equal(toHash(EMPTY), "");
});

test("looking elsewhere or choosing a hit is no other question", () => {
  const moved = {
    ...FULL,
    view: null,
    chosen: "",
    layout: "list",
    saved: "",
    how: "asked",
  } as State;
  assert.equal(questionOf(moved), questionOf(FULL));
  assert.notEqual(questionOf({ ...FULL, text: "other" }), questionOf(FULL));
});

test("dates of the mode that is not shown are no part of the question", () => {
  assert.equal(questionOf({ ...EMPTY, before: "2018" }), questionOf(EMPTY));
});

test("there is a question where there is a text or an example", () => {
  assert.equal(hasQuestion({ ...EMPTY, text: "  " }), false);
  assert.equal(hasQuestion({ ...EMPTY, like: [{ kind: "chip", value: "1" }] }), true);
});

test("the body of a search has the fields of the API", () => {
  assert.deepEqual(askedOf(FULL), {
    text: "houses & gardens, 50 % = #half",
    like: [{ chip: "ab:12~3", weight: 0.5 }, { text: "a: b" }],
    unlike: [{ upload: "u1" }],
    bbox: [5.1, 50.25, 6.000001, 51],
    date: ["2018", "2020-06"],
    source: ["0a", "0b"],
    near: [5, 50],
    radius_km: 2.5,
  });
});

test("the body of a change has no range of dates", () => {
  const state: State = { ...FULL, mode: "changes", before: "2018", after: "2020" };
  const asked = askedOf(state);
  assert.equal(asked.date, undefined);
  assert.deepEqual([asked.before, asked.after], ["2018", "2020"]);
});

test("a saved search is shown as it was asked", () => {
  const { index, saved, how, layout, chosen, view } = FULL;
  const shown = {
    ...EMPTY,
    ...stateOfAsked(askedOf(FULL)),
    index,
    saved,
    how,
    layout,
    chosen,
    view,
  };
  assert.equal(questionOf(shown), questionOf(FULL));
});

test("a picture that only the server has is told as kept", () => {
  const { like } = stateOfAsked({ text: null, like: [{ vector: [1, 2] }] });
  assert.deepEqual(like, [{ kind: "kept", value: "picture", weight: undefined }]);
  assert.deepEqual(askedOf({ ...EMPTY, text: "x", like: like ?? [] }), { text: "x" });
});

test("further texts of a saved search are texts to be like", () => {
  const { text, like } = stateOfAsked({ text: ["a", "b"], k: 5 });
  assert.equal(text, "a");
  assert.deepEqual(like, [{ kind: "text", value: "b" }]);
});

test("a search as typed is kept in the address, and taken back", () => {
  const typed = { ...EMPTY, text: "boats", ...expanding(EMPTY, false) };
  assert.deepEqual(typed.rest, { expand: "off" });
  assert.deepEqual(fromHash(toHash(typed)).rest, { expand: "off" });
  assert.equal(askedOf(typed)["expand" as keyof object], "off");
  assert.deepEqual(expanding(typed, true).rest, {});
});
