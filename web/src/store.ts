/** The state, kept in step with the address: each search is a step that "back" undoes. */

import { EMPTY, fromHash, questionOf, toHash, type State } from "./state.ts";

type Listener = (state: State, before: State) => void;

/** Browsers refuse an address that changes too often: moves of the map are written after this. */
const SETTLE_MS = 300;

export class Store {
  state: State = { ...EMPTY };
  private readonly listeners: Listener[] = [];
  private timer = 0;

  constructor() {
    this.state = fromHash(location.hash);
    window.addEventListener("popstate", () => this.follow());
    window.addEventListener("hashchange", () => this.follow());
    window.addEventListener("pagehide", () => this.write(false));
  }

  /** Call somebody after each change. */
  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Change the state. Another question, or another way to ask it, is a step of the history. */
  set(patch: Partial<State>): void {
    const before = this.state;
    this.state = { ...before, ...patch };
    const isStep = questionOf(before) !== questionOf(this.state) || before.how !== this.state.how;
    if (isStep) {
      this.write(true);
    } else {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.write(false), SETTLE_MS);
    }
    this.tell(before);
  }

  /** The address of what is shown now. */
  link(): string {
    const link = new URL(location.href);
    link.hash = toHash(this.state);
    return link.href;
  }

  private write(isStep: boolean): void {
    window.clearTimeout(this.timer);
    const hash = `#${toHash(this.state)}`;
    if (hash === location.hash) {
      return;
    }
    if (isStep) {
      history.pushState(null, "", hash);
    } else {
      history.replaceState(null, "", hash);
    }
  }

  private follow(): void {
    if (location.hash === `#${toHash(this.state)}`) {
      return;
    }
    window.clearTimeout(this.timer);
    const before = this.state;
    const state = fromHash(location.hash);
    this.state = { ...state, index: state.index || before.index };
    this.tell(before);
  }

  private tell(before: State): void {
    for (const listener of this.listeners) {
      listener(this.state, before);
    }
  }
}
