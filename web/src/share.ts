/** Taking results along: files, a link, and the address for QGIS. */

import { address, download, sentenceOf } from "./api.ts";
import type { Answer } from "./contract.ts";
import { copyField, openDialog } from "./dialogs.ts";
import { el } from "./elements.ts";
import type { Item } from "./menu.ts";
import { problem } from "./notice.ts";
import type { Store } from "./store.ts";

/** Formats of files, and how they are told. */
export const FORMATS: [string, string][] = [
  ["geojson", "GeoJSON"],
  ["csv", "CSV (a table)"],
  ["geoparquet", "GeoParquet"],
];

/** What the menu "Export" offers. */
export function exportItems(store: Store, answer: Answer | null, isSaved: boolean): Item[] {
  const { index, saved } = store.state;
  const isEmpty = !answer || answer.num_kept === 0;
  const items: Item[] = FORMATS.map(([format, words]) => ({
    words: `Places as ${words}`,
    disabled: isEmpty,
    act: () => {
      const path = `v1/indexes/${index}/results/${answer?.query_id}/export?format=${format}`;
      void save(path, `places.${format}`);
    },
  }));
  if (saved) {
    for (const [format, words] of FORMATS) {
      const path = `v1/searches/${saved}/marks/export?format=${format}`;
      items.push({
        words: `Marks as ${words}`,
        act: () => void save(path, `marks.${format}`),
      });
    }
  }
  items.push({
    words: "Open in QGIS…",
    note: "as a layer that stays up to date",
    act: () => showQgis(index, isSaved ? saved : ""),
  });
  return items;
}

async function save(path: string, name: string): Promise<void> {
  try {
    await download(path, name);
  } catch (error) {
    problem(sentenceOf(error));
  }
}

/** Show the link of what is shown. */
export function showLink(store: Store): void {
  openDialog("Link to this search", [
    el("p", { text: "It holds the text, area, dates, marks and what the map shows." }),
    copyField("Link", store.link()),
  ]);
}

/** Show what QGIS wants to know. */
export function showQgis(index: string, saved: string): void {
  const collection = saved ? `search-${saved}` : index;
  const steps = [
    "In QGIS: Layer → Add Layer → Add WFS / OGC API - Features Layer.",
    "New connection: paste this address as the URL.",
    `Connect, and add the collection “${collection}”.`,
  ];
  const list = el("ol", {}, ...steps.map((step) => el("li", { text: step })));
  const hint = saved
    ? "The collection is this saved search."
    : "The collection is the whole index. Save a search to open its places alone.";
  openDialog("Open in QGIS", [
    list,
    copyField("Address", address("."), hint),
    copyField("Collection", collection),
  ]);
}
