/** Calls of the server: relative addresses, keys, problem documents (RFC 9457), waiting on 503. */

import { problemSentence } from "./words.ts";

const KEY = "harma.key";
/** Times that a call is made again while the server is busy. */
const TRIES = 4;
const LONGEST_WAIT_S = 20;

/** A call that failed; its message is a sentence for a person. */
export class Problem extends Error {
  readonly status: number;
  readonly retryAfter: number;

  constructor(status: number, detail = "", retryAfter = 2) {
    super(problemSentence(status, detail));
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; `type` says what it is. */
  bytes?: Blob;
  type?: string;
  signal?: AbortSignal;
  /** Told when the server is busy and the call is made again in so many seconds. */
  onWait?: (seconds: number) => void;
  /** false gives a busy server up at once. */
  waits?: boolean;
}

type Asker = () => Promise<boolean>;
let askForKey: Asker = async () => false;

/** Say who asks a person for a key; it tells whether one was given. */
export function onKeyNeeded(asker: Asker): void {
  askForKey = asker;
}

/** The key of this tab, or "". */
export function key(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

/** Keep a key until the tab is closed. */
export function keepKey(value: string): void {
  sessionStorage.setItem(KEY, value.trim());
}

/** A path of the server as a whole address. */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** Call the server and read its JSON. */
export async function call<T>(path: string, how: Call = {}): Promise<T> {
  const response = await send(path, how);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** Call the server; what is not 2xx is thrown as a `Problem`. */
export async function send(path: string, how: Call = {}): Promise<Response> {
  for (let tried = 1; ; tried += 1) {
    const response = await once(path, how);
    if (response.ok) {
      return response;
    }
    const problem = await problemOf(response);
    if (problem.status === 401 && (await askForKey())) {
      continue;
    }
    const gives_up = problem.status !== 503 || how.waits === false || tried >= TRIES;
    if (gives_up) {
      throw problem;
    }
    how.onWait?.(problem.retryAfter);
    await pause(problem.retryAfter * 1000, how.signal);
  }
}

async function once(path: string, how: Call): Promise<Response> {
  const headers = new Headers({ Accept: "application/json, application/geo+json, */*;q=0.5" });
  if (key()) {
    headers.set("Authorization", `Bearer ${key()}`);
  }
  const type = how.json === undefined ? how.type : "application/json";
  if (type) {
    headers.set("Content-Type", type);
  }
  const body = how.json === undefined ? how.bytes : JSON.stringify(how.json);
  try {
    const { method = "GET", signal } = how;
    return await fetch(address(path), {
      method,
      headers,
      body,
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (isAbort(error)) {
      throw error;
    }
    throw new Problem(0);
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get("Retry-After"));
  const wait = Math.min(after > 0 ? after : 2, LONGEST_WAIT_S);
  let detail = "";
  try {
    const told = (await response.json()) as { detail?: unknown; errors?: unknown };
    detail = typeof told.detail === "string" ? told.detail : "";
  } catch {
    // Not a problem document: a proxy in between, say. The status has to do.
  }
  return new Problem(response.status, detail, wait);
}

/** Was a call given up because another took its place? */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The sentence of whatever was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Wait; a signal ends it with an error. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("given up", "AbortError"));
    });
  });
}

/** Save what the server answers as a file of this machine, under the name that the server gives. */
export async function download(path: string, name: string): Promise<void> {
  const response = await send(path);
  const told = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = told?.[1] ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
