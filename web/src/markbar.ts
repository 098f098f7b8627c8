/** The bar of marks: search again, doubtful ones, many marks at once, undo, what waits. */

import type OlGeometry from "ol/geom/Geometry.js";
import { call, sentenceOf } from "./api.ts";
import type { MarkKind, MarksImported } from "./contract.ts";
import type { Drawing, Shape } from "./drawing.ts";
import { button, byId, el } from "./elements.ts";
import type { Footprints } from "./footprints.ts";
import type { Marks } from "./marks.ts";
import { menuButton, type Item } from "./menu.ts";
import { notice, problem, tell } from "./notice.ts";
import type { Search } from "./search.ts";
import type { How } from "./state.ts";
import type { Store } from "./store.ts";
import { againSentence, importSentence, lastGoodSentence, markWord, plural } from "./words.ts";

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

/** Ending of a file of marks → what it is. */
const FILES: Record<string, string> = {
  ".geojson": "application/geo+json",
  ".json": "application/geo+json",
  ".csv": "text/csv",
  ".parquet": "application/vnd.apache.parquet",
  ".geoparquet": "application/vnd.apache.parquet",
};

export class MarkBar {
  private readonly parts: MarkParts;
  private readonly place = byId("markbar");
  private readonly again: HTMLButtonElement;
  private readonly doubtful: HTMLButtonElement;
  private readonly undoing: HTMLButtonElement;
  private readonly chooser = el("input", { type: "file", hidden: true });
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
    const area = menuButton("Mark many", () => this.areas(), { class: "quiet" });
    this.chooser.accept = Object.keys(FILES).join(",");
    this.chooser.setAttribute("aria-label", "File with marks");
    this.chooser.addEventListener("change", () => void this.read());
    document.body.append(this.chooser);
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
    const items: Item[] = AREAS.map(([mark, shape, words]) => ({
      words,
      act: () => {
        const purpose = `What to mark ${mark}:`;
        this.parts.drawing.start(shape, purpose, (area) => this.markWithin(area, mark));
      },
    }));
    const note = "GeoJSON, CSV or GeoParquet, as exported";
    items.push({ words: "From a file…", note, act: () => this.chooser.click() });
    return items;
  }

  /** Take marks from a file, which needs a search that they go to. */
  private async read(): Promise<void> {
    const file = this.chooser.files?.[0];
    this.chooser.value = "";
    const ending = /\.[a-z]+$/.exec(file?.name.toLowerCase() ?? "")?.[0] ?? "";
    const type = FILES[ending];
    if (!file || !type) {
      return;
    }
    try {
      const search = await this.parts.marks.draft();
      const how = { method: "POST", bytes: file, type } as const;
      const done = await call<MarksImported>(`v1/searches/${search}/marks/import`, how);
      await this.parts.marks.load(true);
      notice(importSentence(done));
    } catch (error) {
      problem(`${file.name} was not taken. ${sentenceOf(error)}`);
    }
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
    this.again.textContent = againSentence(good, bad);
    this.again.disabled = good + bad === 0;
    this.doubtful.disabled = good + bad === 0;
    this.undoing.disabled = !marks.canUndo;
    this.says.textContent = lastGoodSentence(marks.goodOfLastTen);
    this.says.hidden = this.says.textContent === "";
    this.showDelivery();
    const isIdle = search.found.hits.length === 0 && marks.kinds.size === 0;
    this.place.hidden = isIdle && this.waits.hidden;
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
