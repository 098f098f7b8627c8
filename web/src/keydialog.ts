/** Asks a person for the key that the server wants; it stays in this tab only. */

import { keepKey, key } from "./api.ts";
import { buttonRow, field, openDialog } from "./dialogs.ts";
import { button, el } from "./elements.ts";

let asked: Promise<boolean> | null = null;

/** Ask once for all calls that wait; true where a key was given. */
export function askForKey(): Promise<boolean> {
  asked ??= ask().finally(() => {
    asked = null;
  });
  return asked;
}

function ask(): Promise<boolean> {
  return new Promise((resolve) => {
    const input = el("input", { type: "password" });
    input.required = true;
    input.autocomplete = "off";
    const words = key()
      ? "This key is not accepted. Give another one."
      : "This server asks for a key.";
    const form = el("form", {}, el("p", { text: words }), field("Key", input));
    const submit = el("button", { type: "submit", class: "primary", text: "Go on" });
    form.append(
      buttonRow(
        button("Cancel", () => opened.close(), { class: "quiet" }),
        submit,
      ),
    );
    let isGiven = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keepKey(input.value);
      isGiven = true;
      opened.close();
    });
    const opened = openDialog("Key", [form], () => resolve(isGiven));
  });
}
