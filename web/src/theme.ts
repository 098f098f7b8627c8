/** Light and dark: as the system says, or as the person chose on this machine. */

const CHOICE = "harma.theme";
const listeners: (() => void)[] = [];
const system = matchMedia("(prefers-color-scheme: dark)");

export type Theme = "light" | "dark";

/** The theme that is shown now. */
export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") {
    return chosen;
  }
  return system.matches ? "dark" : "light";
}

/** Take up the person's choice. */
export function startTheme(): void {
  const chosen = localStorage.getItem(CHOICE);
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset["theme"] = chosen;
  }
  system.addEventListener("change", told);
}

/** Change to the other theme; choosing what the system has goes with the system again. */
export function switchTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  const isSystem = (next === "dark") === system.matches;
  if (isSystem) {
    delete document.documentElement.dataset["theme"];
    localStorage.removeItem(CHOICE);
  } else {
    document.documentElement.dataset["theme"] = next;
    localStorage.setItem(CHOICE, next);
  }
  told();
}

/** Call somebody when the colours change. */
export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

function told(): void {
  listeners.forEach((listener) => listener());
}

const probe = document.createElement("span");
probe.hidden = true;

/** The colour that a variable of the style sheet has now, for drawing on the map. */
export function colour(name: string, alpha = 1): string {
  document.body.append(probe);
  probe.style.color = `var(--${name})`;
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  if (alpha === 1) {
    return resolved;
  }
  const numbers = /rgba?\(([^)]+)\)/.exec(resolved)?.[1]?.split(/[\s,/]+/) ?? ["0", "0", "0"];
  return `rgba(${numbers.slice(0, 3).join(",")},${alpha})`;
}
