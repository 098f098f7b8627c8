/** What the page shows, all of it, and the part of its address that says so. */

import type { Bounds } from "./contract.ts";
import { polygonOfText, polygonText, rounded, type Area } from "./geometry.ts";

export type ExampleKind = "text" | "chip" | "upload" | "kept";
export type How = "asked" | "again" | "best" | "doubtful";

/** A thing to be like, or unlike. */
export interface Example {
  kind: ExampleKind;
  value: string;
  weight?: number;
}

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

export interface State {
  index: string;
  text: string;
  like: Example[];
  unlike: Example[];
  area: Area | null;
  mode: "places" | "changes";
  since: string;
  until: string;
  before: string;
  after: string;
  sources: string[];
  /** What else a saved search asks for, of which the page knows no more than to keep it. */
  rest: Record<string, unknown>;
  /** The saved search or draft that marks go to; "" before the first mark. */
  saved: string;
  how: How;
  layout: "list" | "grid";
  chosen: string;
  view: View | null;
}

export const EMPTY: State = {
  index: "",
  text: "",
  like: [],
  unlike: [],
  area: null,
  mode: "places",
  since: "",
  until: "",
  before: "",
  after: "",
  sources: [],
  rest: {},
  saved: "",
  how: "asked",
  layout: "list",
  chosen: "",
  view: null,
};

const HOWS: readonly string[] = ["again", "best", "doubtful"];
const KINDS: readonly string[] = ["text", "chip", "upload", "kept"];

/** Is there anything to look for? */
export function hasQuestion(state: State): boolean {
  return state.text.trim() !== "" || state.like.length > 0;
}

/** Short texts joined by captions, as is usual, or searched as typed. */
export function expanding(state: State, isJoined: boolean): Partial<State> {
  const { expand: _, ...rest } = state.rest;
  return {
    rest: isJoined ? rest : { ...rest, expand: "off" },
    saved: "",
    how: "asked",
    chosen: "",
  };
}

/** What a search depends on, as one string: where it changes, the answer does. */
export function questionOf(state: State): string {
  const { index, text, like, unlike, area, mode, sources, rest } = state;
  const isPlaces = mode === "places";
  const dates = isPlaces ? [state.since, state.until] : [state.before, state.after];
  return JSON.stringify([index, text.trim(), like, unlike, area, mode, dates, sources, rest]);
}

/** The part of an address after "#". */
export function toHash(state: State): string {
  const words = new URLSearchParams();
  const add = (name: string, value: string): void => {
    if (value !== "") {
      words.append(name, value);
    }
  };
  add("index", state.index);
  add("q", state.text);
  state.like.forEach((example) => add("like", exampleText(example)));
  state.unlike.forEach((example) => add("unlike", exampleText(example)));
  addArea(add, state.area);
  if (state.mode === "changes") {
    words.append("changes", `${state.before}..${state.after}`);
  } else if (state.since || state.until) {
    words.append("dates", `${state.since}..${state.until}`);
  }
  state.sources.forEach((source) => add("source", source));
  add("rest", Object.keys(state.rest).length > 0 ? JSON.stringify(state.rest) : "");
  add("search", state.saved);
  add("how", state.how === "asked" ? "" : state.how);
  add("layout", state.layout === "grid" ? "grid" : "");
  add("hit", state.chosen);
  if (state.view) {
    const { lon, lat, zoom } = state.view;
    add("map", `${lon.toFixed(5)},${lat.toFixed(5)},${zoom.toFixed(2)}`);
  }
  return words.toString();
}

function addArea(add: (name: string, value: string) => void, area: Area | null): void {
  if (area?.kind === "box") {
    add("bbox", area.box.map(rounded).join(","));
  }
  if (area?.kind === "polygon") {
    add("polygon", polygonText(area.geometry));
    add("area", area.name ?? "");
  }
}

/** What an address says; what cannot be read in it is left out. */
export function fromHash(hash: string): State {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const word = (name: string): string => words.get(name) ?? "";
  const [since = "", until = ""] = word("dates").split("..");
  const [before = "", after = ""] = word("changes").split("..");
  const how = word("how");
  return {
    index: word("index"),
    text: word("q"),
    like: words.getAll("like").flatMap(exampleOfText),
    unlike: words.getAll("unlike").flatMap(exampleOfText),
    area: areaOf(words),
    mode: words.has("changes") ? "changes" : "places",
    since,
    until,
    before,
    after,
    sources: words.getAll("source"),
    rest: restOf(word("rest")),
    saved: word("search"),
    how: HOWS.includes(how) ? (how as How) : "asked",
    layout: word("layout") === "grid" ? "grid" : "list",
    chosen: word("hit"),
    view: viewOf(word("map")),
  };
}

function areaOf(words: URLSearchParams): Area | null {
  const box = numbersOf(words.get("bbox") ?? "");
  if (box.length === 4) {
    return { kind: "box", box: box as Bounds };
  }
  const geometry = polygonOfText(words.get("polygon") ?? "");
  const name = words.get("area") ?? undefined;
  return geometry ? { kind: "polygon", geometry, name } : null;
}

function restOf(text: string): Record<string, unknown> {
  try {
    const rest: unknown = JSON.parse(text || "{}");
    return typeof rest === "object" && rest !== null ? { ...rest } : {};
  } catch {
    return {};
  }
}

function viewOf(text: string): View | null {
  const [lon, lat, zoom] = numbersOf(text);
  if (lon === undefined || lat === undefined || zoom === undefined) {
    return null;
  }
  return { lon, lat, zoom };
}

function numbersOf(text: string): number[] {
  const numbers = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
  return numbers.every(Number.isFinite) ? numbers : [];
}

/** "chip:ID", with "~WEIGHT" in front where it has one. */
function exampleText({ kind, value, weight }: Example): string {
  const counted = weight === undefined ? "" : `~${weight}`;
  return `${kind}${counted}:${value}`;
}

function exampleOfText(text: string): Example[] {
  const [, kind = "", weight, value = ""] = /^([a-z]+)(?:~([\d.]+))?:(.+)$/s.exec(text) ?? [];
  if (!KINDS.includes(kind)) {
    return [];
  }
  const example: Example = { kind: kind as ExampleKind, value };
  return [weight === undefined ? example : { ...example, weight: Number(weight) }];
}
