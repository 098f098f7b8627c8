"""The engine of a build on a Ray cluster: actors do shards, and this process alone commits them.

Plain actors with two shards each on their way, not Ray Data: the plan streams, and Ray Data wants
all shards before it begins. A shard may be done twice, where a worker is lost; its result is taken
once. What a lost worker has written is an orphan file, never a row.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harma.errors import StorageError
from harma.ground.messages import first_line
from harma.index.done import Tally, WrittenShard
from harma.index.engines.engine import Work
from harma.index.engines.ray_cluster import Crewing, crewing
from harma.index.engines.shard_worker import Orders, Prepared, ShardReport, ShardWorker
from harma.index.engines.shards import MOST_CHIPS, Shard, Shards
from harma.index.reading import Task
from harma.index.settings import Settings
from harma.index.writer import Pace

log = logging.getLogger(__name__)
# The second waits at its worker, so that this one never waits for the builder.
SHARDS_OF_A_WORKER = 2
# Workers that die one after the other, before it is taken for the cluster's fault: three each, and
# these.
MOST_LOSSES = 20
# Workers that a single chip may kill.
MOST_DEATHS = 5
# Seconds without any worker, after which that is said.
PATIENCE = 60.0


class RayEngine:
    """Works in actors of a Ray cluster; see `harma.index.engines.engine`.

    Args:
        ray: the module, connected.
        num_workers: actors; None as the cluster allows.
        num_readers: processes that read for each; None as the cluster allows.
        device: that embeds, on the workers.
    """

    # A commit every few seconds: what is lost with this process is what its workers had not given
    # back, and what waits here.
    pace = Pace(32 * MOST_CHIPS, 5.0, times_cost=20.0)
    writes_rows = True

    def __init__(
        self,
        ray: Any,
        *,
        num_workers: int | None = None,
        num_readers: int | None = None,
        device: str = "auto",
    ) -> None:
        self.ray = ray
        self.num_workers = num_workers
        self.num_readers = num_readers
        self.device = device

    def task_chips(self, settings: Settings) -> int:
        """As many as a shard may have."""
        return MOST_CHIPS

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[WrittenShard]:
        """Do tasks, in any order."""
        shards = Shards(tasks)
        first = shards.next()
        if first is None:
            return
        shards.put_back(first)
        resources = self.ray.cluster_resources()
        size = crewing(
            resources.get("CPU", 1), resources.get("GPU", 0), self.num_workers, self.num_readers
        )
        orders = Orders(
            work.settings,
            work.table,
            work.batch_size,
            size.num_readers,
            self.device,
            work.model.precision,
        )
        yield from _Crew(self.ray, size, orders, work, shards).done()


@dataclass(eq=False)
class _Worker:
    """An actor.

    Attributes:
        actor: its handle.
        preparing: what it answers when it is ready; None once it is.
        jobs: what it was given: the answer to come, and the shard; the first is being done.
    """

    actor: Any
    preparing: Any
    jobs: deque[tuple[Any, Shard]] = field(default_factory=deque)

    @property
    def is_ready(self) -> bool:
        return self.preparing is None


class _Crew:
    """The workers of a build, what each of them does, and what is to be done again."""

    def __init__(self, ray: Any, size: Crewing, orders: Orders, work: Work, shards: Shards) -> None:
        self.ray = ray
        self.size = size
        self.orders = orders
        self.work = work
        self.shards = shards
        self.workers: list[_Worker] = []
        # Since a shard was done.
        self.num_losses = 0
        # Sources that killed their workers, with what is said of them.
        self.deadly: dict[str, str] = {}
        self._model: Any = None

    def done(self) -> Iterator[WrittenShard]:
        """Hire workers, feed them, and give back what they have done."""
        try:
            for _ in range(self.size.num_workers):
                self._hire()
            while True:
                yield from self._feed()
                if not any(worker.jobs for worker in self.workers) and self.shards.is_over:
                    return
                yield from self._collect()
        finally:
            for worker in self.workers:
                self.ray.kill(worker.actor)

    def _hire(self) -> None:
        size = self.size
        kind = self.ray.remote(ShardWorker).options(
            num_cpus=size.num_cpus,
            num_gpus=size.num_gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        actor = kind.remote(self.orders)
        self.workers.append(_Worker(actor, actor.prepare.remote()))

    def _feed(self) -> Iterator[WrittenShard]:
        """Give shards to those that have the fewest; the rest of a task that kills is over."""
        for least in range(SHARDS_OF_A_WORKER):
            for worker in self.workers:
                if not worker.is_ready or len(worker.jobs) > least:
                    continue
                shard = self.shards.next() or self._taken_from_others(worker)
                if shard is None:
                    return
                over = self._without_deadly(shard)
                if over is not None:
                    yield over
                if shard.tasks:
                    self._give(worker, shard)

    def _give(self, worker: _Worker, shard: Shard) -> None:
        worker.jobs.append((worker.actor.do.remote(shard.tasks), shard))

    def _taken_from_others(self, idle: _Worker) -> Shard | None:
        """At the end, a shard that waits at one worker while another has none."""
        if idle.jobs:
            return None
        for worker in self.workers:
            if len(worker.jobs) > 1:
                answer, shard = worker.jobs.pop()
                # Where it has begun by now, it is done twice, and this answer is not asked for.
                self.ray.cancel(answer)
                return shard
        return None

    def _without_deadly(self, shard: Shard) -> WrittenShard | None:
        """Take out what is left of sources that kill, and tell it as done with a problem."""
        tallies = []
        kept = []
        for task in shard.tasks:
            problem = self.deadly.get(task.source.name)
            if problem is None:
                kept.append(task)
            else:
                tallies.append(Tally(task, 0, 0, 0, None, problem))
        shard.tasks = kept
        return WrittenShard(tallies, []) if tallies else None

    def _collect(self) -> Iterator[WrittenShard]:
        """Wait for an answer."""
        asked: dict[Any, _Worker] = {}
        for worker in self.workers:
            if worker.preparing is not None:
                asked[worker.preparing] = worker
            elif worker.jobs:
                asked[worker.jobs[0][0]] = worker
        if not asked:
            return
        answers, _ = self.ray.wait(list(asked), num_returns=1, timeout=PATIENCE)
        if not answers:
            self._tell_of_waiting()
        for answer in answers:
            yield from self._take(asked[answer], answer)

    def _take(self, worker: _Worker, answer: Any) -> Iterator[WrittenShard]:
        errors = self.ray.exceptions
        try:
            said = self.ray.get(answer)
        except errors.RayTaskError as error:
            # What it says itself of the work, or a fault of ours.
            raise error.cause from None
        except errors.RayError as error:
            self._lose(worker, error)
            return
        if isinstance(said, Prepared):
            self._welcome(worker, said)
            return
        _, shard = worker.jobs.popleft()
        self.num_losses = 0
        _check_seen(said)
        self.shards.learn(shard, said.seconds)
        yield said.shard

    def _welcome(self, worker: _Worker, said: Prepared) -> None:
        """A worker is ready, or needs the model of this process."""
        worker.preparing = None
        if said.needs_model:
            if self._model is None:
                self._model = self.ray.put(self.work.model)
            worker.preparing = worker.actor.prepare.remote(self._model)

    def _lose(self, worker: _Worker, error: Exception) -> None:
        """A worker is lost: what it was to do is done by others, and another one is hired.

        Raises:
            StorageError: all of them die.
        """
        log.warning("a worker was lost (%s); its shards are done again", first_line(error))
        self.workers.remove(worker)
        # It may live on, where only the way to it is cut.
        self.ray.kill(worker.actor)
        self.num_losses += 1
        if self.num_losses > MOST_LOSSES + 3 * self.size.num_workers:
            raise StorageError(
                f"{self.num_losses} workers died one after the other, the last one of"
                f" {first_line(error)}; see the logs of Ray on its machine"
            ) from error
        for number, (_, shard) in reversed(list(enumerate(worker.jobs))):
            # The first one was being done.
            if number == 0:
                self._put_back_smaller(shard)
            else:
                self.shards.put_back(shard)
        self._hire()

    def _put_back_smaller(self, shard: Shard) -> None:
        """Halves, so that something gets done however often workers die, or what kills is found."""
        parts = shard.parts()
        if len(parts) == 1:
            shard.num_deaths += 1
            if shard.num_deaths >= MOST_DEATHS:
                name = shard.tasks[0].source.name
                self.deadly[name] = f"{shard.num_deaths} workers died while they read it"
        for part in reversed(parts):
            self.shards.put_back(part)

    def _tell_of_waiting(self) -> None:
        if not any(worker.is_ready for worker in self.workers):
            free = self.ray.available_resources()
            log.warning(
                "no worker has begun yet: each needs %s cores and %s GPUs; free are %s and %s",
                self.size.num_cpus,
                self.size.num_gpus,
                free.get("CPU", 0),
                free.get("GPU", 0),
            )


def _check_seen(said: ShardReport) -> None:
    """Check that a worker sees the scenes that this machine sees.

    Raises:
        StorageError: it does not.
    """
    hidden = [name for name in said.unseen if Path(name).exists()]
    if hidden:
        raise StorageError(
            f"the worker on {said.host} does not see {hidden[0]}, which is there on this machine."
            " The scenes of a build on a cluster must lie where all workers see them by the same"
            " name: in a shared folder, or a bucket"
        )
