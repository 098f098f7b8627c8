/** The area of a search: drawn, read from a file, or what the map shows. */

import type { Limits } from "./contract.ts";
import { areaOfShape, type Drawing, type Shape } from "./drawing.ts";
import { el } from "./elements.ts";
import { areaOfGeoJson, boxOfArea, positions, rounded, type Area } from "./geometry.ts";
import type { GroundMap } from "./map.ts";
import { menuButton, type Item } from "./menu.ts";
import { problem } from "./notice.ts";
import type { Store } from "./store.ts";
import { count } from "./words.ts";
import type { Bounds } from "./contract.ts";

/** A file of an outline is small; one of hundreds of MB is another file. */
const LARGEST_FILE = 20_000_000;

export class AreaMenu {
  readonly opener: HTMLButtonElement;
  /** The text of the form, also where it was not searched for yet. */
  typed: () => string = () => this.store.state.text;
  private readonly store: Store;
  private readonly drawing: Drawing;
  private readonly ground: GroundMap;
  private readonly limits: Limits;
  private readonly chooser = el("input", { type: "file", hidden: true });

  constructor(store: Store, drawing: Drawing, ground: GroundMap, limits: Limits) {
    this.store = store;
    this.drawing = drawing;
    this.ground = ground;
    this.limits = limits;
    this.opener = menuButton("Area", () => this.items(), { class: "quiet", icon: "area" });
    this.chooser.accept = ".geojson,.json,application/geo+json";
    this.chooser.setAttribute("aria-label", "File with an area");
    this.chooser.addEventListener("change", () => void this.read());
    document.body.append(this.chooser);
  }

  private items(): Item[] {
    const { area } = this.store.state;
    const items: Item[] = [
      { words: "Draw a box", act: () => this.drawn("box") },
      { words: "Draw a polygon", act: () => this.drawn("polygon") },
      { words: "What I see", note: "the part that the map shows", act: () => this.seen() },
      { words: "From a file…", note: "GeoJSON with polygons", act: () => this.chooser.click() },
    ];
    if (area) {
      items.push({ words: "Go to the area", act: () => this.look(area) });
      items.push({ words: "Everywhere", act: () => this.set(null) });
    }
    return items;
  }

  private drawn(shape: Shape): void {
    this.drawing.start(shape, "Where to search:", (geometry) => {
      this.set(areaOfShape(shape, geometry));
    });
  }

  private seen(): void {
    this.set({ kind: "box", box: this.ground.seenBox().map(rounded) as Bounds });
  }

  private look(area: Area): void {
    const box = boxOfArea(area);
    if (box) {
      this.ground.fitBox(box);
    }
  }

  private set(area: Area | null): void {
    this.store.set({ area, text: this.typed(), saved: "", how: "asked" });
  }

  private async read(): Promise<void> {
    const file = this.chooser.files?.[0];
    this.chooser.value = "";
    if (!file) {
      return;
    }
    if (file.size > LARGEST_FILE) {
      problem(`${file.name} is too large for an area. Save only its outline.`);
      return;
    }
    try {
      const area = areaOfGeoJson(await file.text(), file.name);
      this.check(area, file.name);
      this.set(area);
      this.look(area);
    } catch (error) {
      problem((error as Error).message);
    }
  }

  private check(area: Area, name: string): void {
    const corners = area.kind === "polygon" ? positions(area.geometry.coordinates).length : 4;
    const most = this.limits.vertices;
    if (corners > most) {
      throw new Error(
        `${name} has ${count(corners)} corners, the server takes ${count(most)}. Simplify it.`,
      );
    }
  }
}
