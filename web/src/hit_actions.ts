/** What can be done with a hit: mark it, search for more like it, look at it. */

import type { Hit, MarkKind } from "./contract.ts";
import type { Marks } from "./marks.ts";
import type { Item } from "./menu.ts";
import { notice, tell } from "./notice.ts";
import type { Example } from "./state.ts";
import type { Store } from "./store.ts";
import { markWord } from "./words.ts";

export interface Looking {
  /** Choose a hit and bring it into the middle of the map. */
  lookAt(hit: Hit): void;
  /** Choose a hit and say why it was found. */
  why(hit: Hit): void;
}

export class HitActions {
  readonly canMark: boolean;
  private readonly store: Store;
  private readonly marks: Marks;
  private readonly looking: Looking;

  constructor(store: Store, marks: Marks, canMark: boolean, looking: Looking) {
    this.store = store;
    this.marks = marks;
    this.canMark = canMark;
    this.looking = looking;
  }

  /** Mark a hit; the mark that it has already is taken away. */
  toggle(hit: Hit | undefined, mark: MarkKind): void {
    if (hit) {
      const isOn = this.marks.kinds.get(hit.id) === mark;
      this.mark(hit, isOn ? null : mark);
    }
  }

  /** Search for more like a hit, or for less. */
  addExample(hit: Hit, side: "like" | "unlike"): void {
    const example: Example = { kind: "chip", value: hit.id };
    const examples = [...this.store.state[side], example];
    this.store.set({ [side]: examples, saved: "", how: "asked", chosen: "" });
  }

  /** Mark a hit; null takes its mark away. */
  mark(hit: Hit, mark: MarkKind | null): void {
    if (!this.canMark) {
      notice("This server is read-only: nothing can be marked.");
      return;
    }
    this.marks.set([hit.id], mark);
    tell(`Place ${hit.properties.rank} ${markWord(mark)}.`);
  }

  /** What the menu of a hit offers. */
  furtherOf(hit: Hit): Item[] {
    const { source } = hit.properties;
    const marked = this.marks.kinds.get(hit.id);
    const items: Item[] = [
      { words: "More like this", icon: "like", act: () => this.addExample(hit, "like") },
      { words: "Less like this", icon: "minus", act: () => this.addExample(hit, "unlike") },
      { words: "Why this place", icon: "why", act: () => this.looking.why(hit) },
      { words: "Go there on the map", icon: "fit", act: () => this.looking.lookAt(hit) },
      {
        words: "Search only in this scene",
        icon: "layers",
        act: () => this.store.set({ sources: [source], saved: "", how: "asked" }),
      },
    ];
    if (this.canMark) {
      const isOn = marked === "unsure";
      items.push({
        words: "Not sure",
        icon: "unsure",
        checked: isOn,
        act: () => this.mark(hit, isOn ? null : "unsure"),
      });
    }
    return items;
  }
}
