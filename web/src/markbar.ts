/** The bar of marks: search again, doubtful ones, marking what lies in an area, undo, what waits. */

import type OlGeometry from "ol/geom/Geometry.js";
import type { Drawing, Shape } from "./drawing.ts";
import { button, byId, el } from "./elements.ts";
import type { Footprints } from "./footprints.ts";
import type { Marks } from "./marks.ts";
import { menuButton, type Item } from "./menu.ts";
import { notice, tell } from "./notice.ts";
import type { Search } from "./search.ts";
import type { How } from "./state.ts";
import type { Store } from "./store.ts";
import { againSentence, lastGoodSentence, markWord, plural } from "./words.ts";
import type { MarkKind } from "./contract.ts";

export interface MarkParts {
  store: Store;
  search: Search;
  marks: Marks;
  drawing: Drawing;
  footprints: Footprints;
}

const AREAS: [MarkKind, Shape, string][] = [
  ["good", "box", "Good: all in a box"],
  ["good", "polygon", "Good: all in a polygon"],
  ["bad", "box", "Bad: all in a box"],
  ["bad", "polygon", "Bad: all in a polygon"],
];

export class MarkBar {
  private readonly parts: MarkParts;
  private readonly place = byId("markbar");
  private readonly again: HTMLButtonElement;
  private readonly doubtful: HTMLButtonElement;
  private readonly undoing: HTMLButtonElement;
  private readonly says = el("p", { class: "says" });
  private readonly waits = el("p", { class: "waits", at: { role: "status" } });

  constructor(parts: MarkParts) {
    this.parts = parts;
    this.again = button("Search again", () => void this.ask("again"), { class: "primary" });
    this.doubtful = button("Doubtful ones", () => void this.ask("doubtful"), {
      class: "quiet",
      title: "Places of which the search is least sure: marking them teaches it most",
    });
    this.undoing = button("Undo", () => this.undo(), { class: "quiet", icon: "undo" });
    const area = menuButton("Mark an area", () => this.areas(), { class: "quiet" });
    const row = el("div", { class: "row" }, this.again, this.doubtful, area, this.undoing);
    this.place.append(this.says, this.waits, row);
    parts.marks.subscribe(() => this.show());
    parts.search.subscribe(() => this.show());
    this.show();
  }

  /** Search again with the marks, or ask for others to mark. */
  async ask(how: How): Promise<void> {
    const { marks, store, search } = this.parts;
    if (marks.kinds.size === 0) {
      notice("Mark some places good or bad first: the search learns from them.");
      return;
    }
    if (!(await marks.flush())) {
      notice("The server does not have your marks yet. They are kept here and sent again.");
      return;
    }
    if (store.state.how === how) {
      await search.run();
    } else {
      store.set({ how, chosen: "" });
    }
  }

  /** Take the last mark back. */
  undo(): void {
    const chips = this.parts.marks.undo();
    const sentence = chips.length === 0 ? "Nothing to undo." : "Undone.";
    tell(sentence);
    if (chips.length === 0) {
      notice(sentence);
    }
  }

  private areas(): Item[] {
    return AREAS.map(([mark, shape, words]) => ({
      words,
      act: () => {
        const purpose = `What to mark ${mark}:`;
        this.parts.drawing.start(shape, purpose, (area) => this.markWithin(area, mark));
      },
    }));
  }

  private markWithin(area: OlGeometry, mark: MarkKind): void {
    const { footprints, marks } = this.parts;
    const chips = footprints.within(area);
    marks.set(chips, mark);
    const undo = { words: "Undo", act: () => this.undo() };
    const sentence = `${plural(chips.length, "place")} in the area ${markWord(mark)}.`;
    notice(sentence, chips.length > 0 ? undo : undefined);
  }

  private show(): void {
    const { marks, search } = this.parts;
    const good = marks.number("good");
    const bad = marks.number("bad");
    const { answer } = search.found;
    this.again.textContent = againSentence(good, bad);
    this.again.disabled = good + bad === 0;
    this.doubtful.disabled = good + bad === 0;
    this.undoing.disabled = !marks.canUndo;
    this.says.textContent = lastGoodSentence(answer?.last_good, marks.kinds.size);
    this.says.hidden = this.says.textContent === "";
    this.showDelivery();
    this.place.hidden = search.found.hits.length === 0 && marks.kinds.size === 0;
  }

  private showDelivery(): void {
    const { waiting, problem, seconds } = this.parts.marks.delivery;
    this.waits.hidden = !problem;
    if (problem) {
      const what = `${plural(waiting, "mark waits", "marks wait")} for the server`;
      this.waits.textContent = `${what}, kept on this machine; trying again in ${seconds} s.`;
    }
  }
}
