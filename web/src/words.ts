/** Sentences of the page: counts, dates, sizes, times, and what a problem means. */

import type {
  Counts,
  ExpandedText,
  Hit,
  IndexSummary,
  MarkKind,
  MarksImported,
  Standing,
} from "./contract.ts";
import { boxOfArea, sizeInKm, type Area } from "./geometry.ts";

const DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;
const GROUPED = new Intl.NumberFormat("en");

/** 2018, 2018-05 or 2018-05-31. */
export function isDate(text: string): boolean {
  return DATE.test(text);
}

/** 12345 → "12,345". */
export function count(number: number): string {
  return GROUPED.format(number);
}

/** "1 place", "2 places". */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** What joined a short text of a query. */
export function joinedSentence({
  text,
  num_captions,
  examples,
  num_phrases,
}: ExpandedText): string {
  const parts: string[] = [];
  if (num_captions > 0) {
    const shown = examples.slice(0, 1).map((example) => ` such as “${example}”`);
    parts.push(plural(num_captions, "caption") + shown.join(""));
  }
  if (num_phrases > 0) {
    parts.push(plural(num_phrases, "phrase"));
  }
  return `“${text}” joined by ${parts.join(" and ")}.`;
}

/** "6 clear, 20 likely, 22 weak"; standings that none has are left out. */
export function standingsSentence(counts: Counts): string {
  const standings: Standing[] = ["clear", "likely", "weak"];
  const parts = standings.filter((name) => counts[name] > 0);
  return parts.map((name) => `${count(counts[name])} ${name}`).join(", ");
}

/** "48 places: 6 clear, 20 likely, 22 weak". */
export function answerSentence(found: string, counts: Counts): string {
  const standings = standingsSentence(counts);
  return standings ? `${found}: ${standings}` : found;
}

/** "48 places"; "Best 200 places" where the server may find more when it is asked for them. */
export function foundSentence(total: number, mode: "places" | "changes", hasMore: boolean): string {
  const what = plural(total, mode === "places" ? "place" : "change");
  return hasMore ? `Best ${what}` : what;
}

/** What the button "search again" says. */
export function againSentence(good: number, bad: number): string {
  return good + bad === 0 ? "Search again" : `Search again: ${good} good, ${bad} bad`;
}

/** "Of the last 10 marked, 7 were good"; "" where there are fewer. */
export function lastGoodSentence(lastGood: number | null): string {
  return lastGood === null ? "" : `Of the last 10 marked, ${lastGood} were good.`;
}

/** What became of a file of marks. */
export function importSentence(done: MarksImported): string {
  const parts = [`${plural(done.set, "mark")} taken from the file`];
  if (done.num_unknown > 0) {
    parts.push(`${count(done.num_unknown)} of places that this index does not have`);
  }
  const [first] = done.bad;
  if (first) {
    const rows = plural(done.num_bad, "row that says", "rows that say");
    parts.push(`${rows} no mark (row ${first.row}: ${first.reason})`);
  }
  return `${parts.join("; ")}.`;
}

/** A distance in km, or in m where it is short. */
export function distance(km: number): string {
  if (km < 1) {
    return `${Math.max(1, Math.round(km * 1000))} m`;
  }
  return km < 10 ? `${km.toFixed(1)} km` : `${count(Math.round(km))} km`;
}

/** "Box, 12 km × 8 km". */
export function areaSentence(area: Area): string {
  const named = area.kind === "polygon" ? (area.name ?? "Polygon") : "Box";
  const box = boxOfArea(area);
  if (!box) {
    return named;
  }
  const [width, height] = sizeInKm(box);
  return `${named}, ${distance(width)} × ${distance(height)}`;
}

/** "14 scenes, 2016 to 2022". */
export function indexSentence(index: IndexSummary): string {
  const parts = [plural(index.sources ?? 0, "scene")];
  if (index.dates) {
    const [first, last] = index.dates.map((date) => date.slice(0, 4));
    parts.push(first === last ? String(first) : `${first} to ${last}`);
  }
  return parts.join(", ");
}

/** What more can be told of an index: chips, dates, model. */
export function indexFacts(index: IndexSummary): string {
  const facts = [`${plural(index.chips ?? 0, "chip")} of ${plural(index.sources ?? 0, "scene")}`];
  if (index.dates) {
    facts.push(`taken ${index.dates.join(" to ")}`);
  }
  if (index.model) {
    facts.push(`model ${index.model}`);
  }
  if (index.problem) {
    facts.push(index.problem);
  }
  return facts.join(", ");
}

/** What is wrong with the dates of a search, or "". */
export function datesProblem(mode: "places" | "changes", [first, last]: [string, string]): string {
  const given = [first, last].filter((date) => date !== "");
  const wrong = given.find((date) => !isDate(date));
  if (wrong !== undefined) {
    return `“${wrong}” is not a date. Write 2018, 2018-05 or 2018-05-31.`;
  }
  if (mode === "changes" && given.length < 2) {
    return "A change needs two dates: say until when it was not there, and from when it is.";
  }
  if (given.length === 2 && first > last && !last.startsWith(first) && !first.startsWith(last)) {
    return `The first date, ${first}, is later than the second, ${last}.`;
  }
  return "";
}

/** The scene and date of a hit in one line. */
export function hitSentence(hit: Hit): string {
  const { rank, standing, source_name, date, then_date } = hit.properties;
  const when = then_date ? `${then_date} to ${date}` : date;
  return [`Place ${rank}`, standing, source_name, when].filter(Boolean).join(", ");
}

/** How a mark is told. */
export function markWord(mark: MarkKind | null): string {
  if (mark === null) {
    return "no longer marked";
  }
  return mark === "unsure" ? "marked not sure" : `marked ${mark}`;
}

/** A moment as "2024-05-31 14:05" in the person's own time zone. */
export function moment(iso: string | null | undefined): string {
  const date = iso ? new Date(iso) : null;
  if (!date || Number.isNaN(date.getTime())) {
    return "";
  }
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The side of a chip on the ground. */
export function chipSize(hit: Hit): string {
  const { gsd, width, height } = hit.properties;
  if (!gsd) {
    return `${width} × ${height} pixels`;
  }
  return `${distance((width * gsd) / 1000)} × ${distance((height * gsd) / 1000)}`;
}

/** What a problem of the server means to a person, and what next. */
export function problemSentence(status: number, detail: string): string {
  const own: Record<number, string> = {
    0: "The server does not answer. Try again when it is running.",
    401: "The server asks for a key. Give yours, or ask whoever runs it.",
    403: "The server does not allow this: your key may only read, or nothing may be changed here.",
    410: "This list of results is no longer kept. Search again.",
    413: "This is too large for the server.",
    415: "This is no picture that the server reads. Give a PNG, JPEG, WebP or TIFF.",
    503: "The server is busy. Try again in a few seconds.",
  };
  const sentence = own[status] ?? "";
  if (status === 0 || status === 401 || status === 410) {
    return sentence;
  }
  const said = detail ? asSentence(detail) : "";
  return said || sentence || `The server could not do this (${status}). Its log says why.`;
}

/** A message with a capital letter and a full stop. */
export function asSentence(message: string): string {
  const text = message.trim();
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
