/** What the server says and is told, as in its OpenAPI file. */

import type { Geometry } from "./geometry.ts";

export type Standing = "clear" | "likely" | "weak";
export type MarkKind = "good" | "bad" | "unsure";
export type Bounds = [number, number, number, number];

export interface Basemap {
  kind: "xyz" | "wms";
  url: string;
  attribution: string;
}

export interface Limits {
  k: number;
  text: number;
  examples: number;
  upload_bytes: number;
  upload_pixels: number;
  vertices: number;
}

export interface PageInfo {
  version: string;
  read_only: boolean;
  needs_key: boolean;
  basemap: Basemap | null;
  limits: Limits;
  webhook_hosts: string[];
  can_notify: boolean;
}

export interface IndexSummary {
  id: string;
  title: string;
  state: "loading" | "ready" | "failed";
  problem?: string;
  chips?: number;
  sources?: number;
  placed?: number;
  dated?: number;
  bounds?: Bounds | null;
  dates?: [string, string] | null;
  model?: string;
  version?: number;
}

export interface SourceInfo {
  id: string;
  name: string;
  chips: number;
  bbox: Bounds | null;
  date: string;
  tiles: string | null;
  min_zoom: number | null;
  max_zoom: number | null;
}

export interface HitProperties {
  rank: number;
  score: number;
  percentile: number;
  standing: Standing | "";
  index: string;
  source: string;
  source_name: string;
  date: string;
  width: number;
  height: number;
  gsd: number | null;
  change?: number;
  then_id?: string;
  then_source?: string;
  then_source_name?: string;
  then_date?: string;
}

export interface Hit {
  type: "Feature";
  id: string;
  geometry: Geometry | null;
  properties: HitProperties;
}

export interface Counts {
  clear: number;
  likely: number;
  weak: number;
  none?: number;
}

/** A short text of a query, and what joined it. */
export interface ExpandedText {
  text: string;
  terms: string[];
  num_captions: number;
  examples: string[];
  num_phrases: number;
}

export interface Answer {
  query_id: string;
  index: string;
  version: number;
  took_ms: number;
  asked: Asked;
  num_kept: number;
  counts: Counts;
  next: string | null;
  empty: { reason: string; advice: string } | null;
  expanded: ExpandedText[];
  features: Hit[];
}

/** An example as the API takes it. */
export interface AskedExample {
  text?: string;
  chip?: string;
  upload?: string;
  vector?: unknown;
  weight?: number;
}

export interface Asked {
  text?: string | string[] | null;
  image?: AskedExample | null;
  like?: AskedExample[];
  unlike?: AskedExample[];
  bbox?: number[] | null;
  polygon?: Geometry | null;
  near?: [number, number] | null;
  radius_km?: number;
  date?: [string | null, string | null] | null;
  source?: string | string[] | null;
  before?: string | null;
  after?: string | null;
  k?: number;
}

export interface Watch {
  search: string;
  standing: Standing | null;
  least_score: number | null;
  webhook: string;
  notify: string[];
  created: string | null;
  last_run: string | null;
  last_new: number;
  last_sources: number;
  last_problem: string;
  num_events?: number;
}

export interface SavedSearch {
  id: string;
  index: string;
  name: string;
  is_draft: boolean;
  asked: Asked;
  version: number;
  changed: string;
  who: string;
  marks: { good: number; bad: number; unsure: number };
  watch: Watch | null;
}

export interface WatchEvent {
  id: string;
  geometry: Geometry | null;
  properties: {
    number: number;
    found: string;
    chip: string;
    source: string;
    source_name: string;
    score: number;
    gain: number | null;
    standing: Standing | "";
    date: string;
    then_chip: string | null;
  };
}

export interface Relevance {
  rows: number;
  columns: number;
  values: number[][] | number[];
  score: number;
  sentence: string;
}

export interface MarksImported {
  set: number;
  unknown: string[];
  num_unknown: number;
  bad: { row: number; reason: string }[];
  num_bad: number;
}

export interface MarkFeature {
  id: string;
  properties: { mark: MarkKind; who?: string; earlier?: string[]; note?: string };
}
