/** The start of the page: what the server says of itself, then the parts, keys and buttons. */

import { call, onKeyNeeded, sentenceOf } from "./api.ts";
import type { PageInfo } from "./contract.ts";
import { button, byId } from "./elements.ts";
import { followKeys, showKeys, type Key } from "./keys.ts";
import { askForKey } from "./keydialog.ts";
import { openedState } from "./library.ts";
import { menuButton } from "./menu.ts";
import { notice, problem } from "./notice.ts";
import { Page } from "./page.ts";
import { exportItems, showLink } from "./share.ts";
import { hasQuestion } from "./state.ts";
import { Store } from "./store.ts";
import { startTheme, switchTheme } from "./theme.ts";

async function start(): Promise<void> {
  startTheme();
  onKeyNeeded(askForKey);
  const info = await call<PageInfo>("v1/page");
  const store = new Store();
  const page = new Page(store, info);
  if (store.state.view) {
    page.ground.look(store.state.view);
  }
  const keys = keysOf(page);
  followKeys(keys);
  addHeaderButtons(page, keys);
  addResultButtons(page);
  addMapButtons(page);
  page.ground.showBase(info.basemap).catch((error: unknown) => {
    problem(`The map has no ground. ${sentenceOf(error)}`);
  });
  await page.indexes.load();
  await page.keeper.follow();
  openNamed(page);
  await page.marks.load();
  page.begin();
  document.documentElement.dataset["ready"] = "true";
}

/** A link may say no more than which saved search it is: feeds and mails do. */
function openNamed(page: Page): void {
  const { state } = page.store;
  const { current } = page.keeper;
  if (current && !hasQuestion(state)) {
    page.store.set({ ...openedState(current, state), chosen: state.chosen });
  }
}

function keysOf(page: Page): Key[] {
  const { info } = page;
  const keys: Key[] = [
    { keys: ["j", "ArrowDown"], words: "next place", act: () => page.chooser.stepLine(1) },
    { keys: ["k", "ArrowUp"], words: "place before", act: () => page.chooser.stepLine(-1) },
    { keys: ["ArrowRight"], words: "next picture of the grid", act: () => page.chooser.step(1) },
    { keys: ["ArrowLeft"], words: "picture before, of the grid", act: () => page.chooser.step(-1) },
    {
      keys: ["Enter"],
      words: "go to the place on the map",
      act: () => page.chooser.goTo(page.chooser.chosen),
    },
    { keys: ["w"], words: "why this place", act: () => void page.card.why() },
    { keys: ["m"], words: "more like this", act: () => moreLike(page) },
    { keys: ["f"], words: "all places on the map", act: () => page.fitAll() },
    { keys: ["l"], words: "list or grid", act: () => switchLayout(page) },
    { keys: ["/"], words: "to the search text", act: () => page.form.focus() },
    { keys: ["Escape"], words: "close, give up drawing", act: () => escape(page) },
    { keys: ["?"], words: "these keys", act: () => showKeys(keys) },
  ];
  if (!info.read_only) {
    keys.unshift(
      { keys: ["g"], words: "good", act: () => page.actions.toggle(page.chooser.chosen, "good") },
      { keys: ["b"], words: "bad", act: () => page.actions.toggle(page.chooser.chosen, "bad") },
      {
        keys: ["n"],
        words: "not sure",
        act: () => page.actions.toggle(page.chooser.chosen, "unsure"),
      },
      { keys: ["u"], words: "undo the last mark", act: () => page.markBar?.undo() },
      { keys: ["a"], words: "search again with the marks", act: () => ask(page, "again") },
      { keys: ["d"], words: "doubtful ones", act: () => ask(page, "doubtful") },
      { keys: ["s"], words: "save the search", act: () => saveSearch(page) },
    );
  }
  return keys;
}

function ask(page: Page, how: "again" | "doubtful"): void {
  void page.markBar?.ask(how);
}

function moreLike(page: Page): void {
  if (page.chooser.chosen) {
    page.actions.addExample(page.chooser.chosen, "like");
  }
}

function switchLayout(page: Page): void {
  const layout = page.store.state.layout === "list" ? "grid" : "list";
  page.store.set({ layout });
}

function saveSearch(page: Page): void {
  if (page.search.found.answer) {
    page.keeper.save();
  } else {
    notice("Search for something first.");
  }
}

function escape(page: Page): void {
  if (page.drawing.isActive) {
    page.drawing.stop();
  } else if (page.detections.isOpen) {
    page.detections.toggle(false);
  } else {
    page.chooser.choose("");
  }
}

function addHeaderButtons(page: Page, keys: Key[]): void {
  const library = button("Saved", () => void page.library.open(), {
    class: "quiet",
    icon: "saved",
  });
  const theme = button("", switchTheme, { class: "plain", icon: "moon", label: "Light or dark" });
  const help = button("", () => showKeys(keys), {
    class: "plain",
    icon: "help",
    label: "Keys (?)",
  });
  byId("header-buttons").append(library, theme, help);
}

function addResultButtons(page: Page): void {
  const { store, search, keeper } = page;
  const isReadOnly = page.info.read_only;
  const list = button("", () => store.set({ layout: "list" }), { icon: "list", label: "List" });
  const grid = button("", () => store.set({ layout: "grid" }), { icon: "grid", label: "Grid" });
  byId("layout").append(list, grid);
  const items = (): ReturnType<typeof exportItems> =>
    exportItems(store, search.found.answer, keeper.isNamed);
  const save = button("Save", () => keeper.save(), { class: "quiet" });
  const watch = button("Watch", () => keeper.watch(), { class: "quiet" });
  const detect = button("Detections", () => page.detections.toggle(), { class: "quiet" });
  detect.title = "Merge touching places above a threshold into shapes";
  const exporter = menuButton("Export", items, { class: "quiet" });
  const link = button("Link", () => showLink(store), { class: "quiet" });
  byId("result-buttons").append(...(isReadOnly ? [] : [save, watch]), detect, exporter, link);
  const refresh = (): void => {
    list.setAttribute("aria-pressed", String(store.state.layout === "list"));
    grid.setAttribute("aria-pressed", String(store.state.layout === "grid"));
    const hasHits = search.found.hits.length > 0;
    byId("result-bar").hidden = !hasHits;
    const isWatched = keeper.isNamed && keeper.current?.watch != null;
    (watch.firstElementChild as HTMLElement).textContent = isWatched ? "Watched" : "Watch";
    (save.firstElementChild as HTMLElement).textContent = keeper.isNamed ? "Rename" : "Save";
    byId("search-name").textContent = keeper.isNamed ? (keeper.current?.name ?? "") : "";
    byId("search-name").hidden = !keeper.isNamed;
  };
  store.subscribe(refresh);
  search.subscribe(refresh);
  keeper.onChange = refresh;
  refresh();
}

function addMapButtons(page: Page): void {
  const { ground } = page;
  const layers = menuButton("", () => layerItems(page), { icon: "layers", label: "Layers" });
  byId("map-buttons").append(
    button("", () => ground.zoom(1), { icon: "plus", label: "Zoom in" }),
    button("", () => ground.zoom(-1), { icon: "minus", label: "Zoom out" }),
    button("", () => page.fitAll(), { icon: "fit", label: "All places on the map" }),
    layers,
  );
}

function layerItems(page: Page): ReturnType<Parameters<typeof menuButton>[1]> {
  const { coverage, footprints, scenes } = page;
  return [
    {
      words: "Where there are scenes",
      checked: coverage.isVisible,
      act: () => coverage.setVisible(!coverage.isVisible),
    },
    {
      words: "Scene of the chosen place",
      checked: scenes.isShown,
      act: () => void scenes.toggle(page.chooser.chosen ?? null),
    },
    {
      words: "Outlines of places",
      checked: footprints.isVisible,
      act: () => footprints.setVisible(!footprints.isVisible),
    },
  ];
}

start().catch((error: unknown) => problem(`The page could not start. ${sentenceOf(error)}`));
