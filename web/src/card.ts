/** The chosen hit, large: the chip as the model saw it, why it was found, what to do with it. */

import { call, sentenceOf } from "./api.ts";
import type { Hit, MarkKind, Relevance } from "./contract.ts";
import { button, byId, el, type IconName } from "./elements.ts";
import { tell } from "./notice.ts";
import { show } from "./pictures.ts";
import { paintRelevance } from "./relevance.ts";
import type { Store } from "./store.ts";
import { chipSize } from "./words.ts";

export interface CardActions {
  canMark: boolean;
  mark(hit: Hit, mark: MarkKind | null): void;
  note(hit: Hit, note: string): void;
  moreLike(hit: Hit): void;
  close(): void;
}

const KINDS: [MarkKind, IconName, string][] = [
  ["good", "good", "Good"],
  ["bad", "bad", "Bad"],
  ["unsure", "unsure", "Not sure"],
];

export class Card {
  private readonly store: Store;
  private readonly actions: CardActions;
  private readonly place = byId("card");
  private hit: Hit | null = null;
  private marks = new Map<MarkKind, HTMLButtonElement>();
  private frame: HTMLElement = el("div");
  private reason = el("p");
  private whyButton = el("button");
  private readonly who = el("p", { class: "hint" });
  private readonly note = el("input", { type: "text" });

  constructor(store: Store, actions: CardActions) {
    this.store = store;
    this.actions = actions;
    this.note.maxLength = 1000;
    this.note.placeholder = "Note";
    this.note.setAttribute("aria-label", "Note on the mark");
    this.note.readOnly = !actions.canMark;
    this.note.addEventListener("change", () => {
      if (this.hit) {
        this.actions.note(this.hit, this.note.value.trim());
      }
    });
  }

  /** Show a hit, or nothing. */
  show(hit: Hit | null): void {
    if (hit?.id !== this.hit?.id) {
      this.hit = hit;
      this.place.replaceChildren(...(hit ? this.content(hit) : []));
      this.place.hidden = hit === null;
    }
    this.mark(null);
  }

  /** Show what it is marked as, by whom, where that is known, and what is noted. */
  mark(mark: MarkKind | null, who = "", note = ""): void {
    this.note.hidden = mark === null;
    if (document.activeElement !== this.note) {
      this.note.value = note;
    }
    this.who.textContent = mark && who ? `Marked by ${who}` : "";
    this.who.hidden = this.who.textContent === "";
    for (const [kind, made] of this.marks) {
      made.setAttribute("aria-pressed", String(kind === mark));
    }
  }

  /** Show which part of the picture speaks for the text. */
  async why(): Promise<void> {
    const { hit } = this;
    const text = this.store.state.text.trim();
    if (!hit) {
      return;
    }
    if (this.frame.querySelector("canvas")) {
      this.frame.querySelector("canvas")?.remove();
      this.whyButton.setAttribute("aria-pressed", "false");
      this.say("");
      return;
    }
    if (!text) {
      this.say("This tells which part of a place speaks for a text. This search has no text.");
      return;
    }
    this.whyButton.disabled = true;
    this.say("Looking at the picture…");
    try {
      const chip = `v1/indexes/${hit.properties.index}/chips/${encodeURIComponent(hit.id)}`;
      const told = await call<Relevance>(`${chip}/relevance?text=${encodeURIComponent(text)}`);
      if (this.hit === hit) {
        this.frame.append(paintRelevance(told));
        this.whyButton.setAttribute("aria-pressed", "true");
        this.say(`The brighter a part is, the more it speaks for “${text}”.`);
        this.reason.title = told.sentence;
      }
    } catch (error) {
      this.say(sentenceOf(error));
    }
    this.whyButton.disabled = false;
  }

  private say(sentence: string): void {
    this.reason.textContent = sentence;
    this.reason.hidden = sentence === "";
    if (sentence) {
      tell(sentence);
    }
  }

  private content(hit: Hit): HTMLElement[] {
    this.frame = picture(hit);
    this.reason = el("p", { class: "reason", hidden: true });
    return [
      this.header(hit),
      this.frame,
      this.reason,
      facts(hit),
      this.buttons(hit),
      this.who,
      this.note,
    ];
  }

  private header(hit: Hit): HTMLElement {
    const { rank, standing } = hit.properties;
    const heading = el("h2", {}, el("span", { text: `Place ${rank}` }));
    if (standing) {
      heading.append(el("span", { class: `standing ${standing}`, text: standing }));
    }
    const close = button("", () => this.actions.close(), {
      class: "plain",
      icon: "close",
      label: "Close this place",
    });
    return el("header", {}, heading, close);
  }

  private buttons(hit: Hit): HTMLElement {
    const { actions } = this;
    this.marks = new Map();
    const row = el("div", { class: "row marks" });
    for (const [kind, name, word] of actions.canMark ? KINDS : []) {
      const toggle = (): void => {
        const isOn = made.getAttribute("aria-pressed") === "true";
        actions.mark(hit, isOn ? null : kind);
      };
      const made = button(word, toggle, { class: `mark ${kind}`, icon: name });
      this.marks.set(kind, made);
      row.append(made);
    }
    this.whyButton = button("Why this place", () => void this.why(), {
      class: "quiet",
      icon: "why",
    });
    this.whyButton.setAttribute("aria-pressed", "false");
    const second = el(
      "div",
      { class: "row" },
      button("More like this", () => actions.moreLike(hit), { class: "quiet", icon: "like" }),
      this.whyButton,
    );
    return el("div", { class: "buttons" }, row, second);
  }
}

function picture(hit: Hit): HTMLElement {
  const { index, then_id, then_date, date, rank } = hit.properties;
  const frame = el("div", { class: then_id ? "frame two" : "frame" });
  const chips = then_id ? [then_id, hit.id] : [hit.id];
  chips.forEach((chip, at) => {
    const isEarlier = then_id !== undefined && at === 0;
    const when = isEarlier ? then_date : date;
    const image = el("img", { at: { alt: `Place ${rank}${when ? `, ${when}` : ""}` } });
    show(image, `v1/indexes/${index}/chips/${encodeURIComponent(chip)}/image`);
    const caption = el("figcaption", { text: when ?? "", hidden: then_id === undefined });
    frame.append(el("figure", {}, image, caption));
  });
  return frame;
}

function facts(hit: Hit): HTMLElement {
  const { source_name, date, then_date, then_source_name } = hit.properties;
  const list = el("dl", { class: "facts" });
  const add = (name: string, value: string | undefined): void => {
    if (value) {
      list.append(el("dt", { text: name }), el("dd", { text: value, title: value }));
    }
  };
  add("Scene", source_name);
  add("Date", date || "not known");
  add("Before", then_date);
  add("Earlier scene", then_source_name);
  add("Size", chipSize(hit));
  return list;
}
