/** Elements of the page: made from plain values; what comes from elsewhere is only ever text. */

export interface Properties {
  class?: string;
  text?: string;
  id?: string;
  type?: string;
  title?: string;
  hidden?: boolean;
  disabled?: boolean;
  /** Attributes as they are: aria-*, role, data-*, for, href. */
  at?: Record<string, string>;
  on?: Record<string, (event: Event) => void>;
}

/** Make an element. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  const { class: classes, text, at = {}, on = {}, ...plain } = properties;
  Object.assign(element, plain);
  if (classes) {
    element.className = classes;
  }
  for (const [attribute, value] of Object.entries(at)) {
    element.setAttribute(attribute, value);
  }
  for (const [event, listener] of Object.entries(on)) {
    element.addEventListener(event, listener);
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Outlines of icons, drawn on 24 × 24. */
const ICONS = {
  good: "M5 12.5l4.5 4.5L19 7.5",
  bad: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  unsure: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8M12 17.2v.1",
  more: "M5.5 12h.1M12 12h.1M18.5 12h.1",
  like: "M12 5v14M5 12h14",
  why: "M12 3.8a8.2 8.2 0 1 0 0 16.4 8.2 8.2 0 0 0 0-16.4zM12 11v5M12 8v.1",
  picture: "M4 6.5h16v11H4zM4 15l4.5-4 3.5 3 3-2.5 5 4M15.5 9.5h.1",
  area: "M5 8l6-3.5 8 4-2 10-9 1.5z",
  close: "M7 7l10 10M17 7L7 17",
  list: "M8.5 7H20M8.5 12H20M8.5 17H20M4.5 7h.1M4.5 12h.1M4.5 17h.1",
  grid: "M5 5h5.5v5.5H5zM13.5 5H19v5.5h-5.5zM5 13.5h5.5V19H5zM13.5 13.5H19V19h-5.5z",
  layers: "M12 4.5l8 4-8 4-8-4zM4.5 12.5l7.5 3.8 7.5-3.8M4.5 16l7.5 3.8 7.5-3.8",
  fit: "M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  undo: "M8.5 6L4.5 10l4 4M5 10h9a4.5 4.5 0 0 1 0 9h-3",
  moon: "M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z",
  help: "M9 9a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8M12 17.2v.1",
  down: "M8 10.5l4 4 4-4",
  saved: "M7 4.5h10v15l-5-3.5-5 3.5z",
} as const;

export type IconName = keyof typeof ICONS;

/** An icon, hidden from screen readers: what it stands for is said in words. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with words, an icon, or both; a label says what an icon alone means. */
export function button(
  words: string,
  onClick: (event: Event) => void,
  properties: Properties & { icon?: IconName; label?: string } = {},
): HTMLButtonElement {
  const { icon: name, label, on = {}, at = {}, ...plain } = properties;
  const labelled = label ? { "aria-label": label, title: label, ...at } : at;
  const made = el("button", {
    type: "button",
    ...plain,
    at: labelled,
    on: { click: onClick, ...on },
  });
  if (name) {
    made.append(icon(name));
  }
  if (words) {
    made.append(el("span", { text: words }));
  }
  return made;
}

/** An element of index.html; its absence is a fault of ours. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) {
    throw new Error(`index.html has no #${id}`);
  }
  return found as T;
}

/** Is a person writing in a field? Keys are letters then. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const isField =
    target instanceof HTMLInputElement && !["range", "checkbox", "radio"].includes(target.type);
  return isField || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
