/** The indexes of the server: which one is searched, and waiting until it is ready. */

import { call, sentenceOf } from "./api.ts";
import type { IndexSummary } from "./contract.ts";
import { byId } from "./elements.ts";
import { problem } from "./notice.ts";
import type { Store } from "./store.ts";
import { indexFacts, indexSentence } from "./words.ts";

const POLL_MS = 1500;

export class Indexes {
  private readonly store: Store;
  private readonly chooser = byId<HTMLSelectElement>("index");
  private readonly facts = byId("index-facts");
  private all: IndexSummary[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(store: Store) {
    this.store = store;
    this.chooser.addEventListener("change", () => {
      const index = this.chooser.value;
      this.store.set({ index, saved: "", how: "asked", chosen: "", sources: [] });
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

  /** Ask the server, and again until no index loads. */
  async load(): Promise<void> {
    try {
      const { indexes } = await call<{ indexes: IndexSummary[] }>("v1/indexes");
      this.all = indexes;
    } catch (error) {
      problem(`The indexes could not be read. ${sentenceOf(error)}`);
      window.setTimeout(() => void this.load(), 4 * POLL_MS);
      return;
    }
    this.settle();
    if (this.all.some((one) => one.state === "loading")) {
      window.setTimeout(() => void this.load(), POLL_MS);
    }
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
