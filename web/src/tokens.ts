/** What a search holds beside its text, each thing with a button that takes it away. */

import { button, byId, el } from "./elements.ts";
import { show } from "./pictures.ts";
import type { Example, State } from "./state.ts";
import type { Store } from "./store.ts";
import type { Uploads } from "./uploads.ts";
import { areaSentence } from "./words.ts";

type Side = "like" | "unlike";

const SAID: Record<Side, string> = { like: "like", unlike: "unlike" };

export class Tokens {
  private readonly store: Store;
  private readonly uploads: Uploads;
  private readonly place = byId("tokens");
  private shown = "";

  constructor(store: Store, uploads: Uploads) {
    this.store = store;
    this.uploads = uploads;
  }

  show(state: State): void {
    const { like, unlike, area, sources, index, rest } = state;
    const now = JSON.stringify([index, like, unlike, area, sources, rest]);
    if (now === this.shown) {
      return;
    }
    this.shown = now;
    const tokens = [
      ...like.map((example, at) => this.example("like", example, at)),
      ...unlike.map((example, at) => this.example("unlike", example, at)),
    ];
    if (area) {
      tokens.push(token(areaSentence(area), [], () => this.drop({ area: null })));
    }
    if (sources.length > 0) {
      const words = sources.length === 1 ? "In one scene" : `In ${sources.length} scenes`;
      tokens.push(token(words, [], () => this.drop({ sources: [] })));
    }
    for (const [name, value] of Object.entries(rest)) {
      // The line above the places says it, and takes it back.
      if (name === "expand") {
        continue;
      }
      const others = Object.entries(rest).filter(([other]) => other !== name);
      const drop = (): void => this.drop({ rest: Object.fromEntries(others) });
      tokens.push(token(`${name} ${JSON.stringify(value)}`, [], drop));
    }
    this.place.replaceChildren(...tokens);
    this.place.hidden = tokens.length === 0;
  }

  private example(side: Side, example: Example, at: number): HTMLElement {
    const others = this.store.state[side].filter((_, other) => other !== at);
    const words = example.kind === "text" ? `${SAID[side]} “${example.value}”` : SAID[side];
    const picture = this.picture(example);
    return token(words, picture, () => this.drop({ [side]: others }), side);
  }

  private picture({ kind, value }: Example): HTMLElement[] {
    if (kind === "text") {
      return [];
    }
    const image = el("img", { at: { alt: kind === "chip" ? "a place" : "a picture" } });
    if (kind === "chip") {
      const { index } = this.store.state;
      show(image, `v1/indexes/${index}/chips/${encodeURIComponent(value)}/thumbnail`);
      return [image];
    }
    const preview = this.uploads.preview(value);
    if (!preview) {
      return [el("span", { text: "a picture" })];
    }
    image.src = preview;
    return [image];
  }

  private drop(patch: Partial<State>): void {
    this.store.set({ ...patch, saved: "", how: "asked" });
    byId("text").focus();
  }
}

function token(words: string, inside: HTMLElement[], drop: () => void, kind = ""): HTMLElement {
  const made = el("li", { class: `token ${kind}` }, el("span", { text: words }), ...inside);
  made.append(button("", drop, { class: "plain", icon: "close", label: `Remove: ${words}` }));
  return made;
}
