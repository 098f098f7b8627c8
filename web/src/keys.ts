/** Keys of the page, and the dialog that tells them. */

import { openDialog } from "./dialogs.ts";
import { el, isWriting } from "./elements.ts";

export interface Key {
  keys: string[];
  words: string;
  act: () => void;
}

const NAMES: Record<string, string> = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};
const LETTERS_OFF = "harma.letters.off";
const ARROWS = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"];

/** Follow keys everywhere but in fields, dialogs and menus. */
export function followKeys(keys: Key[]): void {
  document.addEventListener("keydown", (event) => {
    const isTaken = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;
    const target = event.target as HTMLElement | null;
    const isElsewhere = isWriting(target) || target?.closest("dialog, [role=menu]");
    if (isTaken || isElsewhere || ownsArrows(target, event.key)) {
      return;
    }
    // Speech input types letters: with them off, only keys with names are followed.
    const isOff = event.key.length === 1 && localStorage.getItem(LETTERS_OFF) !== null;
    const key = isOff ? undefined : keys.find((one) => one.keys.includes(event.key));
    // Enter on a button presses the button.
    const isPress = event.key === "Enter" && target?.closest("button, a") !== null;
    if (key && !(isPress && !target?.closest(".hit .open"))) {
      event.preventDefault();
      key.act();
    }
  });
}

/** The map and sliders move by arrows themselves. */
function ownsArrows(target: HTMLElement | null, key: string): boolean {
  return ARROWS.includes(key) && target?.closest("#map, input") != null;
}

/** Tell the keys, what the words for hits mean, and let letters be switched off. */
export function showKeys(keys: Key[]): void {
  const list = el("dl", { class: "keys" });
  for (const { keys: names, words } of keys) {
    const shown = names.map((name) => el("kbd", { text: NAMES[name] ?? name }));
    list.append(el("div", {}, el("dt", {}, ...shown), el("dd", { text: words })));
  }
  const words =
    "Clear, likely and weak say how far a place stands out from the rest of the archive:" +
    " clear ones far, weak ones hardly.";
  openDialog("Help", [el("p", { text: words }), list, letterSwitch()]);
}

function letterSwitch(): HTMLElement {
  const box = el("input", { type: "checkbox" });
  box.checked = localStorage.getItem(LETTERS_OFF) === null;
  box.addEventListener("change", () => {
    if (box.checked) {
      localStorage.removeItem(LETTERS_OFF);
    } else {
      localStorage.setItem(LETTERS_OFF, "yes");
    }
  });
  return el("label", { class: "check" }, box, el("span", { text: "Follow single letters" }));
}
