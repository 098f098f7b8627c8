/** Short messages: shown for a while, and told to screen readers by live regions. */

import { button, byId, el } from "./elements.ts";

const SHOWN_MS = 6000;

/** Tell a screen reader, without showing anything. */
export function tell(sentence: string): void {
  byId("live").textContent = sentence;
}

export interface NoticeAction {
  words: string;
  act: () => void;
}

/** Show a message for a few seconds. */
export function notice(sentence: string, action?: NoticeAction): void {
  put(sentence, "status", action);
}

/** Show a problem until it is closed. */
export function problem(sentence: string): void {
  put(sentence, "alert");
}

function put(sentence: string, role: "status" | "alert", action?: NoticeAction): void {
  const note = el("div", { class: `notice ${role}`, at: { role } }, el("p", { text: sentence }));
  if (action) {
    const act = (): void => {
      note.remove();
      action.act();
    };
    note.append(button(action.words, act, { class: "quiet" }));
  }
  const close = (): void => note.remove();
  note.append(button("", close, { class: "plain", icon: "close", label: "Close this message" }));
  const notices = byId("notices");
  // The same trouble ten times is shown once.
  for (const other of [...notices.children]) {
    if (other.firstChild?.textContent === sentence) {
      other.remove();
    }
  }
  notices.append(note);
  if (role === "status") {
    setTimeout(close, SHOWN_MS);
  }
}
