/** What stands above the list: how many hits of which standing, why none, what goes wrong. */

import type { IndexSummary } from "./contract.ts";
import { button, byId, el } from "./elements.ts";
import { skeleton } from "./list.ts";
import { tell } from "./notice.ts";
import type { Found } from "./search.ts";
import type { How, State } from "./state.ts";
import { answerSentence, asSentence, count, foundSentence, joinedSentence } from "./words.ts";

const HOWS: Record<How, string> = {
  asked: "",
  again: "Searched again with your marks.",
  best: "The best that you have not marked.",
  doubtful: "Not marked yet, and the search is least sure of them.",
};
const TRIES = ["a harbour", "tennis courts", "a river with a bridge", "houses beside a forest"];

export interface SummaryActions {
  again(): void;
  asAsked(): void;
  /** Join short texts by captions that hold their words, or search as typed. */
  expand(isJoined: boolean): void;
  try(text: string): void;
  everywhere(): void;
  always(): void;
  more(isAll: boolean): void;
}

export class Summary {
  private readonly actions: SummaryActions;
  private readonly line = byId("summary");
  private readonly place = byId("state");
  private readonly hits = byId("hits");
  private readonly foot = byId("foot");
  private readonly how = byId("how");
  private readonly joined = byId("joined");

  constructor(actions: SummaryActions) {
    this.actions = actions;
  }

  show(found: Found, state: State, index: IndexSummary | undefined): void {
    this.hits.setAttribute("aria-busy", String(found.status === "running"));
    byId("results").dataset["status"] = found.status;
    this.place.replaceChildren(...this.message(found, state, index));
    this.place.hidden = this.place.childElementCount === 0;
    this.line.replaceChildren(...this.counts(found, state));
    this.showFoot(found);
    this.showHow(state.how);
    this.showJoined(found, state);
    if (found.status === "running" && found.hits.length === 0) {
      this.hits.replaceChildren(...skeleton());
    }
    if (found.status === "done" && found.answer) {
      const { num_kept, counts, next } = found.answer;
      tell(answerSentence(foundSentence(num_kept, state.mode, next !== null), counts));
    }
  }

  private counts(found: Found, state: State): Node[] {
    if (found.status === "running") {
      const waits = found.waits > 0 ? " The server is busy; trying again…" : "";
      return [el("span", { class: "working", text: `Searching…${waits}` })];
    }
    const { answer } = found;
    if (!answer || answer.num_kept === 0) {
      return [];
    }
    const what = foundSentence(answer.num_kept, state.mode, false);
    // "Best 200" leaves room for the standings.
    const shown = answer.next === null ? what : `Best ${count(answer.num_kept)}`;
    const parts: Node[] = [el("strong", { text: shown })];
    for (const standing of ["clear", "likely", "weak"] as const) {
      const number = answer.counts[standing];
      if (number > 0) {
        const words = `${count(number)} ${standing}`;
        parts.push(el("span", { class: `standing ${standing}`, text: words }));
      }
    }
    return parts;
  }

  private message(found: Found, state: State, index: IndexSummary | undefined): HTMLElement[] {
    if (found.status === "failed") {
      return [
        el("h2", { text: "The search did not work" }),
        el("p", { text: found.problem }),
        button("Try again", () => this.actions.again(), { class: "primary" }),
      ];
    }
    if (found.status === "done" && found.hits.length === 0) {
      return this.nothing(found, state);
    }
    return found.status === "idle" ? this.welcome(index) : [];
  }

  private nothing(found: Found, state: State): HTMLElement[] {
    const empty = found.answer?.empty;
    const reason = empty?.reason ?? "Nothing was found";
    const advice = empty?.advice ?? "Try other words, a larger area or other dates";
    const message: HTMLElement[] = [
      el("h2", { text: asSentence(reason) }),
      el("p", { text: asSentence(advice) }),
    ];
    const ways = el("div", { class: "row" });
    if (state.mode === "places" && (state.since || state.until)) {
      ways.append(button("At any date", () => this.actions.always(), { class: "quiet" }));
    }
    if (state.area) {
      ways.append(button("Everywhere", () => this.actions.everywhere(), { class: "quiet" }));
    }
    return [...message, ways];
  }

  private welcome(index: IndexSummary | undefined): HTMLElement[] {
    if (!index || index.state === "loading") {
      return [
        el("h2", { text: "The index is loading" }),
        el("p", { text: "Its model is read and warmed up. This takes some seconds, once." }),
      ];
    }
    if (index.state === "failed") {
      return [
        el("h2", { text: "This index cannot be opened" }),
        el("p", { text: asSentence(index.problem || "The log of the server says why") }),
      ];
    }
    const tries = TRIES.map((text) =>
      el(
        "li",
        {},
        button(text, () => this.actions.try(text), { class: "quiet" }),
      ),
    );
    return [
      el("h2", { text: "Describe what you look for" }),
      el("p", { text: "In a few words, or with a picture that you choose, drop here or paste." }),
      el("ul", { class: "tries" }, ...tries),
    ];
  }

  /** Say that these are not the hits of the search as it was first asked. */
  private showHow(how: How): void {
    const words = HOWS[how];
    this.how.hidden = words === "";
    const back = button("As first asked", () => this.actions.asAsked(), { class: "link" });
    this.how.replaceChildren(el("span", { text: words }), back);
  }

  /** Say what joined short texts, and offer the search without it. */
  private showJoined(found: Found, state: State): void {
    const isTyped = state.rest["expand"] === "off";
    const expanded = found.status === "done" ? (found.answer?.expanded ?? []) : [];
    this.joined.hidden = found.status !== "done" || !(isTyped || expanded.length > 0);
    const words = isTyped ? "Searched as typed." : expanded.map(joinedSentence).join(" ");
    const other = isTyped ? "Join captions" : "As typed";
    this.joined.replaceChildren(
      el("span", { text: words }),
      button(other, () => this.actions.expand(isTyped), { class: "link" }),
    );
  }

  private showFoot(found: Found): void {
    const parts: HTMLElement[] = [];
    if (found.problem && found.status === "done") {
      parts.push(el("p", { class: "warning", text: found.problem }));
    }
    if (found.more) {
      parts.push(
        button("Show more", () => this.actions.more(false), { class: "quiet" }),
        button("Show all", () => this.actions.more(true), {
          class: "quiet",
        }),
      );
    }
    this.foot.replaceChildren(...parts);
    this.foot.hidden = parts.length === 0;
  }
}
