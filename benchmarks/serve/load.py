"""Sixteen callers for some minutes while scenes are added; then the server is killed."""

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
from benchmarks.serve.asking import by_callers, texts
from benchmarks.serve.searching import CALLERS, tile_addresses
from benchmarks.serve.server import NAME, Server

SEARCHES, TILES = 0.70, 0.95
MARKS = ("good", "bad", "unsure")
# Texts that a caller asks again, as people do: their pages are kept.
OWN_TEXTS = 200
SAMPLES = 60


class Caller:
    """One caller: what it asks, how long it waits, and what it was told to be kept."""

    def __init__(self, server, number, addresses):
        self.server, self.number, self.addresses = server, number, addresses
        self.rng = random.Random(number)
        self.asked = texts(number)
        self.texts, self.chips = [], []
        self.times = {"search": [], "tile": [], "mark": []}
        self.statuses = Counter()
        self.kept = {}
        self.search = ""

    def run(self, until, is_killed):
        """Ask until it is time, or the server is gone."""
        with self.server.client() as client:
            while time.monotonic() < until:
                try:
                    self.once(client)
                except httpx.TransportError as error:
                    if not is_killed.is_set():
                        self.statuses[repr(error)] += 1
                    return

    def once(self, client):
        """Ask one thing."""
        share = self.rng.random()
        if share < SEARCHES or not self.chips:
            self._search(client)
        elif share < TILES:
            self._told("tile", client, "GET", self.rng.choice(self.addresses))
        else:
            self._mark(client)

    def _search(self, client):
        if len(self.texts) < OWN_TEXTS:
            self.texts.append(next(self.asked))
        values = {"text": self.rng.choice(self.texts)}
        answer = self._told("search", client, "POST", f"/v1/indexes/{NAME}/search", values)
        if answer.status_code == 200:
            self.chips = [feature["id"] for feature in answer.json()["features"]]

    def _mark(self, client):
        if not self.search:
            values = {"index": NAME, "name": f"of {self.number}", "asked": {"text": "a river"}}
            answer = self._told("mark", client, "POST", "/v1/searches", values)
            if answer.status_code != 201:
                return
            self.search = answer.json()["id"]
        chip, mark = self.rng.choice(self.chips), self.rng.choice(MARKS)
        address = f"/v1/searches/{self.search}/marks"
        values = {"marks": [{"chip": chip, "mark": mark}]}
        # Of a mark that is not answered nothing is known: it may be kept or not.
        self.kept.pop(chip, None)
        if self._told("mark", client, "PUT", address, values).status_code == 200:
            self.kept[chip] = mark

    def _told(self, kind, client, method, address, values=None):
        start = time.perf_counter()
        answer = client.request(method, address, json=values)
        self.times[kind].append(1000 * (time.perf_counter() - start))
        self.statuses[f"{kind} {answer.status_code}"] += 1
        if answer.status_code == 503:
            time.sleep(0.2)
        return answer


def run(args):
    """Load a server, kill it, and look whether it kept what it said."""
    with tempfile.TemporaryDirectory(dir=args.index.parent) as folder:
        index = Path(folder, "index")
        shutil.copytree(args.index, index)
        with Server(index) as server:
            loaded(args, server, Path(folder))
        check_marks(args, index)


def loaded(args, server, folder):
    """Callers and additions for some minutes; the server is killed while they go on."""
    with server.client() as client:
        addresses = tile_addresses(client)
    callers = [Caller(server, number, addresses) for number in range(CALLERS)]
    args.callers = callers
    until = time.monotonic() + 60 * args.minutes
    is_killed = threading.Event()
    others = [
        threading.Thread(target=add_scenes, args=[args, server.index, folder, until]),
        threading.Thread(target=watch, args=[args, server, until, is_killed]),
    ]
    for thread in others:
        thread.start()
    by_callers(CALLERS, lambda number: callers[number].run(until + 60, is_killed))
    for thread in others:
        thread.join()
    print_figures(args, callers)


def add_scenes(args, index, folder, until):
    """Add scenes, one after the other, under names of their own."""
    added = folder / "added"
    added.mkdir()
    scenes = sorted(args.scenes.glob("*.tif"))
    number = 0
    while time.monotonic() < until:
        scene = scenes[number % len(scenes)]
        shutil.copy(scene, added / f"{number:04d}-{scene.name}")
        command = [sys.executable, "-m", "harma", "index", "add", str(index), str(added)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            print(f"index add ended with {done.returncode}: {done.stderr[-300:]}", flush=True)
        number += 1
        time.sleep(5)
    print(f"{number} additions meanwhile", flush=True)


def watch(args, server, until, is_killed):
    """Memory, from time to time; at the end the server is killed."""
    interval = 60 * args.minutes / SAMPLES
    args.memory = []
    while time.monotonic() < until:
        time.sleep(interval)
        args.memory.append(server.resident_mb())
    is_killed.set()
    server.kill()


def print_figures(args, callers):
    """Times, statuses and memory of all."""
    seconds = 60 * args.minutes
    statuses = sum((caller.statuses for caller in callers), Counter())
    for kind in ("search", "tile", "mark"):
        times = np.concatenate([caller.times[kind] for caller in callers])
        print(
            f"{kind:<7} {len(times):6d}   {len(times) / seconds:6.1f} a second   p50"
            f" {np.median(times):7.1f} ms   p95 {np.percentile(times, 95):7.1f} ms"
        )
    print("answers:", dict(sorted(statuses.items())))
    print("memory, MB:", " ".join(map(str, args.memory)))
    half = len(args.memory) // 2
    print(
        f"first half {np.mean(args.memory[half // 2 : half]):.0f} MB, last quarter"
        f" {np.mean(args.memory[half + half // 2 :]):.0f} MB",
        flush=True,
    )


def check_marks(args, index):
    """Ask a server that is started anew for every mark that was answered."""
    lost = answered = 0
    with Server(index) as server, server.client() as client:
        for caller in args.callers:
            if not caller.search:
                continue
            features = client.get(f"/v1/searches/{caller.search}/marks").json()["features"]
            there = {feature["id"]: feature["properties"]["mark"] for feature in features}
            answered += len(caller.kept)
            lost += sum(there.get(chip) != mark for chip, mark in caller.kept.items())
    print(f"{answered} answered marks, {lost} lost after the kill")
    if lost:
        raise SystemExit(1)
