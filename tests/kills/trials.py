"""A trial: a command is disturbed at a random moment, looked at, given again, and compared."""

import os
import pickle
import random
import re
import shutil
import time
from dataclasses import asdict, dataclass, field

from tests.kills.children import (
    Points,
    command_child,
    fresh_child,
    left_behind,
    named,
    result_of,
)
from tests.kills.contents import between, contents, differences, leftovers
from tests.kills.disturbances import Disturbance, pause

# Seconds that a command has to end after a signal, on a machine that does other work too.
SIGNAL_PATIENCE = 30
PATIENCE = 240
# Of processes that end when they notice that theirs has gone.
GONE_PATIENCE = 60
LAST_WORDS = re.compile(
    r"^interrupted \(SIG(INT|TERM)\): .+; (go on with: harma|give the command)", re.M
)
TRIES = 6


@dataclass
class Verdict:
    """What came of a trial.

    Attributes:
        number: of the trial.
        command: its name.
        disturbance: its name.
        when: the moment, in words.
        status: exit status of the disturbed command.
        seconds: from the disturbance to the end.
        crashed: it ended with a crash report or a traceback.
        problems: what was lost, doubled, wrong, left behind or not said.
        notes: what is worth knowing and no problem.
        tail: last lines of its output, where there is a problem or a crash.
    """

    number: int
    command: str
    disturbance: str
    when: str = ""
    status: int | None = None
    seconds: float = 0.0
    crashed: bool = False
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tail: str = ""

    def to_dict(self):
        return asdict(self)


@dataclass
class Known:
    """What is known of an undisturbed command.

    Attributes:
        before: contents of the folder before it.
        after: and after it.
        seconds: that it takes; those of a process that imports everything itself too.
        fresh_seconds: of one that does.
        num_points: that it passes.
    """

    before: dict
    after: dict
    seconds: float
    fresh_seconds: float
    num_points: int


class Laboratory:
    """Where trials are made.

    Args:
        folder: of all trials.
    """

    def __init__(self, folder):
        self.folder = folder
        self.fix = folder / "fixture"
        self.here = folder / "trial"
        self.known = {}

    def arrange(self, command, disturbance=None):
        """The folder of a trial, as it is before the command."""
        self.clear(disturbance)
        self.here.mkdir(parents=True)
        if disturbance is not None:
            disturbance.prepare(self.here)
        for name, source in command.before:
            shutil.copytree(self.fix / source, self.here / name)

    def clear(self, disturbance=None):
        """Remove what the last trial left."""
        if os.path.ismount(self.here):
            disturbance = disturbance or Disturbance()
            end = getattr(disturbance, "end", None)
            if end is None:
                from tests.kills.disturbances import Mounted

                end = Mounted().end
            end(self.here)
        shutil.rmtree(self.here, ignore_errors=True)

    def learn(self, command):
        """Run a command undisturbed, twice: it has to come to the same."""
        kept = self.fix / f"known {command.name}.pickle"
        if command.name not in self.known and kept.is_file():
            self.known[command.name] = pickle.loads(kept.read_bytes())
        if command.name in self.known:
            return self.known[command.name]
        log = self.folder / "undisturbed.log"
        seen = []
        # A comparison takes long; what it trains is what `train` does.
        for _ in range(1 if command.name == "compare" else 2):
            self.arrange(command)
            before = result_of(lambda: contents(self.here), self.folder)
            points = Points(self.here)
            counted = self.folder / "points"
            child = command_child(command.said(self.fix, self.here), log, points, count_to=counted)
            status = child.wait(PATIENCE)
            seconds = time.monotonic() - child.began
            points.close()
            assert status == 0, f"{command.name} undisturbed: {status}: {child.said()[-2000:]}"
            after = result_of(lambda: contents(self.here), self.folder)
            seen.append(Known(before, after, seconds, seconds + 8, int(counted.read_text())))
        unlike = differences(seen[-1].after, seen[0].after)
        assert not unlike, f"{command.name} undisturbed differs from itself: {unlike[:5]}"
        assert leftovers(self.here) == []
        self.known[command.name] = seen[-1]
        kept.write_bytes(pickle.dumps(seen[-1]))
        return seen[-1]

    def try_out(self, number, command, disturbance, rng):
        """One trial; tried again where the command had ended before it was disturbed."""
        known = self.learn(command)
        for _ in range(TRIES):
            verdict = Verdict(number, command.name, disturbance.name)
            if self._disturbed(verdict, command, disturbance, known, rng):
                break
            known.seconds *= 0.93
            known.fresh_seconds *= 0.93
        else:
            verdict.notes.append("it had ended before it could be disturbed")
        return verdict

    def _disturbed(self, verdict, command, disturbance, known, rng):
        """Disturb a command; False where it had ended before."""
        self.arrange(command, disturbance)
        mark = f"{os.getpid()}-{verdict.number}"
        log = self.folder / "disturbed.log"
        points = Points(self.here, _wanted(disturbance, known, rng, verdict))
        words = command.said(self.fix, self.here)
        if disturbance.is_fresh:
            child = fresh_child(words, log, mark, disturbance.environment(self.here))
        else:
            child = command_child(words, log, points, mark)
        struck = _strike(child, disturbance, self.here, points, known, rng)
        verdict.when += f" after {struck - child.began:.2f} s"
        was_running = child.poll() is None
        status = child.wait(SIGNAL_PATIENCE if disturbance.is_signal else PATIENCE)
        verdict.seconds = round(time.monotonic() - struck, 2)
        verdict.status = status
        if status is None:
            verdict.problems.append("it hangs")
            child.kill()
        points.close()
        said = child.said()
        self._look_at_end(verdict, disturbance, said, child, mark)
        self._look_at_contents(verdict, command, disturbance, known)
        if verdict.problems or verdict.crashed:
            verdict.tail = said[-1500:]
        # What ended by itself, or was about to, counts where something is wrong all the same.
        is_hit = was_running and not (disturbance.is_signal and status == 0)
        return is_hit or bool(verdict.problems)

    def _look_at_end(self, verdict, disturbance, said, child, mark):
        """Status, words, tracebacks, processes."""
        verdict.crashed = "Traceback (most" in said or "bug of HarMA" in said
        if disturbance.is_signal and verdict.status is not None:
            wanted = {"SIGKILL": (-9,), "SIGTERM": (143,), "SIGINT": (130,)}[
                disturbance.name.partition(" ")[0]
            ]
            # Before it is itself, and after all is done, a process ends as any does.
            is_bare = disturbance.is_fresh or child.is_done()
            early = is_bare and verdict.status in (-2, -15)
            if verdict.status == 0:
                verdict.notes.append("it ended as if nothing had happened")
            elif verdict.status not in wanted and not early:
                verdict.problems.append(f"status {verdict.status}")
            elif verdict.status in (130, 143) and len(LAST_WORDS.findall(said)) != 1:
                verdict.problems.append("no line, or several, of what is kept")
            if verdict.crashed and verdict.status != -9:
                verdict.problems.append("a traceback or a crash report")
            if verdict.seconds > 10:
                verdict.notes.append(f"took {verdict.seconds:.0f} s to end")
        deadline = time.monotonic() + GONE_PATIENCE
        while left := left_behind(mark, {child.pid}):
            if time.monotonic() > deadline:
                verdict.problems.append(f"processes left behind: {', '.join(map(named, left))}")
                for pid in left:
                    os.kill(pid, 9)
                break
            time.sleep(0.1)

    def _look_at_contents(self, verdict, command, disturbance, known):
        """What there is right after it, and after the command was given again."""
        try:
            there = result_of(lambda: contents(self.here), self.folder)
            if (
                command.whole
                and differences(there, known.before)
                and differences(there, known.after)
            ):
                verdict.problems.append("a part of it is seen")
            verdict.problems += between(there, known.before, known.after, command.fluid)[:5]
        except AssertionError as error:
            verdict.problems.append(f"unreadable right after: {error}")
        disturbance.release(self.here)
        points = Points(self.here)
        words = command.said(self.fix, self.here, again=True)
        child = command_child(words, self.folder / "again.log", points)
        status = child.wait(PATIENCE)
        points.close()
        if status is None:
            child.kill()
        if status != 0 and not (command.done and command.done in child.said()):
            verdict.problems.append(f"given again: status {status}: {child.said()[-700:]}")
        try:
            there = result_of(lambda: contents(self.here), self.folder)
            verdict.problems += differences(there, known.after)[:5]
        except AssertionError as error:
            verdict.problems.append(f"unreadable after it was given again: {error}")
        left = leftovers(self.here)
        if left:
            verdict.problems.append(f"left over: {', '.join(left[:4])}")


def _wanted(disturbance, known, rng, verdict):
    """The point where the command waits to be disturbed, or 0 for a moment of its time."""
    if disturbance.is_fresh or not known.num_points or rng.random() < 0.4:
        verdict.when = "at a moment"
        return 0
    wanted = rng.randint(1, known.num_points)
    verdict.when = f"at point {wanted} of {known.num_points}"
    return wanted


def _strike(child, disturbance, here, points, known, rng):
    """Wait for the moment, and disturb; the time."""
    seconds = known.fresh_seconds if disturbance.is_fresh else known.seconds
    delay = 0.0
    if points.wanted:
        while child.poll() is None and not points.is_reached(0.05):
            continue
        # Right at the point, or a little later, when what it began goes on.
        if rng.random() < 0.5:
            delay = rng.expovariate(1 / 0.01)
            if child.poll() is None:
                points.go_on()
                pause(delay)
    else:
        child.wait(rng.uniform(0.0, seconds))
    struck = time.monotonic()
    while child.poll() is None and not disturbance.strike(child, here, rng):
        # Read-only a disk can be made only while nothing is being written.
        struck = time.monotonic()
        if points.wanted and not delay:
            delay = 1.0
            points.go_on()
        pause(0.001)
    if points.wanted and not delay:
        points.go_on()
    return struck


def chosen(number, seed, commands, disturbances):
    """Command, disturbance and random numbers of a trial: the same for a seed and a number."""
    rng = random.Random(f"{seed}/{number}")
    command = rng.choices(commands, [command.share for command in commands])[0]
    names = list(disturbances)
    name = rng.choices(names, [disturbances[one][0] for one in names])[0]
    return command, disturbances[name][1](), rng
