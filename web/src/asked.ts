/** From what the page shows to the body of a search, and back from a saved search. */

import type { Asked, AskedExample, Bounds } from "./contract.ts";
import type { Area } from "./geometry.ts";
import { EMPTY, type Example, type State } from "./state.ts";

/** The body of a search. Pictures that the server keeps have no id and are left out. */
export function askedOf(state: State): Asked {
  const asked: Asked = { ...state.rest };
  if (state.text.trim()) {
    asked.text = state.text.trim();
  }
  addExamples(asked, state);
  addArea(asked, state.area);
  if (state.mode === "changes") {
    asked.before = state.before;
    asked.after = state.after;
  } else if (state.since || state.until) {
    asked.date = [state.since || null, state.until || null];
  }
  if (state.sources.length > 0) {
    asked.source = state.sources;
  }
  return asked;
}

function addExamples(asked: Asked, state: State): void {
  const like = state.like.flatMap(askedExample);
  const unlike = state.unlike.flatMap(askedExample);
  if (like.length > 0) {
    asked.like = like;
  }
  if (unlike.length > 0) {
    asked.unlike = unlike;
  }
}

function addArea(asked: Asked, area: Area | null): void {
  if (area?.kind === "box") {
    asked.bbox = area.box;
  }
  if (area?.kind === "polygon") {
    asked.polygon = area.geometry;
  }
}

function askedExample({ kind, value, weight }: Example): AskedExample[] {
  if (kind === "kept") {
    return [];
  }
  const example: AskedExample = { [kind]: value };
  return [weight === undefined ? example : { ...example, weight }];
}

/** Fields of a search that the page has an element for, and the size of a page. */
const KNOWN = new Set(
  "text image like unlike bbox polygon date source before after k offset".split(" "),
);

/** The part of the state that a saved search says. */
export function stateOfAsked(asked: Asked): Partial<State> {
  const rest = Object.entries(asked).filter(([name, value]) => !KNOWN.has(name) && value != null);
  const [since, until] = asked.date ?? [null, null];
  const isChange = Boolean(asked.before ?? asked.after);
  const texts = listOf(asked.text);
  // Each further text counts as much as the first: so does a text to be like.
  const further = texts.slice(1).map((value): Example => ({ kind: "text", value }));
  const image = asked.image ? [exampleOf(asked.image)] : [];
  return {
    text: texts[0] ?? "",
    like: [...further, ...image, ...(asked.like ?? []).map(exampleOf)],
    unlike: (asked.unlike ?? []).map(exampleOf),
    area: areaOf(asked),
    mode: isChange ? "changes" : EMPTY.mode,
    since: since ?? "",
    until: until ?? "",
    before: asked.before ?? "",
    after: asked.after ?? "",
    sources: listOf(asked.source),
    rest: Object.fromEntries(rest),
  };
}

/** One value, several or none, as a list. */
function listOf(value: string | string[] | null | undefined): string[] {
  if (!value) {
    return [];
  }
  return Array.isArray(value) ? value : [value];
}

function areaOf(asked: Asked): Area | null {
  if (asked.bbox) {
    return { kind: "box", box: asked.bbox as Bounds };
  }
  return asked.polygon ? { kind: "polygon", geometry: asked.polygon } : null;
}

function exampleOf(example: AskedExample): Example {
  const { weight } = example;
  for (const kind of ["text", "chip", "upload"] as const) {
    const value = example[kind];
    if (value !== undefined) {
      return { kind, value, weight };
    }
  }
  return { kind: "kept", value: "picture", weight };
}
