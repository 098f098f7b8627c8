/** How marks reach the server, and where they are kept until it has them. */

import { call, Problem } from "./api.ts";
import type { Asked, SavedSearch } from "./contract.ts";
import type { Carrier, Parcel } from "./outbox.ts";

/** How long after a failure marks are sent again, in seconds: 2, 4, 8, at most 30. */
const LONGEST_WAIT_S = 30;
/** A mark that is refused so is not sent again: it would be refused again. */
const FOR_GOOD = [400, 403, 404, 409, 410, 413, 422];

/** Keep a search because something of it is marked; gives its id. */
export async function makeDraft(index: string, asked: Asked): Promise<string> {
  const json = { index, name: "", asked, is_draft: true };
  const made = await call<SavedSearch>("v1/searches", { method: "POST", json, waits: false });
  return made.id;
}

/** Carries marks to the server, and keeps them in the browser's storage meanwhile. */
export function serverCarrier(): Carrier {
  const shelf = `harma.unsent ${location.pathname}`;
  return {
    draft: makeDraft,
    async put(search, marks) {
      const list = Object.entries(marks).map(([chip, mark]) => ({ chip, mark }));
      const json = { marks: list };
      await call(`v1/searches/${search}/marks`, { method: "PUT", json, waits: false });
    },
    waitAfter(error, failures) {
      const status = error instanceof Problem ? error.status : 0;
      return FOR_GOOD.includes(status) ? null : Math.min(2 ** failures, LONGEST_WAIT_S);
    },
    load: () => JSON.parse(localStorage.getItem(shelf) ?? "[]") as Parcel[],
    keep(parcels) {
      if (parcels.length === 0) {
        localStorage.removeItem(shelf);
      } else {
        localStorage.setItem(shelf, JSON.stringify(parcels));
      }
    },
    later: (work, seconds) => void setTimeout(work, seconds * 1000),
  };
}
