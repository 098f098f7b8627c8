"""Texts that nobody asked before, callers who ask them, and how long each waited."""

import random
import threading
import time

import numpy as np

WORDS = """
harbour tank stadium river field forest roof parking runway bridge pond church school beach road
railway factory farm desert mountain lake square park port plane ship house tree court
"""
THINGS = WORDS.split()
KINDS = ("white", "green", "large", "small", "round", "long", "dense", "empty", "old", "new")
PLACES = ("beside", "near", "around", "without", "between", "north of", "in front of")


def texts(seed):
    """Texts, each another one."""
    rng = random.Random(seed)
    asked = set()
    while True:
        first, second = rng.sample(THINGS, 2)
        text = f"{rng.choice(KINDS)} {first} {rng.choice(PLACES)} a {rng.choice(KINDS)} {second}"
        if text not in asked:
            asked.add(text)
            yield text


def timed(do, arguments):
    """Milliseconds of each call."""
    times = []
    for argument in arguments:
        start = time.perf_counter()
        do(argument)
        times.append(1000 * (time.perf_counter() - start))
    return times


def by_callers(count, call):
    """Call from threads, `call(number)` each; what each gives."""
    results = [None] * count

    def run(number):
        results[number] = call(number)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def told(label, times, seconds=None, cpu=None):
    """A line of figures."""
    times = np.array(times)
    line = (
        f"{label:<34} {len(times):5d}   p50 {np.median(times):7.1f} ms   p95"
        f" {np.percentile(times, 95):7.1f} ms"
    )
    if seconds is not None:
        line += f"   {len(times) / seconds:6.1f} a second"
    if cpu is not None:
        line += f"   {1000 * cpu / len(times):6.1f} ms of CPU each"
    print(line, flush=True)
