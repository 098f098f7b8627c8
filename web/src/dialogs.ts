/** Dialogs: a title, what is in it, and buttons; Escape closes them. */

import { sentenceOf } from "./api.ts";
import { button, el } from "./elements.ts";
import { problem } from "./notice.ts";

let number = 0;

export interface Opened {
  dialog: HTMLDialogElement;
  close: () => void;
}

/** Open a dialog; it is taken off the page when it closes. */
export function openDialog(title: string, content: Node[], onClose?: () => void): Opened {
  number += 1;
  const id = `dialog-${number}`;
  const heading = el("h2", { id, text: title });
  const dialog = el("dialog", { at: { "aria-labelledby": id } });
  const close = (): void => dialog.close();
  const shut = button("", close, { class: "plain", icon: "close", label: "Close" });
  dialog.append(el("header", {}, heading, shut), el("div", { class: "content" }, ...content));
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose?.();
  });
  // A click beside it closes it too.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) {
      close();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog
    .querySelector<HTMLElement>("[autofocus], .content input, .content select, .content button")
    ?.focus();
  return { dialog, close };
}

/**
 * Do what a dialog asks for. It stays until that is done, so that nobody presses on beside what was
 * not answered yet; what went wrong is said in it, and nothing that was typed is lost.
 */
export async function settle(
  opened: Opened,
  failed: string,
  work: () => Promise<void>,
): Promise<void> {
  const { dialog, close } = opened;
  if (dialog.ariaBusy === "true") {
    return;
  }
  dialog.ariaBusy = "true";
  dialog.querySelector(".failed")?.remove();
  try {
    await work();
    close();
  } catch (error) {
    const words = `${failed} ${sentenceOf(error)}`;
    if (dialog.open) {
      const said = el("p", { class: "warning failed", text: words, at: { role: "alert" } });
      dialog.querySelector(".content")?.append(said);
    } else {
      problem(words);
    }
  } finally {
    dialog.ariaBusy = null;
  }
}

/** A row of buttons at the end of a dialog. */
export function buttonRow(...buttons: HTMLElement[]): HTMLElement {
  return el("div", { class: "row end" }, ...buttons);
}

/** A field with its label. */
export function field(label: string, input: HTMLElement, hint = ""): HTMLElement {
  number += 1;
  input.id ||= `field-${number}`;
  const made = el("div", { class: "field" });
  made.append(el("label", { text: label, at: { for: input.id } }), input);
  if (hint) {
    const said = el("p", { class: "hint", id: `${input.id}-hint`, text: hint });
    input.setAttribute("aria-describedby", said.id);
    made.append(said);
  }
  return made;
}

/** Text to copy, with a button that does it. */
export function copyField(label: string, text: string, hint = ""): HTMLElement {
  const input = el("input", { type: "text" });
  input.value = text;
  input.readOnly = true;
  input.addEventListener("focus", () => input.select());
  const made = field(label, input, hint);
  const copy = button("Copy", () => void copyText(input, copy), { class: "quiet" });
  copy.setAttribute("aria-label", `Copy: ${label}`);
  const row = el("div", { class: "row copy" });
  input.replaceWith(row);
  row.append(input, copy);
  return made;
}

async function copyText(input: HTMLInputElement, copy: HTMLButtonElement): Promise<void> {
  input.focus();
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
  } catch {
    // Without https, or where the browser forbids it, the text stays selected for Ctrl+C.
    copy.textContent = "Press Ctrl+C";
    return;
  }
  copy.textContent = "Copied";
}
