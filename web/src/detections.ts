/** From places to detections: a threshold, and touching places above it merged into shapes. */

import type { Extent } from "ol/extent.js";
import { call, download, isAbort, sentenceOf } from "./api.ts";
import type { Answer } from "./contract.ts";
import { button, byId, el } from "./elements.ts";
import { menuButton } from "./menu.ts";
import { problem, tell } from "./notice.ts";
import type { Overlay } from "./overlays.ts";
import { FORMATS } from "./share.ts";
import { plural } from "./words.ts";

const SETTLE_MS = 200;
const STEPS = 100;

interface Detections {
  features: unknown[];
}

export interface DetectionEvents {
  toggled(isOpen: boolean): void;
  /** The first shapes are drawn, within this box of the map. */
  shown(extent: Extent): void;
}

export class DetectionTool {
  private readonly overlay: Overlay;
  private readonly place = byId("detections");
  private readonly slider = byId<HTMLInputElement>("threshold");
  private readonly says = byId("threshold-says");
  private readonly events: DetectionEvents;
  private answer: Answer | null = null;
  private scores: [number, number] = [0, 1];
  private asking: AbortController | null = null;
  private timer = 0;
  private isLookedAt = false;

  constructor(overlay: Overlay, events: DetectionEvents) {
    this.overlay = overlay;
    this.events = events;
    this.slider.max = String(STEPS);
    this.slider.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), SETTLE_MS);
    });
    const save = menuButton(
      "Save them",
      () => FORMATS.map(([format, words]) => ({ words, act: () => void this.save(format) })),
      { class: "quiet" },
    );
    const close = button("Done", () => this.toggle(false), { class: "quiet" });
    this.place.append(el("div", { class: "row end" }, save, close));
  }

  get isOpen(): boolean {
    return !this.place.hidden;
  }

  /** Show the threshold, or put it away. */
  toggle(isOpen = !this.isOpen): void {
    this.place.hidden = !isOpen;
    this.overlay.clear();
    this.events.toggled(isOpen);
    this.isLookedAt = false;
    if (isOpen) {
      void this.ask();
      this.slider.focus();
    }
  }

  /** Another answer: other scores. The best one and the worst one are the ends of the slider. */
  take(answer: Answer | null, scores: number[]): void {
    const isOther = answer?.query_id !== this.answer?.query_id;
    this.answer = answer;
    if (scores.length > 0) {
      this.scores = [Math.min(...scores), Math.max(...scores)];
    }
    if (isOther) {
      this.slider.value = String(STEPS / 2);
    }
    if (this.isOpen && isOther) {
      if (answer && answer.num_kept > 0) {
        void this.ask();
      } else {
        this.toggle(false);
      }
    }
  }

  /** The score at the slider: on the left nearly all are taken, on the right only the best. */
  private least(): number {
    const [worst, best] = this.scores;
    return worst + ((best - worst) * Number(this.slider.value)) / STEPS;
  }

  private path(format: string): string {
    const { index, query_id } = this.answer as Answer;
    const least = this.least().toPrecision(6);
    return `v1/indexes/${index}/results/${query_id}/detections?least_score=${least}&format=${format}`;
  }

  private async ask(): Promise<void> {
    if (!this.answer) {
      return;
    }
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const found = await call<Detections>(this.path("geojson"), { signal: this.asking.signal });
      this.overlay.showAll(found);
      if (!this.isLookedAt && found.features.length > 0) {
        this.isLookedAt = true;
        this.events.shown(this.overlay.extent());
      }
      const sentence = plural(found.features.length, "detection");
      this.says.textContent = sentence;
      this.slider.setAttribute("aria-valuetext", sentence);
      tell(sentence);
    } catch (error) {
      if (!isAbort(error)) {
        this.says.textContent = sentenceOf(error);
      }
    }
  }

  private async save(format: string): Promise<void> {
    try {
      await download(this.path(format), `detections.${format}`);
    } catch (error) {
      problem(sentenceOf(error));
    }
  }
}
