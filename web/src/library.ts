/** Saved searches and the events of their watches: dialogs to open, delete, look through them. */

import { address, call, sentenceOf } from "./api.ts";
import { stateOfAsked } from "./asked.ts";
import type { SavedSearch, WatchEvent } from "./contract.ts";
import { copyField, openDialog, type Opened } from "./dialogs.ts";
import { button, el } from "./elements.ts";
import { problem } from "./notice.ts";
import { show } from "./pictures.ts";
import { EMPTY, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { lastRun } from "./watch.ts";
import { moment, plural } from "./words.ts";

/** Asked for at once; the latest of them are shown first. */
const EVENTS = 1000;
const SHOWN = 100;

export class Library {
  private readonly store: Store;
  private readonly isReadOnly: boolean;

  constructor(store: Store, isReadOnly: boolean) {
    this.store = store;
    this.isReadOnly = isReadOnly;
  }

  /** Show all saved searches. */
  async open(): Promise<void> {
    const { index } = this.store.state;
    const list = el("ul", { class: "saved" });
    const opened = openDialog("Saved searches", [list]);
    try {
      const path = `v1/searches?index=${encodeURIComponent(index)}`;
      const { searches } = await call<{ searches: SavedSearch[] }>(path);
      list.append(...searches.map((search) => this.entry(search, opened)));
      if (searches.length === 0) {
        const words = "There are none yet. Search for something and press Save.";
        list.replaceWith(el("p", { text: words }));
      }
    } catch (error) {
      list.replaceWith(el("p", { class: "warning", text: sentenceOf(error) }));
    }
  }

  private entry(search: SavedSearch, opened: Opened): HTMLElement {
    const { good, bad } = search.marks;
    const marked = good + bad > 0 ? `${good} good, ${bad} bad` : "no marks";
    const parts = [marked, `changed ${moment(search.changed)}`];
    if (search.who) {
      parts.push(`by ${search.who}`);
    }
    const go = (): void => {
      opened.close();
      this.store.set(openedState(search, this.store.state));
    };
    const title = button(search.name, go, { class: "link" });
    const entry = el("li", {}, title, el("p", { class: "hint", text: parts.join(" · ") }));
    const tools = el("div", { class: "row" });
    if (search.watch) {
      const number = search.watch.num_events ?? search.watch.last_new;
      const words = `${plural(number, "event")}`;
      const look = (): void => {
        opened.close();
        void this.events(search);
      };
      tools.append(button(words, look, { class: "quiet", label: `${words} of ${search.name}` }));
    }
    if (!this.isReadOnly) {
      const ask = (): void => this.confirm(search, entry);
      tools.append(button("Delete", ask, { class: "quiet", label: `Delete ${search.name}` }));
    }
    entry.append(tools);
    return entry;
  }

  /** Deleting takes the marks along: it is asked for twice. */
  private confirm(search: SavedSearch, entry: HTMLElement): void {
    const sure = el("div", { class: "row", at: { role: "alert" } });
    const drop = (): void => void this.drop(search, entry);
    sure.append(
      el("span", { text: "Its marks and events go too." }),
      button("Delete it", drop, { class: "danger" }),
      button("Keep it", () => sure.remove(), { class: "quiet" }),
    );
    entry.append(sure);
  }

  private async drop(search: SavedSearch, entry: HTMLElement): Promise<void> {
    try {
      await call(`v1/searches/${search.id}`, { method: "DELETE" });
      entry.remove();
      if (this.store.state.saved === search.id) {
        this.store.set({ saved: "", how: "asked" });
      }
    } catch (error) {
      problem(sentenceOf(error));
    }
  }

  /** Show what a watch has found. */
  async events(search: SavedSearch): Promise<void> {
    const list = el("ol", { class: "events" });
    const content: Node[] = [list];
    if (search.watch) {
      const number = plural(search.watch.num_events ?? 0, "new place");
      content.unshift(el("p", { text: `${number} so far. ${lastRun(search.watch)}` }));
      content.push(copyField("Feed (Atom)", address(`v1/searches/${search.id}/feed.atom`)));
    }
    const opened = openDialog(`New places of “${search.name}”`, content);
    try {
      const path = `v1/searches/${search.id}/events?k=${EVENTS}`;
      const { features } = await call<{ features: WatchEvent[] }>(path);
      const latest = features.reverse().slice(0, SHOWN);
      list.append(...latest.map((event) => this.event(search, event, opened)));
      if (features.length === 0) {
        list.replaceWith(el("p", { text: "No new places yet." }));
      }
    } catch (error) {
      list.replaceWith(el("p", { class: "warning", text: sentenceOf(error) }));
    }
  }

  private event(search: SavedSearch, event: WatchEvent, opened: Opened): HTMLElement {
    const { number, found, source_name, standing, date, chip } = event.properties;
    const image = el("img", { at: { alt: "" } });
    show(image, `v1/searches/${search.id}/events/${number}/thumbnail`);
    const go = (): void => {
      opened.close();
      const state = openedState(search, this.store.state);
      this.store.set({ ...state, chosen: chip });
    };
    const words = el(
      "div",
      {},
      button(source_name, go, { class: "link" }),
      el("p", { class: "hint", text: [standing, date].filter(Boolean).join(" · ") }),
      el("p", { class: "hint", text: `found ${moment(found)}` }),
    );
    return el("li", {}, image, words);
  }
}

/** The state in which a saved search is open. */
export function openedState(search: SavedSearch, state: State): State {
  const { layout, view } = state;
  const { good, bad } = search.marks;
  return {
    ...EMPTY,
    ...stateOfAsked(search.asked),
    index: search.index,
    saved: search.id,
    how: good + bad > 0 ? "again" : "asked",
    layout,
    view,
  };
}
