/** The page as a whole: its parts, and what they tell each other. */

import { Card } from "./card.ts";
import { call, sentenceOf } from "./api.ts";
import type { Hit, MarkKind, PageInfo } from "./contract.ts";
import { DetectionTool } from "./detections.ts";
import { Drawing } from "./drawing.ts";
import { Footprints } from "./footprints.ts";
import { Form } from "./form.ts";
import { Indexes } from "./indexes.ts";
import { Keeper } from "./keep.ts";
import { Library } from "./library.ts";
import { List } from "./list.ts";
import { GroundMap } from "./map.ts";
import { MarkBar } from "./markbar.ts";
import { Marks } from "./marks.ts";
import type { Item } from "./menu.ts";
import { notice, problem, tell } from "./notice.ts";
import { Overlay } from "./overlays.ts";
import { Scenes } from "./scenes.ts";
import { Search, type Found } from "./search.ts";
import { questionOf, type Example, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { Summary } from "./summary.ts";
import { Uploads } from "./uploads.ts";
import { hitSentence, markWord } from "./words.ts";

export class Page {
  readonly store: Store;
  readonly info: PageInfo;
  readonly ground = new GroundMap();
  readonly marks: Marks;
  readonly search: Search;
  readonly indexes: Indexes;
  readonly footprints: Footprints;
  readonly coverage: Overlay;
  readonly detections: DetectionTool;
  readonly drawing: Drawing;
  readonly scenes: Scenes;
  readonly keeper: Keeper;
  readonly library: Library;
  readonly form: Form;
  readonly markBar: MarkBar | null;
  readonly card: Card;
  private readonly list: List;
  private readonly summary: Summary;
  private readonly area: Overlay;
  private covered = "";
  /** A link says what is seen; it is not looked away from. */
  private isLinkedView: boolean;

  constructor(store: Store, info: PageInfo) {
    this.store = store;
    this.isLinkedView = store.state.view !== null;
    this.info = info;
    this.search = new Search(store);
    this.marks = new Marks(store);
    this.marks.onRefused = problem;
    this.indexes = new Indexes(store);
    const markOf = (chip: string): MarkKind | undefined => this.marks.kinds.get(chip);
    this.coverage = new Overlay(this.ground, "coverage");
    this.area = new Overlay(this.ground, "area");
    this.footprints = new Footprints(this.ground, markOf);
    const shapes = new Overlay(this.ground, "detections");
    this.detections = new DetectionTool(shapes, (isOpen) => {
      this.footprints.setVisible(!isOpen);
      if (isOpen) {
        this.choose("");
        this.fitAll();
      }
    });
    this.drawing = new Drawing(this.ground);
    this.scenes = new Scenes(this.ground);
    this.keeper = new Keeper(store, this.marks, info);
    this.library = new Library(store, info.read_only);
    const uploads = new Uploads(store, info.limits);
    this.form = new Form(store, info, { uploads, drawing: this.drawing, ground: this.ground });
    const canMark = !info.read_only;
    this.markBar = canMark ? new MarkBar({ ...this, marks: this.marks }) : null;
    this.summary = new Summary({
      again: () => void this.search.run(),
      try: (text) => this.store.set({ text, saved: "", how: "asked", chosen: "" }),
      everywhere: () => this.store.set({ area: null, saved: "", how: "asked" }),
      always: () => this.store.set({ since: "", until: "", saved: "", how: "asked" }),
      more: (isAll) => void this.search.more(isAll),
    });
    this.list = new List(
      {
        canMark,
        choose: (hit) => this.choose(hit.id),
        mark: (hit, mark) => this.mark(hit, mark),
        further: (hit) => this.furtherOf(hit),
      },
      markOf,
    );
    this.card = new Card(store, {
      canMark,
      mark: (hit, mark) => this.mark(hit, mark),
      moreLike: (hit) => this.addExample(hit, "like"),
      lessLike: (hit) => this.addExample(hit, "unlike"),
      show: (hit) => this.goTo(hit),
      close: () => this.choose(""),
    });
    this.connect();
  }

  /** The hit that is chosen. */
  get chosen(): Hit | undefined {
    return this.search.hit(this.store.state.chosen);
  }

  /** Choose a hit, in the list and on the map; "" chooses none. */
  choose(chip: string, takesFocus = false): void {
    this.store.set({ chosen: chip });
    if (takesFocus) {
      this.list.choose(chip, true);
    }
  }

  /** Choose the next hit, or the one before. */
  step(by: number): void {
    const hit = this.list.beside(by);
    if (hit) {
      this.choose(hit.id, true);
      const isLast = hit === this.search.found.hits.at(-1);
      if (isLast && this.search.found.more) {
        void this.search.more();
      }
    }
  }

  /** Choose the hit a line further down in the grid, or up. */
  stepLine(by: number): void {
    this.step(by * this.list.columns());
  }

  /** Mark the chosen hit; the same mark again takes it away. */
  markChosen(mark: MarkKind): void {
    const hit = this.chosen;
    if (hit) {
      const isOn = this.marks.kinds.get(hit.id) === mark;
      this.mark(hit, isOn ? null : mark);
    }
  }

  /** Bring a hit into the middle of the map. */
  goTo(hit: Hit | undefined): void {
    const extent = hit ? this.footprints.extent(hit.id) : null;
    if (hit && !extent) {
      notice("This place has no position on the Earth. Its picture is all there is.");
    }
    if (extent) {
      this.ground.fitAround(extent);
    }
  }

  /** Look at all hits, or at the whole index. */
  fitAll(): void {
    const extents = this.footprints.extents();
    if (extents.length > 0) {
      this.ground.fit(extents);
    } else if (this.indexes.chosen?.bounds) {
      this.ground.fitBox(this.indexes.chosen.bounds);
    }
  }

  /** Search for more like a hit, or for less. */
  addExample(hit: Hit, side: "like" | "unlike"): void {
    const example: Example = { kind: "chip", value: hit.id };
    const examples = [...this.store.state[side], example];
    this.store.set({ [side]: examples, saved: "", how: "asked", chosen: "" });
  }

  /** Show what the address says, when the server is ready for it. */
  begin(): void {
    const { state } = this.store;
    this.list.layOut(state.layout);
    this.area.showArea(state.area);
  }

  private mark(hit: Hit, mark: MarkKind | null): void {
    if (this.info.read_only) {
      notice("This server is read-only: nothing can be marked.");
      return;
    }
    this.marks.set([hit.id], mark);
    tell(`Place ${hit.properties.rank} ${markWord(mark)}.`);
  }

  private furtherOf(hit: Hit): Item[] {
    const { source } = hit.properties;
    const canMark = !this.info.read_only;
    const marked = this.marks.kinds.get(hit.id);
    const items: Item[] = [
      { words: "More like this", icon: "like", act: () => this.addExample(hit, "like") },
      { words: "Less like this", icon: "minus", act: () => this.addExample(hit, "unlike") },
      { words: "Why this place", icon: "why", act: () => this.why(hit) },
      { words: "Go there on the map", icon: "fit", act: () => this.lookAt(hit) },
      {
        words: "Search only in this scene",
        icon: "layers",
        act: () => this.store.set({ sources: [source], saved: "", how: "asked" }),
      },
    ];
    if (canMark) {
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

  private lookAt(hit: Hit): void {
    this.choose(hit.id);
    this.goTo(hit);
  }

  private why(hit: Hit): void {
    this.choose(hit.id);
    void this.card.why();
  }

  private connect(): void {
    this.store.subscribe((state, before) => this.follow(state, before));
    this.search.subscribe((found, before) => this.showFound(found, before));
    this.marks.subscribe((changed) => {
      this.list.remark(changed);
      this.footprints.redraw();
      this.card.mark(this.marks.kinds.get(this.store.state.chosen) ?? null);
    });
    this.search.isReady = () => this.indexes.chosen?.state === "ready";
    this.indexes.subscribe(() => {
      this.search.follow(this.store.state);
      this.summary.show(this.search.found, this.store.state, this.indexes.chosen);
      void this.cover();
    });
    this.ground.onMoved((view) => this.store.set({ view }));
    this.ground.ol.on("click", (event) => {
      if (!this.drawing.isActive) {
        this.choose(this.footprints.at(event.pixel) ?? "");
      }
    });
  }

  private follow(state: State, before: State): void {
    if (state.chosen !== before.chosen) {
      this.showChosen();
    }
    if (state.layout !== before.layout) {
      this.list.layOut(state.layout);
    }
    if (questionOf(state) !== questionOf(before)) {
      this.area.showArea(state.area);
    }
  }

  private showChosen(): void {
    const hit = this.chosen;
    this.list.choose(hit?.id ?? "");
    this.footprints.choose(hit ?? null);
    this.card.show(hit ?? null, hit ? (this.marks.kinds.get(hit.id) ?? null) : null);
    // A scene stays when its hit is closed, to look around in it; before | after does not.
    if (hit || this.search.found.hits.length === 0 || this.scenes.isSwiping) {
      void this.scenes.show(hit ?? null);
    }
    if (hit) {
      tell(hitSentence(hit));
      this.bringIntoView(hit);
    }
  }

  /** The map moves only where the hit is out of sight, or too small to be seen. */
  private bringIntoView(hit: Hit): void {
    const extent = this.footprints.extent(hit.id);
    if (!extent) {
      return;
    }
    const [west = 0, south = 0, east = 0, north = 0] = extent;
    const view = this.ground.ol.getView();
    const [w = 0, s = 0, e = 0, n = 0] = view.calculateExtent(this.ground.ol.getSize());
    const isInside = west >= w && south >= s && east <= e && north <= n;
    const isSmall = (east - west) / (view.getResolution() ?? 1) < 24;
    if (!isInside || isSmall) {
      this.ground.fitAround(extent);
    }
  }

  private showFound(found: Found, before: Found): void {
    this.summary.show(found, this.store.state, this.indexes.chosen);
    if (found.hits === before.hits && found.status === before.status) {
      return;
    }
    const isNew = found.status === "done" && found.answer?.query_id !== before.answer?.query_id;
    if (found.status !== "running") {
      this.list.show(found.hits);
      this.footprints.show(found.hits);
      const scores = found.hits.map(({ properties }) => properties.change ?? properties.score);
      this.detections.take(found.answer, scores);
    }
    if (isNew) {
      this.firstLook();
    }
    this.showChosen();
  }

  /** A new answer is looked at as a whole; one that a link opens is seen as the link says. */
  private firstLook(): void {
    const { chosen } = this.store.state;
    const isThere = chosen !== "" && this.search.hit(chosen) !== undefined;
    if (!this.isLinkedView && !isThere) {
      this.fitAll();
    }
    this.isLinkedView = false;
  }

  /** Show where the chosen index has scenes. */
  private async cover(): Promise<void> {
    const index = this.indexes.chosen;
    if (index?.state !== "ready" || this.covered === index.id) {
      return;
    }
    this.covered = index.id;
    this.coverage.clear();
    if (!this.isLinkedView && index.bounds) {
      this.ground.fitBox(index.bounds, false);
    }
    try {
      this.coverage.showAll(await call<object>(`v1/indexes/${index.id}/coverage`));
    } catch (error) {
      problem(`The map cannot show where there are scenes. ${sentenceOf(error)}`);
    }
  }
}
