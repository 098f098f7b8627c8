/** Keeping a search: its name, and the watch that tells of new places. */

import { address, call, sentenceOf } from "./api.ts";
import { askedOf } from "./asked.ts";
import type { PageInfo, SavedSearch, Standing, Watch } from "./contract.ts";
import { buttonRow, copyField, field, openDialog } from "./dialogs.ts";
import { button, el } from "./elements.ts";
import type { Marks } from "./marks.ts";
import { notice, problem } from "./notice.ts";
import type { Store } from "./store.ts";
import { moment, plural } from "./words.ts";

const STANDINGS: [Standing, string][] = [
  ["clear", "clear ones only"],
  ["likely", "likely ones or better"],
  ["weak", "all, also weak ones"],
];

export class Keeper {
  private readonly store: Store;
  private readonly marks: Marks;
  private readonly info: PageInfo;
  /** The saved search that is shown, where it has a name. */
  current: SavedSearch | null = null;
  onChange: () => void = () => undefined;

  constructor(store: Store, marks: Marks, info: PageInfo) {
    this.store = store;
    this.marks = marks;
    this.info = info;
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
    const form = el("form", { at: { method: "dialog" } }, field("Name", input));
    const submit = el("button", { type: "submit", class: "primary", text: "Save" });
    const cancel = button("Cancel", () => opened.close(), { class: "quiet" });
    form.append(buttonRow(cancel, submit));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      opened.close();
      void this.keep(input.value.trim()).then((isKept) => isKept && onSaved());
    });
    const opened = openDialog("Save this search", [form]);
    input.select();
  }

  private async keep(name: string): Promise<boolean> {
    const { state } = this.store;
    try {
      await this.marks.flush();
      const { saved } = this.store.state;
      const search = saved
        ? await call<SavedSearch>(`v1/searches/${saved}`, { method: "PATCH", json: { name } })
        : await call<SavedSearch>("v1/searches", {
            method: "POST",
            json: { index: state.index, name, asked: askedOf(state) },
          });
      this.take(search);
      this.store.set({ saved: search.id });
      notice(`Saved as “${name}”.`);
      return true;
    } catch (error) {
      problem(`The search was not saved. ${sentenceOf(error)}`);
      return false;
    }
  }

  /** Watch the search, or see how its watch does; it has to have a name first. */
  watch(): void {
    if (!this.isNamed) {
      this.save(() => this.watch());
      return;
    }
    const search = this.current as SavedSearch;
    if (search.watch) {
      this.showWatch(search, search.watch);
    } else {
      this.startWatch(search);
    }
  }

  private startWatch(search: SavedSearch): void {
    const choice = el("select");
    for (const [standing, words] of STANDINGS) {
      choice.append(new Option(words, standing, standing === "likely", standing === "likely"));
    }
    const content: Node[] = [
      el("p", {
        text: "When a new scene is added, you are told of the places in it that were not there.",
      }),
      field("Tell me of", choice),
    ];
    const webhook = this.webhookField();
    if (webhook) {
      content.push(webhook);
    }
    const start = button(
      "Watch",
      () => {
        opened.close();
        const address = webhook?.querySelector("input")?.value.trim() ?? "";
        void this.begin(search, choice.value, address);
      },
      { class: "primary" },
    );
    content.push(buttonRow(button("Cancel", () => opened.close(), { class: "quiet" }), start));
    const opened = openDialog(`Watch “${search.name}”`, content);
  }

  private webhookField(): HTMLElement | null {
    const hosts = this.info.webhook_hosts;
    if (hosts.length === 0) {
      return null;
    }
    const input = el("input", { type: "url" });
    return field("Call this address too (webhook)", input, `Allowed: ${hosts.join(", ")}.`);
  }

  private async begin(search: SavedSearch, standing: string, webhook: string): Promise<void> {
    const json = webhook ? { standing, webhook } : { standing };
    try {
      const watch = await call<Watch>(`v1/searches/${search.id}/watch`, { method: "PUT", json });
      this.take({ ...search, watch });
      notice(`“${search.name}” is watched. What is there now counts as seen.`);
    } catch (error) {
      problem(`The watch was not started. ${sentenceOf(error)}`);
    }
  }

  private showWatch(search: SavedSearch, watch: Watch): void {
    const content: Node[] = [
      el("p", { text: lastRun(watch) }),
      copyField(
        "Feed for a news reader (Atom)",
        address(`v1/searches/${search.id}/feed.atom`),
        "A new entry for each new place.",
      ),
    ];
    if (watch.last_problem) {
      content.splice(1, 0, el("p", { class: "warning", text: watch.last_problem }));
    }
    const stop = button(
      "Stop watching",
      () => {
        opened.close();
        void this.end(search);
      },
      { class: "quiet" },
    );
    const look = button(
      "Look now",
      () => {
        opened.close();
        void this.run(search);
      },
      { class: "primary" },
    );
    content.push(buttonRow(stop, look));
    const opened = openDialog(`“${search.name}” is watched`, content);
  }

  private async run(search: SavedSearch): Promise<void> {
    notice("Looking at new scenes…");
    try {
      const path = `v1/searches/${search.id}/watch/run`;
      const done = await call<{ new: number; scenes: number }>(path, { method: "POST" });
      notice(`${plural(done.new, "new place")}, ${plural(done.scenes, "scene")} looked at.`);
      await this.follow();
    } catch (error) {
      problem(sentenceOf(error));
    }
  }

  private async end(search: SavedSearch): Promise<void> {
    try {
      await call(`v1/searches/${search.id}/watch`, { method: "DELETE" });
      this.take({ ...search, watch: null });
      notice(`“${search.name}” is watched no longer.`);
    } catch (error) {
      problem(sentenceOf(error));
    }
  }

  private take(search: SavedSearch | null): void {
    this.current = search;
    this.onChange();
  }
}

/** How the last run of a watch went. */
export function lastRun(watch: Watch): string {
  if (!watch.last_run) {
    return "It has not run yet: it does after each scene that is added to the index.";
  }
  const what = `${plural(watch.last_new, "new place")}, ${plural(watch.last_sources, "scene")}`;
  return `Last looked at ${moment(watch.last_run)}: ${what} looked at.`;
}
