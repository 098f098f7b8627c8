import assert from "node:assert/strict";
import { test } from "node:test";
import type { Relevance } from "../src/contract.ts";
import { rowsOf } from "../src/relevance.ts";
import {
  againSentence,
  importSentence,
  answerSentence,
  areaSentence,
  asSentence,
  datesProblem,
  distance,
  foundSentence,
  indexFacts,
  indexSentence,
  isDate,
  joinedSentence,
  lastGoodSentence,
  moment,
  plural,
  problemSentence,
} from "../src/words.ts";

test("counts are told by standing", () => {
  const counts = { clear: 6, likely: 0, weak: 1220 };
  assert.equal(answerSentence("1,226 places", counts), "1,226 places: 6 clear, 1,220 weak");
  assert.equal(answerSentence("1 change", { clear: 0, likely: 0, weak: 0 }), "1 change");
  assert.equal(foundSentence(1226, "places", false), "1,226 places");
  assert.equal(foundSentence(200, "changes", true), "Best 200 changes");
  assert.equal(plural(1, "mark waits", "marks wait"), "1 mark waits");
});

test("buttons say what they use", () => {
  assert.equal(againSentence(0, 0), "Search again");
  assert.equal(againSentence(4, 2), "Search again: 4 good, 2 bad");
  assert.equal(lastGoodSentence(7), "Of the last 10 marked, 7 were good.");
  assert.equal(lastGoodSentence(null), "");
});

test("dates are years, months or days", () => {
  for (const date of ["2018", "2018-05", "2018-05-31"]) {
    assert.equal(isDate(date), true);
  }
  for (const date of ["18", "2018-13", "2018-05-32", "31.5.2018", "2018-5"]) {
    assert.equal(isDate(date), false);
  }
});

test("wrong dates are told", () => {
  assert.equal(datesProblem("places", ["", ""]), "");
  assert.equal(datesProblem("places", ["2018-06", "2018"]), "");
  assert.match(datesProblem("places", ["2020", "2018"]), /later than the second/);
  assert.match(datesProblem("places", ["May", ""]), /“May” is not a date/);
  assert.match(datesProblem("changes", ["2018", ""]), /needs two dates/);
});

test("sizes are told in metres or kilometres", () => {
  assert.deepEqual([0.0001, 0.64, 2.345, 1234.5].map(distance), [
    "1 m",
    "640 m",
    "2.3 km",
    "1,235 km",
  ]);
  assert.equal(areaSentence({ kind: "box", box: [0, 0, 1, 1] }), "Box, 111 km × 111 km");
});

test("a problem says what the server said, or what to do", () => {
  assert.equal(problemSentence(422, "k is 0; give at least 1"), "K is 0; give at least 1.");
  assert.match(problemSentence(0, ""), /does not answer/);
  assert.match(problemSentence(410, "gone"), /Search again/);
  assert.match(problemSentence(500, ""), /Its log says why/);
  assert.equal(asSentence("why?"), "Why?");
});

test("a moment that is none is no words", () => {
  assert.equal(moment(null), "");
  assert.equal(moment("soon"), "");
  assert.match(moment("2024-05-31T12:05:00Z"), /^2024-0[56]-\d\d \d\d:\d\d$/);
});

test("relevance comes in rows or in one list", () => {
  const told: Relevance = { rows: 2, columns: 2, values: [1, 2, 3, 4], score: 1, sentence: "" };
  assert.deepEqual(rowsOf(told), [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(
    rowsOf({
      ...told,
      values: [
        [1, 2],
        [3, 4],
      ],
    }),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test("an index is told by its scenes and years", () => {
  const index = { id: "a", title: "a", state: "ready", sources: 1, chips: 9, model: "m" } as const;
  assert.equal(
    indexSentence({ ...index, dates: ["2016-05-01", "2022-08-20"] }),
    "1 scene, 2016 to 2022",
  );
  assert.equal(indexSentence({ ...index, dates: ["2016-05-01", "2016-08-20"] }), "1 scene, 2016");
  assert.equal(indexFacts({ ...index, dates: null }), "9 chips of 1 scene, model m");
});

test("what became of a file of marks is told", () => {
  const done = {
    set: 3,
    unknown: ["a"],
    num_unknown: 1,
    bad: [{ row: 7, reason: "mark is ok" }],
    num_bad: 2,
  };
  assert.equal(
    importSentence(done),
    "3 marks taken from the file; 1 of places that this index does not have;" +
      " 2 rows that say no mark (row 7: mark is ok).",
  );
});

test("what joined a short text is told", () => {
  const expanded = {
    text: "boats",
    terms: ["boat"],
    num_captions: 40,
    examples: ["boats docked at a harbor", "many boats"],
    num_phrases: 4,
  };
  assert.equal(
    joinedSentence(expanded),
    "“boats” joined by 40 captions such as “boats docked at a harbor” and 4 phrases.",
  );
  assert.equal(
    joinedSentence({ ...expanded, num_captions: 0, examples: [], num_phrases: 1 }),
    "“boats” joined by 1 phrase.",
  );
});
