/** The watch of a saved search: start it, see how it does, look now, stop it. */

import { address, call, sentenceOf } from "./api.ts";
import type { Hit, PageInfo, SavedSearch, Standing, Watch } from "./contract.ts";
import { buttonRow, copyField, field, openDialog, settle } from "./dialogs.ts";
import { button, el } from "./elements.ts";
import { notice, problem } from "./notice.ts";
import { moment, plural } from "./words.ts";

const STANDINGS: [Standing, string][] = [
  ["clear", "clear ones only"],
  ["likely", "likely ones or better"],
  ["weak", "all, also weak ones"],
];
const BY_SCORE = "those of a least score";

export interface WatchEvents {
  /** The search has another watch now, or none. */
  changed(search: SavedSearch): void;
  /** The watch has run: what is known of the search is to be read anew. */
  ran(): Promise<void>;
  /** Show what it has found. */
  look(search: SavedSearch): void;
  /** The place that is chosen, whose score may be the least. */
  chosen(): Hit | undefined;
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

  /** Start a watch, or change the threshold of one. */
  private start(search: SavedSearch): void {
    const { watch } = search;
    const choice = el("select");
    const standing = watch ? (watch.standing ?? "") : "likely";
    for (const [value, words] of [...STANDINGS, ["", BY_SCORE]]) {
      choice.append(new Option(words, value, value === standing, value === standing));
    }
    const score = el("input", { type: "number", at: { step: "any", min: "-2", max: "2" } });
    const least = field("Least score", score, this.fillScore(score, watch));
    const toggle = (): void => void (least.hidden = choice.value !== "");
    choice.addEventListener("change", toggle);
    toggle();
    const content: Node[] = [
      el("p", {
        text: "You are told of new places in scenes that are added from now on.",
      }),
      field("Tell me of", choice),
      least,
    ];
    const webhook = this.webhookField(watch?.webhook ?? "");
    if (webhook) {
      content.push(webhook);
    }
    const begin = (): void => {
      const isByScore = choice.value === "";
      if (isByScore && Number.isNaN(score.valueAsNumber)) {
        score.focus();
        return;
      }
      const told = webhook?.querySelector("input")?.value.trim() ?? watch?.webhook ?? "";
      const json = {
        ...(isByScore ? { least_score: score.valueAsNumber } : { standing: choice.value }),
        ...(told ? { webhook: told } : {}),
      };
      void settle(opened, "The watch was not set.", () => this.begin(search, json));
    };
    const start = button(watch ? "Change" : "Watch", begin, { class: "primary" });
    content.push(
      buttonRow(
        button("Cancel", () => opened.close(), { class: "quiet" }),
        start,
      ),
    );
    const opened = openDialog(`Watch “${search.name}”`, content);
  }

  /** Fill in the score of the chosen place; gives the hint that says so. */
  private fillScore(score: HTMLInputElement, watch: Watch | null): string {
    const hit = this.events.chosen();
    const of = hit?.properties.change ?? hit?.properties.score;
    const known = watch?.least_score ?? of;
    score.value = known === undefined ? "" : String(known);
    const said = hit && of !== undefined ? ` That of place ${hit.properties.rank} is ${of}.` : "";
    return `Exports have the score of each place, or its gain.${said}`;
  }

  private webhookField(address: string): HTMLElement | null {
    const hosts = this.info.webhook_hosts;
    if (hosts.length === 0) {
      return null;
    }
    const input = el("input", { type: "url" });
    input.value = address;
    return field("Call this address too (webhook)", input, `Allowed: ${hosts.join(", ")}.`);
  }

  private async begin(search: SavedSearch, json: object): Promise<void> {
    const watch = await call<Watch>(`v1/searches/${search.id}/watch`, { method: "PUT", json });
    this.events.changed({ ...search, watch });
    const now = search.watch ? "It holds for scenes to come." : "What is there now is known.";
    notice(`“${search.name}” is watched. ${now}`);
  }

  private show(search: SavedSearch, watch: Watch): void {
    const content: Node[] = [
      el("p", { text: `It tells of ${thresholdOf(watch)}. ${lastRun(watch)}` }),
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
      () => void settle(opened, "It is still watched.", () => this.end(search)),
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
    const change = button(
      "Change",
      () => {
        opened.close();
        this.start(search);
      },
      { class: "quiet" },
    );
    const events = button(
      plural(watch.num_events ?? watch.last_new, "event"),
      () => {
        opened.close();
        this.events.look(search);
      },
      { class: "quiet" },
    );
    // Addresses to notify are shown without what is secret in them: they cannot be set again here.
    const canChange = watch.notify.length === 0;
    content.push(buttonRow(stop, ...(canChange ? [change] : []), events, look));
    const opened = openDialog(`“${search.name}” is watched`, content);
  }

  private async run(search: SavedSearch): Promise<void> {
    notice("Looking at new scenes…");
    try {
      const path = `v1/searches/${search.id}/watch/run`;
      const done = await call<{ new: number; scenes: number }>(path, { method: "POST" });
      notice(`${plural(done.new, "new place")} in ${plural(done.scenes, "scene")} looked at.`);
      await this.events.ran();
    } catch (error) {
      problem(sentenceOf(error));
    }
  }

  private async end(search: SavedSearch): Promise<void> {
    await call(`v1/searches/${search.id}/watch`, { method: "DELETE" });
    this.events.changed({ ...search, watch: null });
    notice(`“${search.name}” is watched no longer.`);
  }
}

/** What a watch tells of. */
export function thresholdOf({ standing, least_score }: Watch): string {
  const found = STANDINGS.find(([name]) => name === standing);
  return found ? found[1] : `places of score ${least_score} or more`;
}

/** How the last run of a watch went. */
export function lastRun(watch: Watch): string {
  if (!watch.last_run) {
    return "It has not run yet: it does after each scene that is added to the index.";
  }
  const what = `${plural(watch.last_new, "new place")} in ${plural(watch.last_sources, "scene")}`;
  return `Last run ${moment(watch.last_run)}: ${what}.`;
}
