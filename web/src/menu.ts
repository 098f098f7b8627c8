/** Menus that open from a button: by mouse, touch and keyboard, closed by Escape. */

import { button, el, icon, type IconName, type Properties } from "./elements.ts";

export interface Item {
  words: string;
  act: () => void;
  icon?: IconName;
  disabled?: boolean;
  /** A second, smaller line. */
  note?: string;
  /** Set for what is on or off. */
  checked?: boolean;
}

const GAP = 4;

/** A button that opens a menu; its items are asked for anew each time. */
export function menuButton(
  words: string,
  items: () => Item[],
  properties: Properties & { icon?: IconName; label?: string } = {},
): HTMLButtonElement {
  const opener = button(words, () => openMenu(opener, items()), properties);
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  if (words) {
    opener.append(icon("down"));
  }
  return opener;
}

/** Open a menu beside a button. */
export function openMenu(opener: HTMLElement, items: Item[]): void {
  const menu = el("div", { class: "menu", at: { role: "menu", popover: "auto" } });
  for (const item of items) {
    menu.append(entry(item, menu));
  }
  menu.addEventListener("keydown", (event) => walk(menu, event));
  menu.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState === "closed") {
      opener.setAttribute("aria-expanded", "false");
      const held = menu.contains(document.activeElement);
      menu.remove();
      if (held) {
        opener.focus();
      }
    }
  });
  // A dialog makes the rest of the page inert: its menus belong into it.
  (opener.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, opener.getBoundingClientRect());
  opener.setAttribute("aria-expanded", "true");
  menu.querySelector<HTMLElement>("button:not(:disabled)")?.focus();
}

function entry(item: Item, menu: HTMLElement): HTMLElement {
  const act = (): void => {
    menu.hidePopover();
    item.act();
  };
  const made = button("", act, { disabled: item.disabled ?? false });
  if (item.icon) {
    made.append(icon(item.icon));
  }
  const words = el("span", { class: "words", text: item.words });
  if (item.note) {
    words.append(el("small", { text: item.note }));
  }
  made.append(words);
  made.setAttribute("role", "menuitem");
  if (item.checked !== undefined) {
    made.setAttribute("role", "menuitemcheckbox");
    made.setAttribute("aria-checked", String(item.checked));
  }
  return made;
}

/** Below the button, or above it where there is no room; never over an edge. */
function place(menu: HTMLElement, beside: DOMRect): void {
  const { width, height } = menu.getBoundingClientRect();
  const isLow = beside.bottom + GAP + height > window.innerHeight;
  const top = isLow ? beside.top - height - GAP : beside.bottom + GAP;
  const left = Math.min(beside.left, window.innerWidth - width - 2 * GAP);
  menu.style.top = `${Math.max(GAP, top)}px`;
  menu.style.left = `${Math.max(GAP, left)}px`;
}

function walk(menu: HTMLElement, event: KeyboardEvent): void {
  const buttons = [...menu.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const to: Record<string, number> = {
    ArrowDown: (at + 1) % buttons.length,
    ArrowUp: (at - 1 + buttons.length) % buttons.length,
    Home: 0,
    End: buttons.length - 1,
  };
  const next = to[event.key];
  if (next !== undefined) {
    event.preventDefault();
    event.stopPropagation();
    buttons[next]?.focus();
  }
  if (event.key === "Tab") {
    menu.hidePopover();
  }
}
