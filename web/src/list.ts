/** The list of hits: rows or a grid of pictures, filled in steps, walked by keys. */

import { byId, el } from "./elements.ts";
import type { Hit, MarkKind } from "./contract.ts";
import { Row, type RowActions } from "./row.ts";

/** Rows that are made at once; the others follow while the page stays quick. */
const CHUNK = 60;

export class List {
  private readonly place = byId<HTMLOListElement>("hits");
  private readonly actions: RowActions;
  private readonly markOf: (chip: string) => MarkKind | undefined;
  private rows = new Map<string, Row>();
  private hits: Hit[] = [];
  private made = 0;
  private chosen = "";
  private frame = 0;

  constructor(actions: RowActions, markOf: (chip: string) => MarkKind | undefined) {
    this.actions = actions;
    this.markOf = markOf;
  }

  /** Show hits; where they only continue those before, rows are added. */
  show(hits: Hit[]): void {
    const isContinued = this.hits.length > 0 && hits[0] === this.hits[0];
    this.hits = hits;
    cancelAnimationFrame(this.frame);
    const hadFocus = this.place.contains(document.activeElement);
    if (!isContinued) {
      this.place.replaceChildren();
      this.rows = new Map();
      this.made = 0;
      byId("scroll").scrollTop = 0;
    }
    this.fill();
    if (hadFocus && !isContinued) {
      this.place.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    }
  }

  layOut(layout: "list" | "grid"): void {
    this.place.classList.toggle("as-grid", layout === "grid");
  }

  /** Draw marks anew: of some chips, or of all. */
  remark(chips: string[]): void {
    const rows = chips.length > 0 ? chips.map((chip) => this.rows.get(chip)) : this.rows.values();
    for (const row of rows) {
      row?.mark(this.markOf(row.hit.id) ?? null);
    }
  }

  /** Show which hit is chosen, and bring it into view. */
  choose(chip: string, takesFocus = false): void {
    this.rows.get(this.chosen)?.choose(false);
    this.chosen = chip;
    this.makeUpTo(chip);
    const row = this.rows.get(chip);
    this.keepOneTabStop(row);
    row?.choose(true);
    row?.element.scrollIntoView({ block: "nearest" });
    if (takesFocus) {
      row?.focus();
    }
  }

  /** The hit after the chosen one, or before it. */
  beside(step: number): Hit | undefined {
    const at = this.hits.findIndex((hit) => hit.id === this.chosen);
    if (at < 0) {
      return this.hits[0];
    }
    return this.hits[Math.min(Math.max(at + step, 0), this.hits.length - 1)];
  }

  /** Rows in one line of the grid, by what is seen. */
  columns(): number {
    const [first] = this.place.children;
    if (!this.place.classList.contains("as-grid") || !(first instanceof HTMLElement)) {
      return 1;
    }
    const top = first.offsetTop;
    const inLine = [...this.place.children].findIndex(
      (child) => (child as HTMLElement).offsetTop > top,
    );
    return Math.max(inLine, 1);
  }

  private fill(): void {
    this.make(this.made + CHUNK);
    if (this.made < this.hits.length) {
      this.frame = requestAnimationFrame(() => this.fill());
    }
  }

  private makeUpTo(chip: string): void {
    const at = this.hits.findIndex((hit) => hit.id === chip);
    if (at >= this.made) {
      this.make(at + 1);
    }
  }

  private make(until: number): void {
    const added = document.createDocumentFragment();
    for (const hit of this.hits.slice(this.made, until)) {
      const row = new Row(hit, this.actions);
      row.mark(this.markOf(hit.id) ?? null);
      this.rows.set(hit.id, row);
      added.append(row.element);
      if (hit.id === this.chosen) {
        row.choose(true);
      }
    }
    this.made = Math.min(until, this.hits.length);
    this.place.append(added);
    if (!this.rows.has(this.chosen)) {
      this.keepOneTabStop(undefined);
    }
  }

  /** Tab goes to one row of the list and on; j and k walk within it. */
  private keepOneTabStop(row: Row | undefined): void {
    const first = this.hits[0];
    const stop = row ?? (first ? this.rows.get(first.id) : undefined);
    for (const other of this.place.querySelectorAll<HTMLElement>('[tabindex="0"]')) {
      other.tabIndex = -1;
    }
    stop?.setTabStop(true);
  }
}

/** Shapes that stand for rows while the server works. */
export function skeleton(): HTMLElement[] {
  return Array.from({ length: 6 }, () =>
    el("li", { class: "hit ghost", at: { "aria-hidden": "true" } }),
  );
}
