/** The search: asks the server when the question changes, and keeps the hits of its answer. */

import { call, isAbort, Problem, sentenceOf } from "./api.ts";
import { askedOf } from "./asked.ts";
import type { Answer, Hit } from "./contract.ts";
import { hasQuestion, questionOf, type State } from "./state.ts";
import type { Store } from "./store.ts";

/** Hits of one page of the list. */
export const PAGE = 100;

export type Status = "idle" | "running" | "done" | "failed";

export interface Found {
  status: Status;
  answer: Answer | null;
  hits: Hit[];
  problem: string;
  /** The server is busy: asked again in so many seconds. */
  waits: number;
  more: boolean;
}

const NOTHING: Found = {
  status: "idle",
  answer: null,
  hits: [],
  problem: "",
  waits: 0,
  more: false,
};

type Listener = (found: Found, before: Found) => void;

export class Search {
  found: Found = NOTHING;
  /** Can the index be searched yet? Until then questions wait. */
  isReady: () => boolean = () => true;
  private readonly store: Store;
  private readonly listeners: Listener[] = [];
  private running: AbortController | null = null;
  private asked = "";

  constructor(store: Store) {
    this.store = store;
    store.subscribe((state) => this.follow(state));
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** The hit of a chip, where it is in the list. */
  hit(chip: string): Hit | undefined {
    return this.found.hits.find((hit) => hit.id === chip);
  }

  /** Ask if the question is another one than before. */
  follow(state: State): void {
    if (!this.isReady()) {
      return;
    }
    const question = `${questionOf(state)}${state.how}${state.how === "asked" ? "" : state.saved}`;
    if (question !== this.asked) {
      this.asked = question;
      void this.run();
    }
  }

  /** Ask now. */
  async run(): Promise<void> {
    this.running?.abort();
    const { state } = this.store;
    if (!hasQuestion(state) || !state.index) {
      this.tell(NOTHING);
      return;
    }
    const running = new AbortController();
    this.running = running;
    this.tell({ ...this.found, status: "running", problem: "", waits: 0 });
    try {
      const answer = await this.ask(state, running.signal);
      const more = answer.next !== null;
      this.tell({ status: "done", answer, hits: answer.features, problem: "", waits: 0, more });
    } catch (error) {
      if (!isAbort(error)) {
        this.tell({ ...NOTHING, status: "failed", problem: sentenceOf(error) });
      }
    }
  }

  private async ask(state: State, signal: AbortSignal): Promise<Answer> {
    const onWait = (waits: number): void => this.tell({ ...this.found, waits });
    const saved = `v1/searches/${state.saved}`;
    if (state.how === "best" || state.how === "doubtful") {
      const path = `${saved}/next?how=${state.how}&k=${PAGE}`;
      return call<Answer>(path, { signal, onWait });
    }
    const isKept = state.like.some((example) => example.kind === "kept");
    if (state.saved && (state.how === "again" || isKept)) {
      return call<Answer>(`${saved}/search`, { method: "POST", json: { k: PAGE }, signal, onWait });
    }
    const json = { ...askedOf(state), k: PAGE };
    const path = `v1/indexes/${state.index}/search`;
    try {
      return await call<Answer>(path, { method: "POST", json, signal, onWait });
    } catch (error) {
      // A picture is kept for an hour; a saved search has what was seen in it for ever.
      const isPicture = state.like.some((example) => example.kind === "upload");
      if (!state.saved || !isPicture || !isUnusable(error)) {
        throw error;
      }
    }
    return call<Answer>(`${saved}/search`, { method: "POST", json: { k: PAGE }, signal, onWait });
  }

  /** Add the next page to the list, or all pages. */
  async more(isAll = false): Promise<void> {
    const { answer, status } = this.found;
    if (status !== "done" || !answer?.next) {
      return;
    }
    const first = this.found.hits.length;
    const k = isAll ? answer.num_kept - first : PAGE;
    const path = `v1/indexes/${this.store.state.index}/results/${answer.query_id}?after=${first}&k=${k}`;
    this.tell({ ...this.found, more: false });
    try {
      const page = await call<Answer>(path, { signal: this.running?.signal });
      const hits = [...this.found.hits, ...page.features];
      const next = { ...answer, next: page.next };
      this.tell({ ...this.found, answer: next, hits, more: page.next !== null });
    } catch (error) {
      if (!isAbort(error)) {
        this.tell({ ...this.found, problem: sentenceOf(error), more: !isGone(error) });
      }
    }
  }

  private tell(found: Found): void {
    const before = this.found;
    this.found = found;
    for (const listener of this.listeners) {
      listener(found, before);
    }
  }
}

function isUnusable(error: unknown): boolean {
  return error instanceof Problem && error.status === 422;
}

function isGone(error: unknown): boolean {
  return error instanceof Problem && error.status === 410;
}
