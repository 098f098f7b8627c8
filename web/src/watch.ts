/** The watch of a saved search: start it, see how it does, look now, stop it. */

import { address, call, sentenceOf } from "./api.ts";
import type { PageInfo, SavedSearch, Standing, Watch } from "./contract.ts";
import { buttonRow, copyField, field, openDialog } from "./dialogs.ts";
import { button, el } from "./elements.ts";
import { notice, problem } from "./notice.ts";
import { moment, plural } from "./words.ts";

const STANDINGS: [Standing, string][] = [
  ["clear", "clear ones only"],
  ["likely", "likely ones or better"],
  ["weak", "all, also weak ones"],
];

export interface WatchEvents {
  /** The search has another watch now, or none. */
  changed(search: SavedSearch): void;
  /** The watch has run: what is known of the search is to be read anew. */
  ran(): Promise<void>;
}

export class WatchDialog {
  private readonly info: PageInfo;
  private readonly events: WatchEvents;

  constructor(info: PageInfo, events: WatchEvents) {
    this.info = info;
    this.events = events;
  }

  /** Start the watch of a search, or show it. */
  open(search: SavedSearch): void {
    if (search.watch) {
      this.show(search, search.watch);
    } else {
      this.start(search);
    }
  }

  private start(search: SavedSearch): void {
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
    content.push(
      buttonRow(
        button("Cancel", () => opened.close(), { class: "quiet" }),
        start,
      ),
    );
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
      this.events.changed({ ...search, watch });
      notice(`“${search.name}” is watched. What is there now counts as seen.`);
    } catch (error) {
      problem(`The watch was not started. ${sentenceOf(error)}`);
    }
  }

  private show(search: SavedSearch, watch: Watch): void {
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
      await this.events.ran();
    } catch (error) {
      problem(sentenceOf(error));
    }
  }

  private async end(search: SavedSearch): Promise<void> {
    try {
      await call(`v1/searches/${search.id}/watch`, { method: "DELETE" });
      this.events.changed({ ...search, watch: null });
      notice(`“${search.name}” is watched no longer.`);
    } catch (error) {
      problem(sentenceOf(error));
    }
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
