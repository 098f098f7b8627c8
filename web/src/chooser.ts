/** The hit that is chosen: in the list, on the map, in the card, its scene below it. */

import type { Card } from "./card.ts";
import type { Hit } from "./contract.ts";
import { byId } from "./elements.ts";
import type { Footprints } from "./footprints.ts";
import type { List } from "./list.ts";
import type { GroundMap } from "./map.ts";
import type { Marks } from "./marks.ts";
import { notice, tell } from "./notice.ts";
import type { Scenes } from "./scenes.ts";
import type { Search } from "./search.ts";
import type { Store } from "./store.ts";
import { hitSentence } from "./words.ts";

/** A footprint that is smaller on the map, in pixels, is gone to when it is chosen. */
const SEEN = 24;

export interface ChooserParts {
  store: Store;
  search: Search;
  marks: Marks;
  ground: GroundMap;
  footprints: Footprints;
  scenes: Scenes;
  list: List;
  card: Card;
}

export class Chooser {
  private readonly parts: ChooserParts;

  constructor(parts: ChooserParts) {
    this.parts = parts;
  }

  /** The hit that is chosen. */
  get chosen(): Hit | undefined {
    return this.parts.search.hit(this.parts.store.state.chosen);
  }

  /** Choose a hit, in the list and on the map; "" chooses none. */
  choose(chip: string, takesFocus = false): void {
    this.parts.store.set({ chosen: chip });
    if (takesFocus) {
      this.parts.list.choose(chip, true);
    }
  }

  /** Choose the next hit, or the one before. */
  step(by: number): void {
    const hit = this.parts.list.beside(by);
    if (hit) {
      this.choose(hit.id, true);
      const isLast = hit === this.parts.search.found.hits.at(-1);
      if (isLast && this.parts.search.found.more) {
        void this.parts.search.more();
      }
    }
  }

  /** Choose the hit a line further down in the grid, or up. */
  stepLine(by: number): void {
    this.step(by * this.parts.list.columns());
  }

  /** Bring a hit into the middle of the map. */
  goTo(hit: Hit | undefined): void {
    const extent = hit ? this.parts.footprints.extent(hit.id) : null;
    if (hit && !extent) {
      notice("This place has no position on the Earth. Its picture is all there is.");
    }
    if (extent) {
      this.parts.ground.fitAround(extent);
    }
  }

  /** Show the hit that the state names, or that there is none. */
  showChosen(): void {
    const hit = this.chosen;
    this.parts.list.choose(hit?.id ?? "");
    this.parts.footprints.choose(hit ?? null);
    this.parts.card.show(hit ?? null);
    this.showMark(hit);
    // A scene stays when its hit is closed, to look around in it; before | after does not.
    if (hit || this.parts.search.found.hits.length === 0 || this.parts.scenes.isSwiping) {
      void this.parts.scenes.show(hit ?? null);
    }
    if (hit) {
      tell(hitSentence(hit));
      this.bringIntoView(hit);
    }
  }

  /** Show what a hit is marked as. */
  showMark(hit: Hit | undefined): void {
    if (hit) {
      const { kinds, others, notes } = this.parts.marks;
      const { id } = hit;
      this.parts.card.mark(kinds.get(id) ?? null, others.get(id) ?? "", notes.get(id) ?? "");
    }
  }

  /** The map moves only where the hit is out of sight, or too small to be seen. */
  private bringIntoView(hit: Hit): void {
    const extent = this.parts.footprints.extent(hit.id);
    if (!extent) {
      return;
    }
    const [west = 0, south = 0, east = 0, north = 0] = extent;
    const view = this.parts.ground.ol.getView();
    const [w = 0, s = 0, e = 0, n = 0] = view.calculateExtent(this.parts.ground.ol.getSize());
    const resolution = view.getResolution() ?? 1;
    // The card covers the left of the map.
    const left = w + byId("card").offsetWidth * resolution;
    const isInside = west >= left && south >= s && east <= e && north <= n;
    const isSmall = (east - west) / resolution < SEEN;
    if (!isInside || isSmall) {
      this.parts.ground.fitAround(extent);
    }
  }
}
