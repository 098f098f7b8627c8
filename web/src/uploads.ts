/** Pictures of one's own as a query: chosen, dropped on the page, or pasted. */

import { call, sentenceOf } from "./api.ts";
import type { Limits } from "./contract.ts";
import { button, byId, el } from "./elements.ts";
import { notice, problem } from "./notice.ts";
import type { Example } from "./state.ts";
import type { Store } from "./store.ts";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/tiff"];
const MEGA = 1_000_000;

interface Uploaded {
  id: string;
  width: number;
  height: number;
}

export class Uploads {
  private readonly store: Store;
  private readonly limits: Limits;
  /** Upload → its picture on this machine, to show what was given. */
  private readonly previews = new Map<string, string>();
  private readonly chooser: HTMLInputElement;

  constructor(store: Store, limits: Limits) {
    this.store = store;
    this.limits = limits;
    this.chooser = el("input", { type: "file", hidden: true });
    this.chooser.accept = TYPES.join(",");
    this.chooser.setAttribute("aria-label", "Picture to search with");
    this.chooser.addEventListener("change", () => this.take(this.chooser.files));
    document.body.append(this.chooser);
    document.addEventListener("paste", (event) => this.pasted(event));
    this.followDrops();
  }

  /** The button that asks for a file. */
  opener(): HTMLButtonElement {
    const open = (): void => this.chooser.click();
    return button("Picture", open, {
      class: "quiet",
      icon: "picture",
      title: "Search with a picture: choose a file, drop it on the page, or paste it",
    });
  }

  /** The address of an uploaded picture on this machine, or "". */
  preview(upload: string): string {
    return this.previews.get(upload) ?? "";
  }

  private pasted(event: ClipboardEvent): void {
    const files = event.clipboardData?.files;
    if (files && files.length > 0) {
      event.preventDefault();
      this.take(files);
    }
  }

  private followDrops(): void {
    const target = byId("drop");
    const hasFiles = (event: DragEvent): boolean =>
      event.dataTransfer?.types.includes("Files") ?? false;
    document.addEventListener("dragover", (event) => {
      if (hasFiles(event)) {
        event.preventDefault();
        target.hidden = false;
      }
    });
    document.addEventListener("dragleave", (event) => {
      // Left for another element of the page: still over it.
      target.hidden = event.relatedTarget === null;
    });
    document.addEventListener("drop", (event) => {
      target.hidden = true;
      if (hasFiles(event)) {
        event.preventDefault();
        this.take(event.dataTransfer?.files ?? null);
      }
    });
  }

  private take(files: FileList | null): void {
    for (const file of [...(files ?? [])]) {
      void this.upload(file);
    }
    this.chooser.value = "";
  }

  private async upload(file: File): Promise<void> {
    const wrong = this.refusal(file);
    if (wrong) {
      problem(wrong);
      return;
    }
    notice(`Sending ${file.name}…`);
    try {
      const how = { method: "POST", bytes: file, type: file.type } as const;
      const { id } = await call<Uploaded>("v1/uploads", how);
      this.previews.set(id, URL.createObjectURL(file));
      const { like } = this.store.state;
      const example: Example = { kind: "upload", value: id };
      this.store.set({ like: [...like, example], saved: "", how: "asked", chosen: "" });
    } catch (error) {
      problem(`${file.name} was not taken. ${sentenceOf(error)}`);
    }
  }

  private refusal(file: File): string {
    if (!TYPES.includes(file.type)) {
      return `${file.name} is no picture that can be searched with. Give a PNG, JPEG, WebP or TIFF.`;
    }
    if (file.size > this.limits.upload_bytes) {
      const most = Math.round(this.limits.upload_bytes / MEGA);
      return `${file.name} is too large. Give a picture of at most ${most} MB, such as a part of it.`;
    }
    return "";
  }
}
