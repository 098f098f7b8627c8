/** Marks on their way to the server: sent at once, kept on this machine until it has them. */

import type { Asked, MarkKind } from "./contract.ts";

/** Marks of one search. `search` is "" until the server has made the draft that they go to. */
export interface Parcel {
  search: string;
  index: string;
  asked: Asked;
  /** Tells drafts apart that the server has not made yet. */
  question: string;
  marks: Record<string, MarkKind | null>;
}

/** What the outbox needs of the world around it. */
export interface Carrier {
  /** Makes a draft and gives its id. */
  draft(index: string, asked: Asked): Promise<string>;
  put(search: string, marks: Record<string, MarkKind | null>): Promise<void>;
  /** Seconds to wait before the next try, or null where trying again cannot help. */
  waitAfter(error: unknown, failures: number): number | null;
  load(): Parcel[];
  keep(parcels: Parcel[]): void;
  later(work: () => void, seconds: number): void;
}

export interface Sent {
  /** A draft was made for the search of this question. */
  onDraft(question: string, search: string): void;
  /** Marks that the server refused for good; they are marks no longer. */
  onRefused(search: string, chips: string[], error: unknown): void;
  /** How many marks wait, and why they do ("" where they are just on their way). */
  onWaiting(number: number, error: unknown, seconds: number): void;
}

export class Outbox {
  private parcels: Parcel[];
  private readonly carrier: Carrier;
  private readonly sent: Sent;
  private isSending = false;
  private failures = 0;

  constructor(carrier: Carrier, sent: Sent) {
    this.carrier = carrier;
    this.sent = sent;
    this.parcels = carrier.load();
  }

  /** How many marks the server does not have yet. */
  get size(): number {
    return this.parcels.reduce((sum, parcel) => sum + Object.keys(parcel.marks).length, 0);
  }

  /** The marks of a search that are still on their way. */
  pendingOf(search: string, question: string): Record<string, MarkKind | null> {
    return this.parcels.find((parcel) => isOf(parcel, search, question))?.marks ?? {};
  }

  /** Send a mark; a later one of the same chip takes its place. */
  add(to: Omit<Parcel, "marks">, marks: Record<string, MarkKind | null>): void {
    const parcel = this.parcels.find((one) => isOf(one, to.search, to.question));
    if (parcel) {
      Object.assign(parcel.marks, marks);
    } else {
      this.parcels.push({ ...to, marks: { ...marks } });
    }
    this.carrier.keep(this.parcels);
    void this.flush();
  }

  /** Send all that waits; true when nothing waits any more. */
  async flush(): Promise<boolean> {
    if (this.isSending) {
      return false;
    }
    this.isSending = true;
    try {
      for (let parcel = this.parcels[0]; parcel; parcel = this.parcels[0]) {
        this.sent.onWaiting(this.size, null, 0);
        await this.deliver(parcel);
        this.failures = 0;
      }
      this.sent.onWaiting(0, null, 0);
      return true;
    } catch (error) {
      this.failures += 1;
      this.retry(error);
      return false;
    } finally {
      this.isSending = false;
    }
  }

  private retry(error: unknown): void {
    const seconds = this.carrier.waitAfter(error, this.failures);
    if (seconds !== null) {
      this.sent.onWaiting(this.size, error, seconds);
      this.carrier.later(() => void this.flush(), seconds);
    }
  }

  private async deliver(parcel: Parcel): Promise<void> {
    const marks = { ...parcel.marks };
    try {
      if (!parcel.search) {
        parcel.search = await this.carrier.draft(parcel.index, parcel.asked);
        this.carrier.keep(this.parcels);
        this.sent.onDraft(parcel.question, parcel.search);
      }
      await this.carrier.put(parcel.search, marks);
    } catch (error) {
      if (this.carrier.waitAfter(error, this.failures + 1) !== null) {
        throw error;
      }
      await this.separate(parcel, marks, error);
    }
    this.settle(parcel, marks);
  }

  /** One chip may be gone from the index; the others are still to be marked. */
  private async separate(
    parcel: Parcel,
    marks: Record<string, MarkKind | null>,
    cause: unknown,
  ): Promise<void> {
    const chips = Object.keys(marks);
    if (chips.length === 1 || !parcel.search) {
      this.sent.onRefused(parcel.search, chips, cause);
      return;
    }
    for (const chip of chips) {
      const single = { [chip]: marks[chip] ?? null };
      try {
        await this.carrier.put(parcel.search, single);
      } catch (error) {
        if (this.carrier.waitAfter(error, this.failures + 1) !== null) {
          throw error;
        }
        this.sent.onRefused(parcel.search, [chip], error);
      }
      this.settle(parcel, single);
    }
  }

  /** Take out what was sent, but not what was marked anew meanwhile. */
  private settle(parcel: Parcel, marks: Record<string, MarkKind | null>): void {
    for (const [chip, mark] of Object.entries(marks)) {
      if (parcel.marks[chip] === mark) {
        delete parcel.marks[chip];
      }
    }
    if (Object.keys(parcel.marks).length === 0) {
      this.parcels = this.parcels.filter((one) => one !== parcel);
    }
    this.carrier.keep(this.parcels);
  }
}

function isOf(parcel: Parcel, search: string, question: string): boolean {
  return search ? parcel.search === search : !parcel.search && parcel.question === question;
}
