/** Keeping a search under a name, and changing one that is kept. */

import { call, sentenceOf } from "./api.ts";
import { askedOf } from "./asked.ts";
import type { Asked, Hit, PageInfo, SavedSearch } from "./contract.ts";
import { buttonRow, field, openDialog, settle } from "./dialogs.ts";
import { button, el } from "./elements.ts";
import type { Marks } from "./marks.ts";
import { notice, problem } from "./notice.ts";
import type { Store } from "./store.ts";
import { WatchDialog } from "./watch.ts";

export class Keeper {
  private readonly store: Store;
  private readonly marks: Marks;
  private readonly watching: WatchDialog;
  /** The saved search that is shown, where it has a name. */
  current: SavedSearch | null = null;
  /** The last one that was shown, which may be changed to what is asked now. */
  private before: SavedSearch | null = null;
  onChange: () => void = () => undefined;
  /** Somebody wants to see the events of a watch. */
  onEvents: (search: SavedSearch) => void = () => undefined;
  /** The place that is chosen. */
  chosen: () => Hit | undefined = () => undefined;

  constructor(store: Store, marks: Marks, info: PageInfo) {
    this.store = store;
    this.marks = marks;
    this.watching = new WatchDialog(info, {
      changed: (search) => this.take(search),
      ran: () => this.follow(),
      look: (search) => this.onEvents(search),
      chosen: () => this.chosen(),
    });
    store.subscribe((state, before) => {
      if (state.saved !== before.saved) {
        void this.follow();
      }
    });
  }

  /** Read the saved search that the state names. */
  async follow(): Promise<void> {
    const { saved } = this.store.state;
    if (!saved) {
      this.take(null);
      return;
    }
    try {
      const search = await call<SavedSearch>(`v1/searches/${saved}`);
      if (this.store.state.saved === saved) {
        this.take(search);
      }
    } catch (error) {
      this.take(null);
      problem(`The saved search of this link could not be read. ${sentenceOf(error)}`);
    }
  }

  get isNamed(): boolean {
    return this.current !== null && !this.current.is_draft;
  }

  /** Ask for a name and keep the search. */
  save(onSaved: () => void = () => undefined): void {
    const input = el("input", { type: "text" });
    input.value = this.current?.name || this.store.state.text.trim();
    input.required = true;
    input.maxLength = 200;
    const form = el("form", {}, field("Name", input));
    const instead = this.insteadOf(form, input);
    const submit = el("button", { type: "submit", class: "primary", text: "Save" });
    const cancel = button("Cancel", () => opened.close(), { class: "quiet" });
    form.append(buttonRow(cancel, submit));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const changed = instead?.checked ? this.before : null;
      const keep = (): Promise<void> => this.keep(input.value.trim(), changed);
      void settle(opened, "The search was not saved.", keep);
    });
    const opened = openDialog("Save this search", [form], () => this.isNamed && onSaved());
    input.select();
  }

  /** Offer to change the saved search that was open before the question was changed. */
  private insteadOf(form: HTMLElement, name: HTMLInputElement): HTMLInputElement | null {
    const { before } = this;
    const { saved, index } = this.store.state;
    if (saved || before?.index !== index) {
      return null;
    }
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      name.value = box.checked ? before.name : name.value;
    });
    const words = `Change “${before.name}” to this search; its marks stay`;
    form.append(el("label", { class: "check" }, box, el("span", { text: words })));
    return box;
  }

  private async keep(name: string, changed: SavedSearch | null): Promise<void> {
    const { state } = this.store;
    await this.marks.flush();
    const { saved } = this.store.state;
    const search = await this.put(name, changed?.id ?? saved, changed, askedOf(state));
    this.take(search);
    this.store.set({ saved: search.id });
    notice(`Saved as “${name}”.`);
  }

  private put(
    name: string,
    id: string,
    changed: SavedSearch | null,
    asked: Asked,
  ): Promise<SavedSearch> {
    const path = `v1/searches/${id}`;
    if (changed) {
      const json = { name, asked, version: changed.version };
      return call<SavedSearch>(path, { method: "PATCH", json });
    }
    if (id) {
      return call<SavedSearch>(path, { method: "PATCH", json: { name } });
    }
    const json = { index: this.store.state.index, name, asked };
    return call<SavedSearch>("v1/searches", { method: "POST", json });
  }

  /** Watch the search, or see how its watch does; it has to have a name first. */
  watch(): void {
    if (!this.isNamed) {
      this.save(() => this.watch());
      return;
    }
    this.watching.open(this.current as SavedSearch);
  }

  private take(search: SavedSearch | null): void {
    this.current = search;
    if (this.isNamed) {
      this.before = search;
    }
    this.onChange();
  }
}
