import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, type Carrier, type Parcel, type Sent } from "../src/outbox.ts";

class Away extends Error {}
class Refused extends Error {}

/** A server of which a test says when it is away, and which chips it knows. */
class Server implements Carrier, Sent {
  isAway = false;
  gone = new Set<string>();
  stored: Record<string, Record<string, string | null>> = {};
  kept: Parcel[] = [];
  waiting: (() => void)[] = [];
  refused: string[] = [];
  drafts: string[] = [];
  puts = 0;

  async draft(): Promise<string> {
    if (this.isAway) {
      throw new Away();
    }
    const id = `w${this.drafts.length + 1}`;
    this.drafts.push(id);
    return id;
  }

  async put(search: string, marks: Record<string, string | null>): Promise<void> {
    this.puts += 1;
    await Promise.resolve();
    if (this.isAway) {
      throw new Away();
    }
    if (Object.keys(marks).some((chip) => this.gone.has(chip))) {
      throw new Refused();
    }
    this.stored[search] = { ...this.stored[search], ...marks };
  }

  waitAfter(error: unknown): number | null {
    return error instanceof Away ? 2 : null;
  }

  load(): Parcel[] {
    return structuredClone(this.kept);
  }

  keep(parcels: Parcel[]): void {
    this.kept = structuredClone(parcels);
  }

  later(work: () => void): void {
    this.waiting.push(work);
  }

  onDraft(): void {}

  onRefused(_: string, chips: string[]): void {
    this.refused.push(...chips);
  }

  onWaiting(): void {}

  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn += 1) {
      await Promise.resolve();
    }
  }

  async comeBack(): Promise<void> {
    this.isAway = false;
    this.waiting.splice(0).forEach((work) => work());
    await this.settle();
  }
}

const NEW = { search: "", index: "a", asked: { text: "x" }, question: "q" };

test("the first mark makes one draft, and all marks go to it", async () => {
  const server = new Server();
  const outbox = new Outbox(server, server);
  outbox.add(NEW, { a: "good" });
  outbox.add(NEW, { b: "bad" });
  await server.settle();
  assert.deepEqual(server.drafts, ["w1"]);
  assert.deepEqual(server.stored, { w1: { a: "good", b: "bad" } });
  assert.equal(outbox.size, 0);
  assert.deepEqual(server.kept, []);
});

test("marks wait while the server is away, and outlive the page", async () => {
  const server = new Server();
  server.isAway = true;
  const outbox = new Outbox(server, server);
  outbox.add(NEW, { a: "good", b: "bad" });
  outbox.add(NEW, { b: null });
  await server.settle();
  assert.equal(outbox.size, 2);
  assert.equal(server.kept.length, 1);
  // The page is opened anew before the server is back.
  const again = new Outbox(server, server);
  assert.deepEqual(again.pendingOf("", "q"), { a: "good", b: null });
  server.isAway = false;
  await again.flush();
  assert.deepEqual(server.stored, { w1: { a: "good", b: null } });
  assert.deepEqual(server.kept, []);
});

test("marks are sent again by themselves", async () => {
  const server = new Server();
  server.isAway = true;
  const outbox = new Outbox(server, server);
  outbox.add({ ...NEW, search: "w9" }, { a: "good" });
  await server.settle();
  await server.comeBack();
  assert.deepEqual(server.stored, { w9: { a: "good" } });
});

test("a mark that is changed while it is sent is sent again", async () => {
  const server = new Server();
  const outbox = new Outbox(server, server);
  outbox.add({ ...NEW, search: "w9" }, { a: "good" });
  outbox.add({ ...NEW, search: "w9" }, { a: "bad" });
  await server.settle();
  assert.deepEqual(server.stored, { w9: { a: "bad" } });
  assert.equal(server.puts, 2);
});

test("a chip that is gone does not take the others' marks along", async () => {
  const server = new Server();
  server.gone.add("b");
  const outbox = new Outbox(server, server);
  outbox.add({ ...NEW, search: "w9" }, { a: "good", b: "good", c: "bad" });
  await server.settle();
  assert.deepEqual(server.stored, { w9: { a: "good", c: "bad" } });
  assert.deepEqual(server.refused, ["b"]);
  assert.equal(outbox.size, 0);
});

test("marks of two searches do not mix", async () => {
  const server = new Server();
  const outbox = new Outbox(server, server);
  outbox.add(NEW, { a: "good" });
  outbox.add({ ...NEW, question: "other" }, { a: "bad" });
  await server.settle();
  assert.deepEqual(server.stored, { w1: { a: "good" }, w2: { a: "bad" } });
});
