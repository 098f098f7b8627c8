/** The search form: text, places or changes, dates, and what else the search is bound to. */

import type { PageInfo } from "./contract.ts";
import { AreaMenu } from "./area.ts";
import { button, byId } from "./elements.ts";
import type { Drawing } from "./drawing.ts";
import type { GroundMap } from "./map.ts";
import { hasQuestion, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";
import type { Uploads } from "./uploads.ts";
import { datesProblem } from "./words.ts";

/** A step to another question: its marks are others, and it was not searched again. */
const ANEW = { saved: "", how: "asked", chosen: "" } as const;

export class Form {
  /** The text is left by a key: Escape, or the arrow down to the hits. */
  onLeave: (key: string) => void = () => undefined;
  private readonly store: Store;
  private readonly text = byId<HTMLInputElement>("text");
  private readonly first = byId<HTMLInputElement>("first-date");
  private readonly last = byId<HTMLInputElement>("last-date");
  private readonly complaint = byId("dates-problem");
  private readonly modes = [byId<HTMLInputElement>("places"), byId<HTMLInputElement>("changes")];
  private readonly tokens: Tokens;
  /** What the fields were last set from: what is typed meanwhile stays until that changes. */
  private shown: State | null = null;
  private readonly fresh = button("New search", () => this.clear(), { class: "quiet fresh" });

  constructor(
    store: Store,
    info: PageInfo,
    parts: { uploads: Uploads; drawing: Drawing; ground: GroundMap },
  ) {
    this.store = store;
    this.text.maxLength = info.limits.text;
    this.tokens = new Tokens(store, parts.uploads);
    const area = new AreaMenu(store, parts.drawing, parts.ground, info.limits);
    area.typed = () => this.typed();
    byId("tools").append(parts.uploads.opener(), area.opener, this.fresh);
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.modes.forEach((radio) => radio.addEventListener("change", () => this.changeMode()));
    [this.first, this.last].forEach((input) =>
      input.addEventListener("change", () => this.changeDates()),
    );
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "ArrowDown") {
        event.preventDefault();
        this.text.blur();
        this.onLeave(event.key);
      }
    });
    store.subscribe((state) => this.show(state));
    this.show(store.state);
  }

  /** Put the cursor into the text. */
  focus(): void {
    this.text.focus();
    this.text.select();
  }

  /** Start afresh: nothing asked, nothing marked. */
  clear(): void {
    const { index, layout, view } = this.store.state;
    this.shown = null;
    this.store.set({
      ...ANEW,
      index,
      layout,
      view,
      text: "",
      like: [],
      unlike: [],
      area: null,
      since: "",
      until: "",
      sources: [],
      rest: {},
    });
    this.focus();
  }

  private submit(): void {
    const text = this.typed();
    if (!this.complain()) {
      return;
    }
    const { state } = this.store;
    if (text === "" && state.like.length === 0) {
      this.text.focus();
      return;
    }
    const isSame = text === state.text.trim();
    this.store.set(isSame ? { ...this.dates(), how: "asked" } : { ...this.dates(), ...ANEW, text });
  }

  private typed(): string {
    return this.text.value.trim();
  }

  private mode(): State["mode"] {
    return this.modes[1]?.checked ? "changes" : "places";
  }

  private changeMode(): void {
    const mode = this.mode();
    const { state } = this.store;
    const days = mode === "places" ? [state.since, state.until] : [state.before, state.after];
    [this.first.value, this.last.value] = [days[0] ?? "", days[1] ?? ""];
    this.label(mode);
    if (mode === "places" || (state.before && state.after)) {
      this.store.set({ ...ANEW, mode, text: this.typed() });
    } else {
      this.first.focus();
    }
    this.complaint.hidden = true;
  }

  private changeDates(): void {
    const isHalf = this.mode() === "changes" && !(this.first.value && this.last.value);
    if (isHalf || !this.complain()) {
      return;
    }
    const dates = this.dates();
    const { state } = this.store;
    const isSame = Object.entries(dates).every(
      ([name, value]) => state[name as keyof typeof dates] === value,
    );
    if (!isSame) {
      this.store.set({ ...ANEW, ...dates, text: this.typed() });
    }
  }

  private dates(): Partial<Pick<State, "mode" | "since" | "until" | "before" | "after">> {
    const [first, last] = [this.first.value.trim(), this.last.value.trim()];
    const mode = this.mode();
    return mode === "places"
      ? { mode, since: first, until: last }
      : { mode, before: first, after: last };
  }

  /** Say what is wrong with the dates; true where nothing is. */
  private complain(): boolean {
    const days: [string, string] = [this.first.value.trim(), this.last.value.trim()];
    const wrong = datesProblem(this.mode(), days);
    this.complaint.textContent = wrong;
    this.complaint.hidden = wrong === "";
    for (const input of [this.first, this.last]) {
      input.setAttribute("aria-invalid", String(wrong !== ""));
    }
    return wrong === "";
  }

  private label(mode: State["mode"]): void {
    const isChange = mode === "changes";
    byId("first-date-label").textContent = isChange ? "Before" : "From";
    byId("last-date-label").textContent = isChange ? "After" : "To";
    byId("form").classList.toggle("is-change", isChange);
  }

  private show(state: State): void {
    const { shown } = this;
    this.shown = state;
    if (state.text !== shown?.text) {
      this.text.value = state.text;
    }
    if (!shown || whenOf(state) !== whenOf(shown)) {
      this.showWhen(state);
    }
    this.tokens.show(state);
    this.fresh.hidden = !hasQuestion(state) && state.area === null;
  }

  private showWhen(state: State): void {
    const isChange = state.mode === "changes";
    this.modes.forEach((radio) => (radio.checked = (radio.value === "changes") === isChange));
    const [first, last] = daysOf(state);
    this.first.value = first;
    this.last.value = last;
    this.label(state.mode);
  }
}

function daysOf(state: State): [string, string] {
  return state.mode === "changes" ? [state.before, state.after] : [state.since, state.until];
}

function whenOf(state: State): string {
  return [state.mode, ...daysOf(state)].join(" ");
}
