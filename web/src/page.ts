/** The page as a whole: its parts, and what they tell each other. */

import { Card } from "./card.ts";
import { Chooser } from "./chooser.ts";
import { call, sentenceOf } from "./api.ts";
import type { MarkKind, PageInfo } from "./contract.ts";
import { DetectionTool } from "./detections.ts";
import { Drawing } from "./drawing.ts";
import { Footprints } from "./footprints.ts";
import { Form } from "./form.ts";
import { HitActions } from "./hit_actions.ts";
import { Indexes } from "./indexes.ts";
import { Keeper } from "./keep.ts";
import { Library } from "./library.ts";
import { List } from "./list.ts";
import { GroundMap } from "./map.ts";
import { MarkBar } from "./markbar.ts";
import { Marks } from "./marks.ts";
import { notice, problem } from "./notice.ts";
import { Overlay } from "./overlays.ts";
import { Scenes } from "./scenes.ts";
import { Search, type Found } from "./search.ts";
import { expanding, questionOf, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { Summary } from "./summary.ts";
import { Uploads } from "./uploads.ts";

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
  readonly chooser: Chooser;
  readonly actions: HitActions;
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
    this.search = new Search(store, info.limits.k);
    this.marks = new Marks(store);
    this.marks.onRefused = problem;
    this.indexes = new Indexes(store);
    const markOf = (chip: string): MarkKind | undefined => this.marks.kinds.get(chip);
    this.coverage = new Overlay(this.ground, "coverage");
    this.area = new Overlay(this.ground, "area");
    this.footprints = new Footprints(this.ground, markOf);
    const shapes = new Overlay(this.ground, "detections");
    this.detections = new DetectionTool(shapes, {
      toggled: (isOpen) => {
        this.footprints.setVisible(!isOpen);
        if (isOpen) {
          this.chooser.choose("");
        }
      },
      shown: (extent) => this.ground.fit([extent]),
    });
    this.drawing = new Drawing(this.ground);
    this.scenes = new Scenes(this.ground);
    this.keeper = new Keeper(store, this.marks, info);
    this.library = new Library(store, info.read_only);
    const uploads = new Uploads(store, info.limits);
    this.form = new Form(store, info, { uploads, drawing: this.drawing, ground: this.ground });
    this.markBar = info.read_only ? null : new MarkBar({ ...this, marks: this.marks });
    this.actions = new HitActions(store, this.marks, !info.read_only, {
      lookAt: (hit) => {
        this.chooser.choose(hit.id);
        this.chooser.goTo(hit);
      },
      why: (hit) => {
        this.chooser.choose(hit.id);
        void this.card.why();
      },
    });
    this.summary = new Summary({
      again: () => void this.search.run(),
      asAsked: () => this.store.set({ how: "asked", chosen: "" }),
      expand: (isJoined) => this.store.set(expanding(this.store.state, isJoined)),
      try: (text) => this.store.set({ text, saved: "", how: "asked", chosen: "" }),
      everywhere: () => this.store.set({ area: null, saved: "", how: "asked" }),
      always: () => this.store.set({ since: "", until: "", saved: "", how: "asked" }),
      more: (isAll) => void this.search.more(isAll),
    });
    const { actions } = this;
    this.list = new List(
      {
        canMark: actions.canMark,
        choose: (hit) => this.chooser.choose(hit.id),
        point: (hit) => this.footprints.point(hit),
        mark: (hit, mark) => actions.mark(hit, mark),
        further: (hit) => actions.furtherOf(hit),
      },
      markOf,
    );
    this.card = new Card(store, {
      canMark: actions.canMark,
      mark: (hit, mark) => actions.mark(hit, mark),
      note: (hit, note) => void this.marks.note(hit.id, note),
      moreLike: (hit) => actions.addExample(hit, "like"),
      close: () => this.chooser.choose(""),
    });
    this.chooser = new Chooser({ ...this, list: this.list });
    this.connect();
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

  /** Show what the address says, when the server is ready for it. */
  begin(): void {
    const { state } = this.store;
    this.list.layOut(state.layout);
    this.area.showArea(state.area);
  }

  private connect(): void {
    this.store.subscribe((state, before) => this.follow(state, before));
    this.search.subscribe((found, before) => this.showFound(found, before));
    this.search.subscribe(({ status, answer }) => {
      if (status === "done" && answer?.index === this.store.state.index) {
        this.indexes.saw(answer.version);
      }
    });
    this.marks.subscribe((changed) => {
      this.list.remark(changed);
      this.footprints.redraw();
      this.chooser.showMark(this.chooser.chosen);
    });
    this.keeper.chosen = () => this.chooser.chosen;
    this.keeper.onEvents = (search) => void this.library.events(search);
    this.search.isReady = () => this.indexes.chosen?.state === "ready";
    this.form.onLeave = (key) => key === "ArrowDown" && this.chooser.step(0);
    this.indexes.subscribe(() => {
      this.search.follow(this.store.state);
      this.summary.show(this.search.found, this.store.state, this.indexes.chosen);
      void this.cover();
    });
    this.ground.onMoved((view) => this.store.set({ view }));
    this.ground.ol.on("click", (event) => {
      if (!this.drawing.isActive) {
        this.chooser.choose(this.footprints.at(event.pixel) ?? "");
      }
    });
  }

  private follow(state: State, before: State): void {
    if (before.saved && !state.saved && this.marks.kinds.size > 0) {
      const back = { words: "Go back", act: () => history.back() };
      notice("Your marks stay with the search before this one.", back);
    }
    document.title = [state.text.trim(), "HarMA"].filter(Boolean).join(" – ");
    if (state.chosen !== before.chosen) {
      this.chooser.showChosen();
    }
    if (state.layout !== before.layout) {
      this.list.layOut(state.layout);
    }
    if (questionOf(state) !== questionOf(before)) {
      this.area.showArea(state.area);
    }
  }

  private showFound(found: Found, before: Found): void {
    this.summary.show(found, this.store.state, this.indexes.chosen);
    if (found.hits === before.hits && found.status === before.status) {
      return;
    }
    const isNew = found.status === "done" && found.hits[0] !== before.hits[0];
    if (found.status !== "running") {
      this.list.show(found.hits);
      this.footprints.show(found.hits);
      const scores = found.hits.map(({ properties }) => properties.change ?? properties.score);
      this.detections.take(found.answer, scores);
    }
    if (isNew) {
      this.firstLook();
    }
    this.chooser.showChosen();
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
    const version = `${index?.id} ${index?.version}`;
    if (index?.state !== "ready" || this.covered === version) {
      return;
    }
    // Of scenes that were added to the same index the map learns; nobody is moved away for them.
    const isOther = this.covered.split(" ")[0] !== index.id;
    this.covered = version;
    if (isOther) {
      this.coverage.clear();
    }
    if (isOther && !this.isLinkedView && index.bounds) {
      this.ground.fitBox(index.bounds, false);
    }
    try {
      this.coverage.showAll(await call<object>(`v1/indexes/${index.id}/coverage`));
    } catch (error) {
      problem(`The map cannot show where there are scenes. ${sentenceOf(error)}`);
    }
  }
}
