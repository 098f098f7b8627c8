/** The indexes of the server: which one is searched, and waiting until it is ready. */

import { call, sentenceOf } from "./api.ts";
import type { IndexSummary } from "./contract.ts";
import { byId } from "./elements.ts";
import { problem } from "./notice.ts";
import type { Store } from "./store.ts";
import { indexFacts, indexSentence } from "./words.ts";

/** Between two questions: while an index loads, after one that failed, and while nothing happens. */
const POLL_MS = 1500;
const PATIENCE_MS = 6000;
const QUIET_MS = 60_000;

export class Indexes {
  private readonly store: Store;
  private readonly chooser = byId<HTMLSelectElement>("index");
  private readonly facts = byId("index-facts");
  private all: IndexSummary[] = [];
  private readonly listeners: (() => void)[] = [];
  private timer = 0;

  constructor(store: Store) {
    this.store = store;
    this.chooser.addEventListener("change", () => {
      const index = this.chooser.value;
      this.store.set({ index, saved: "", how: "asked", chosen: "", sources: [] });
    });
    document.addEventListener("visibilitychange", () => {
      // Who comes back to the page sees what was added meanwhile.
      if (!document.hidden && this.all.length > 0) {
        void this.look();
      }
    });
    store.subscribe((state, before) => {
      if (state.index !== before.index) {
        this.show();
      }
    });
  }

  /** Call somebody when an index becomes ready, or another one is chosen. */
  subscribe(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The index that is searched. */
  get chosen(): IndexSummary | undefined {
    return this.all.find((one) => one.id === this.store.state.index);
  }

  /** Ask the server, and again and again: scenes may be added at any time. */
  async load(): Promise<void> {
    try {
      this.take(await this.ask());
    } catch (error) {
      problem(`The indexes could not be read. ${sentenceOf(error)}`);
      this.lookIn(PATIENCE_MS, () => this.load());
    }
  }

  /** An answer is of a version that is not known yet: the index has changed. */
  saw(version: number): void {
    const known = this.chosen?.version;
    if (known !== undefined && version !== known) {
      void this.look();
    }
  }

  /** Ask again, without a word where that does not work: the page has what it had. */
  private async look(): Promise<void> {
    try {
      this.take(await this.ask());
    } catch {
      this.lookIn(QUIET_MS, () => this.look());
    }
  }

  private async ask(): Promise<IndexSummary[]> {
    window.clearTimeout(this.timer);
    const { indexes } = await call<{ indexes: IndexSummary[] }>("v1/indexes");
    return indexes;
  }

  private take(indexes: IndexSummary[]): void {
    const isNew = JSON.stringify(indexes) !== JSON.stringify(this.all);
    this.all = indexes;
    if (isNew) {
      this.settle();
    }
    const loads = indexes.some((one) => one.state === "loading");
    this.lookIn(loads ? POLL_MS : QUIET_MS, () => this.look());
  }

  private lookIn(wait: number, look: () => Promise<void>): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      // A page that nobody sees asks when it is seen again.
      if (wait < QUIET_MS || !document.hidden) {
        void look();
      }
    }, wait);
  }

  /** An address may name an index that is no longer served. */
  private settle(): void {
    const { state } = this.store;
    const named = state.index;
    if (!this.chosen) {
      const index = this.all[0]?.id ?? "";
      if (named && index) {
        problem(`The index “${named}” of this link is not served here.`);
      }
      this.store.set({ index });
    }
    this.show();
  }

  private show(): void {
    const ids = this.all.map((one) => one.id).join(" ");
    if (ids !== this.chooser.dataset["ids"]) {
      this.chooser.dataset["ids"] = ids;
      this.chooser.replaceChildren(...this.all.map(({ id, title }) => new Option(title || id, id)));
    }
    this.chooser.value = this.store.state.index;
    const index = this.chosen;
    this.facts.textContent = index?.state === "ready" ? indexSentence(index) : (index?.state ?? "");
    this.facts.title = index?.state === "ready" ? indexFacts(index) : "";
    const dates = index?.dates;
    byId<HTMLInputElement>("first-date").placeholder = dates?.[0] ?? "2018";
    byId<HTMLInputElement>("last-date").placeholder = dates?.[1] ?? "2024-06";
    this.listeners.forEach((listener) => listener());
  }
}
