"""How long training waits for batches: at the first one, from epoch to epoch, and in between.

    python benchmarks/feed.py benchmarks/ucm/plus.yaml --data.root UCM --output RUN …

takes what `harma train` takes, and runs it. An epoch's first batch is waited for from the moment
that the epoch begins; the first epoch's also from the moment that the run is asked for. What lies
between the last step of an epoch and the first one of the next is that wait, validation and the
checkpoint.
"""

import itertools
import statistics
import sys
import tempfile
import time

from harma.cli import main
from harma.training.loop import Trainer


class Clock:
    """Notes when the loop begins an epoch, asks for a batch, and gets it."""

    def __init__(self):
        self.started = time.perf_counter()
        self.cpu = time.process_time()
        self.begun = []
        self.steps = []
        self.ended = []

    def watch(self):
        run_epoch, step, end_epoch = Trainer._run_epoch, Trainer._step, Trainer._end_epoch

        def running(trainer, display):
            self.begun.append(time.perf_counter())
            self.steps.append([])
            run_epoch(trainer, display)

        def stepping(trainer, batch):
            arrived = time.perf_counter()
            step(trainer, batch)
            self.steps[-1].append((arrived, time.perf_counter()))

        def ending(trainer, display):
            self.ended.append(time.perf_counter())
            end_epoch(trainer, display)

        Trainer._run_epoch, Trainer._step, Trainer._end_epoch = running, stepping, ending

    def tell(self):
        print(f"run asked for to first step  {self.steps[0][0][0] - self.started:8.2f} s")
        print(
            "epoch   first batch s   rest waited s   steps s   since last step of the one before s"
        )
        for number, (begun, steps) in enumerate(zip(self.begun, self.steps, strict=True)):
            first = steps[0][0] - begun
            waits = [b[0] - a[1] for a, b in itertools.pairwise(steps)]
            busy = sum(done - arrived for arrived, done in steps)
            gap = ""
            if number:
                gap = f"{steps[0][0] - self.steps[number - 1][-1][1]:20.3f}"
            print(f"{number + 1:5d} {first:15.3f} {sum(waits):15.3f} {busy:9.2f} {gap}")
        later = [steps[0][0] - begun for begun, steps in zip(self.begun, self.steps, strict=True)]
        if later[1:]:
            median = statistics.median(later[1:])
            print(f"first batches from the second epoch on: {median:.3f} s in the median")
        trained = sum(end - begun for begun, end in zip(self.begun, self.ended, strict=True))
        print(f"epochs without validation    {trained:8.2f} s")
        print(f"the whole run                {time.perf_counter() - self.started:8.2f} s")
        print(f"CPU of this process          {time.process_time() - self.cpu:8.2f} s")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if not any(argument.startswith("--output") for argument in arguments):
        arguments += ["--output", f"{tempfile.mkdtemp()}/run"]
    clock = Clock()
    clock.watch()
    status = main(["train", *arguments])
    if status == 0:
        clock.tell()
    sys.exit(status)
