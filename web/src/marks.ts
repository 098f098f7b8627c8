/** Marks: what a person said of the hits of a search; with undo, and sent to the server at once. */

import { call, sentenceOf } from "./api.ts";
import { askedOf } from "./asked.ts";
import { makeDraft, serverCarrier } from "./carrier.ts";
import type { MarkFeature, MarkKind } from "./contract.ts";
import { Outbox } from "./outbox.ts";
import { questionOf } from "./state.ts";
import type { Store } from "./store.ts";

const TEN = 10;

export interface Delivery {
  waiting: number;
  problem: string;
  seconds: number;
}

type Listener = (changed: string[]) => void;

interface Step {
  question: string;
  before: Map<string, MarkKind | null>;
}

export class Marks {
  /** Chip → mark, of the search that is shown; the latest last. */
  readonly kinds = new Map<string, MarkKind>();
  /** Chip → who else marked it, where that is known. */
  readonly others = new Map<string, string>();
  /** Chip → what is noted beside its mark. */
  readonly notes = new Map<string, string>();
  delivery: Delivery = { waiting: 0, problem: "", seconds: 0 };
  onRefused: (sentence: string) => void = () => undefined;
  private readonly store: Store;
  private readonly outbox: Outbox;
  private readonly listeners: Listener[] = [];
  private steps: Step[] = [];
  private shown = "";

  constructor(store: Store) {
    this.store = store;
    this.outbox = new Outbox(serverCarrier(), {
      onDraft: (question, search) => this.adopt(question, search),
      onRefused: (search, chips, error) => this.refuse(search, chips, error),
      onWaiting: (waiting, error, seconds) => {
        const problem = error ? sentenceOf(error) : "";
        this.delivery = { waiting, problem, seconds };
        this.tell([]);
      },
    });
    store.subscribe((state, before) => {
      const isOther = state.saved !== before.saved || questionOf(state) !== questionOf(before);
      if (isOther) {
        void this.load();
      }
    });
    window.addEventListener("online", () => void this.outbox.flush());
    window.addEventListener("beforeunload", (event) => {
      if (this.outbox.size > 0) {
        event.preventDefault();
      }
    });
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** How many marks of a kind there are. */
  number(kind: MarkKind): number {
    return [...this.kinds.values()].filter((one) => one === kind).length;
  }

  /** How many of the last ten that are good or bad are good; null where there are fewer. */
  get goodOfLastTen(): number | null {
    const judged = [...this.kinds.values()].filter((kind) => kind !== "unsure").slice(-TEN);
    return judged.length < TEN ? null : judged.filter((kind) => kind === "good").length;
  }

  /** Mark chips; null takes their marks away. */
  set(chips: string[], mark: MarkKind | null): void {
    const before = new Map<string, MarkKind | null>();
    for (const chip of chips) {
      const was = this.kinds.get(chip) ?? null;
      if (was !== mark) {
        before.set(chip, was);
      }
    }
    if (before.size > 0) {
      this.steps.push({ question: questionOf(this.store.state), before });
      this.apply([...before.keys()].map((chip) => [chip, mark]));
    }
  }

  /** The saved search or draft that is shown; a draft is made where there is none yet. */
  async draft(): Promise<string> {
    await this.flush();
    const { state } = this.store;
    if (state.saved) {
      return state.saved;
    }
    const search = await makeDraft(state.index, askedOf(state));
    this.adopt(questionOf(state), search);
    return search;
  }

  /** Note something beside a mark. */
  async note(chip: string, note: string): Promise<void> {
    const mark = this.kinds.get(chip);
    const search = await this.draft();
    if (!mark || (this.notes.get(chip) ?? "") === note) {
      return;
    }
    try {
      const json = { marks: [{ chip, mark, note }] };
      await call(`v1/searches/${search}/marks`, { method: "PUT", json });
      this.notes.set(chip, note);
    } catch (error) {
      this.onRefused(`The note was not kept. ${sentenceOf(error)}`);
    }
  }

  /** Take the last step back; gives the chips whose mark changed. */
  undo(): string[] {
    const step = this.steps.pop();
    if (!step || step.question !== questionOf(this.store.state)) {
      return [];
    }
    this.apply([...step.before]);
    return [...step.before.keys()];
  }

  get canUndo(): boolean {
    return this.steps.at(-1)?.question === questionOf(this.store.state);
  }

  /** Send what waits; true when the server has every mark. */
  async flush(): Promise<boolean> {
    while (this.outbox.size > 0) {
      if (!(await this.outbox.flush()) && this.delivery.problem) {
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return true;
  }

  /** Read the marks of the search that is shown; anew where others may have changed them. */
  async load(isAnew = false): Promise<void> {
    const { state } = this.store;
    const of = `${state.saved} ${questionOf(state)}`;
    const isSame = state.saved !== "" && this.shown.startsWith(`${state.saved} `);
    this.shown = of;
    if (isSame && !isAnew) {
      return;
    }
    const loaded = state.saved ? await this.read(state.saved) : [];
    if (this.shown !== of) {
      return;
    }
    this.kinds.clear();
    this.others.clear();
    this.notes.clear();
    for (const { id, properties } of loaded) {
      this.kinds.set(id, properties.mark);
      this.others.set(id, namesOf(properties));
      this.notes.set(id, properties.note ?? "");
    }
    const pending = this.outbox.pendingOf(state.saved, questionOf(state));
    this.overlay(Object.entries(pending));
    this.tell([]);
    void this.outbox.flush();
  }

  private async read(search: string): Promise<MarkFeature[]> {
    try {
      const marks = await call<{ features: MarkFeature[] }>(`v1/searches/${search}/marks`);
      return marks.features;
    } catch (error) {
      this.onRefused(`The marks could not be read. ${sentenceOf(error)}`);
      return [];
    }
  }

  private apply(changes: [string, MarkKind | null][]): void {
    const { state } = this.store;
    this.overlay(changes);
    this.outbox.add(
      {
        search: state.saved,
        index: state.index,
        asked: askedOf(state),
        question: questionOf(state),
      },
      Object.fromEntries(changes),
    );
    this.tell(changes.map(([chip]) => chip));
  }

  private overlay(changes: [string, MarkKind | null][]): void {
    for (const [chip, mark] of changes) {
      this.kinds.delete(chip);
      if (mark === null) {
        this.notes.delete(chip);
      } else {
        this.kinds.set(chip, mark);
      }
    }
  }

  /** The server has made the draft of a question; if it is still shown, its address says so. */
  private adopt(question: string, search: string): void {
    const { state } = this.store;
    if (state.saved === "" && questionOf(state) === question) {
      this.shown = `${search} ${question}`;
      this.store.set({ saved: search });
    }
  }

  private refuse(search: string, chips: string[], error: unknown): void {
    if (search === this.store.state.saved) {
      chips.forEach((chip) => this.kinds.delete(chip));
      this.tell(chips);
    }
    const number = chips.length === 1 ? "A mark was" : `${chips.length} marks were`;
    this.onRefused(`${number} refused. ${sentenceOf(error)}`);
  }

  private tell(changed: string[]): void {
    for (const listener of this.listeners) {
      listener(changed);
    }
  }
}

/** "anna, before by ben": who marked a chip. */
function namesOf({ who = "", earlier = [] }: MarkFeature["properties"]): string {
  const before = earlier.filter((name) => name && name !== who);
  const parts = [who, before.length > 0 ? `before by ${before.join(", ")}` : ""];
  return parts.filter(Boolean).join(", ");
}
