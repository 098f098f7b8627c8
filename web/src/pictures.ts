/** Pictures of chips and scenes: by address, or fetched where the server asks for a key. */

import { address, key, send } from "./api.ts";

const waiting = new WeakMap<Element, string>();
let watcher: IntersectionObserver | null = null;

/** Show a picture of the server. It is asked for when it is about to come into view. */
export function show(image: HTMLImageElement, path: string): void {
  image.addEventListener("error", () => image.classList.add("is-missing"));
  if (!key()) {
    image.loading = "lazy";
    image.decoding = "async";
    image.src = address(path);
    return;
  }
  watcher ??= new IntersectionObserver(fetchSeen, { rootMargin: "400px" });
  waiting.set(image, path);
  watcher.observe(image);
}

function fetchSeen(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    const path = waiting.get(target);
    if (isIntersecting && path !== undefined) {
      watcher?.unobserve(target);
      waiting.delete(target);
      void fetchInto(target as HTMLImageElement, path);
    }
  }
}

/** Fetch a picture with the key; a picture that cannot be fetched tells so by an event "error". */
export async function fetchInto(image: HTMLImageElement, path: string): Promise<void> {
  try {
    const response = await send(path);
    const url = URL.createObjectURL(await response.blob());
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.src = url;
  } catch {
    image.dispatchEvent(new Event("error"));
  }
}
