/** A row of the list: picture, standing, scene, date, and what can be done with the hit. */

import type { Hit, MarkKind } from "./contract.ts";
import { button, el, type IconName } from "./elements.ts";
import { openMenu, type Item } from "./menu.ts";
import { show } from "./pictures.ts";

export interface RowActions {
  canMark: boolean;
  choose(hit: Hit): void;
  /** The mouse or the focus is on a hit, or on none. */
  point(hit: Hit | null): void;
  mark(hit: Hit, mark: MarkKind | null): void;
  /** What the menu of a hit offers. */
  further(hit: Hit): Item[];
}

const KINDS: [MarkKind, IconName, string][] = [
  ["good", "good", "Good"],
  ["bad", "bad", "Bad"],
];

export class Row {
  readonly hit: Hit;
  readonly element: HTMLLIElement;
  private readonly opener: HTMLButtonElement;
  private readonly buttons = new Map<MarkKind, HTMLButtonElement>();
  private readonly more: HTMLButtonElement;
  private readonly unsure: HTMLElement;
  private marked: MarkKind | null = null;

  constructor(hit: Hit, actions: RowActions) {
    this.hit = hit;
    const { rank } = hit.properties;
    this.opener = el("button", {
      type: "button",
      class: "open",
      at: { tabindex: "-1" },
      on: { click: () => actions.choose(hit) },
    });
    this.opener.append(pictures(hit), caption(hit));
    this.unsure = el("span", { class: "unsure-sign", hidden: true, text: "not sure" });
    const tools = el("div", { class: "tools" }, this.unsure);
    for (const [kind, name, word] of actions.canMark ? KINDS : []) {
      const toggle = (): void => actions.mark(hit, this.marked === kind ? null : kind);
      const made = button("", toggle, { class: `mark ${kind}`, icon: name });
      made.title = word;
      made.setAttribute("aria-label", `${word}: place ${rank}`);
      made.tabIndex = -1;
      this.buttons.set(kind, made);
      tools.append(made);
    }
    const open = (): void => openMenu(this.more, actions.further(hit));
    this.more = button("", open, { class: "plain", icon: "more", label: `More: place ${rank}` });
    this.more.setAttribute("aria-haspopup", "menu");
    this.more.tabIndex = -1;
    tools.append(this.more);
    const on = { mouseenter: () => actions.point(hit), mouseleave: () => actions.point(null) };
    const at = { "data-chip": hit.id };
    this.element = el("li", { class: "hit", at, on }, this.opener, tools);
  }

  /** Show what the hit is marked as. */
  mark(mark: MarkKind | null): void {
    this.marked = mark;
    for (const [kind, made] of this.buttons) {
      made.setAttribute("aria-pressed", String(kind === mark));
    }
    this.unsure.hidden = mark !== "unsure";
    this.element.dataset["mark"] = mark ?? "";
  }

  choose(isChosen: boolean): void {
    this.element.classList.toggle("is-chosen", isChosen);
    if (isChosen) {
      this.opener.setAttribute("aria-current", "true");
    } else {
      this.opener.removeAttribute("aria-current");
    }
    this.setTabStop(isChosen);
  }

  /** Tab reaches this row's buttons, or passes them by. */
  setTabStop(isStop: boolean): void {
    for (const made of [this.opener, ...this.buttons.values(), this.more]) {
      made.tabIndex = isStop ? 0 : -1;
    }
  }

  focus(): void {
    this.opener.focus({ preventScroll: true });
  }
}

function pictures(hit: Hit): HTMLElement {
  const { index, then_id } = hit.properties;
  const frame = el("span", { class: then_id ? "pictures two" : "pictures" });
  for (const chip of then_id ? [then_id, hit.id] : [hit.id]) {
    const image = el("img", { at: { alt: "" } });
    image.width = 96;
    image.height = 96;
    show(image, `v1/indexes/${index}/chips/${encodeURIComponent(chip)}/thumbnail`);
    frame.append(image);
  }
  return frame;
}

function caption(hit: Hit): HTMLElement {
  const { rank, standing, source_name, date, then_date } = hit.properties;
  const when = then_date ? `${then_date} → ${date}` : date;
  const place = el("span", { class: "unseen", text: "Place " });
  const number = el("span", { class: "rank" }, place, String(rank));
  const head = el("span", { class: "head" }, number);
  if (standing) {
    head.append(el("span", { class: `standing ${standing}`, text: standing }));
  }
  const name = el("span", { class: "name", text: source_name, title: source_name });
  const day = el("span", { class: "date", text: when || "no date" });
  return el("span", { class: "caption" }, head, name, day);
}
