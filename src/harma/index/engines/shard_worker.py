"""A worker of a build on another machine: it does shards, and writes their rows itself."""

import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harma.errors import HarmaError, StorageError
from harma.index.batches import ChipBlock
from harma.index.done import Tally, WrittenShard
from harma.index.fragments import TableAddress, table_schema, write_fragments
from harma.index.reading import Task
from harma.index.records import ChipRecord
from harma.index.rows import chip_rows
from harma.index.settings import Settings
from harma.index.work import work_on
from harma.model.fingerprint import model_id
from harma.model.opened import OpenedModel, at_work, open_model
from harma.scenes.source import holder_of

if TYPE_CHECKING:
    from harma.model.precision import AnyPrecision


@dataclass(frozen=True)
class Orders:
    """What a worker is told before its first shard; it travels as it is.

    Attributes:
        settings: of the index.
        table: of the chips.
        batch_size: pictures embedded at once.
        num_readers: processes that read for the model; 0 reads in the worker's own.
        device: that embeds.
        precision: of the computation.
    """

    settings: Settings
    table: TableAddress
    batch_size: int
    num_readers: int
    device: str
    precision: "AnyPrecision"


@dataclass(frozen=True)
class Prepared:
    """What a worker says before its first shard.

    Attributes:
        host: it is on.
        needs_model: whether the index's model is not where the index says, as seen from there.
    """

    host: str
    needs_model: bool


@dataclass(frozen=True, eq=False)
class ShardReport:
    """What a worker says of a shard.

    Attributes:
        shard: what was done.
        seconds: taken.
        host: that did it.
        unseen: files of scenes that are not there, as seen from the host.
    """

    shard: WrittenShard
    seconds: float
    host: str
    unseen: Sequence[str]


class ShardWorker:
    """Does shards, one after the other.

    Args:
        orders: for all of them.
    """

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.host = socket.gethostname()
        self._model: OpenedModel | None = None

    def prepare(self, model: OpenedModel | None = None) -> Prepared:
        """Load the model, and look at the table.

        Args:
            model: the index's, where it cannot be loaded here.

        Raises:
            StorageError: the table is not to be seen from here.
        """
        self._look_at_table()
        settings = self.orders.settings
        if model is None:
            try:
                model = open_model(settings.model, backbone=settings.backbone)
            except (HarmaError, OSError):
                return Prepared(self.host, needs_model=True)
            # Another one of the same name.
            if model_id(model) != settings.model_id:
                return Prepared(self.host, needs_model=True)
        self._model = at_work(model, self.orders.device, self.orders.precision)
        return Prepared(self.host, needs_model=False)

    def _look_at_table(self) -> None:
        try:
            table_schema(self.orders.table)
        except StorageError as error:
            raise StorageError(
                f"the worker on {self.host}: {error.problem}. The index must lie where all workers"
                " see it by the same name: in a shared folder, or a bucket"
            ) from error

    def do(self, tasks: Sequence[Task]) -> ShardReport:
        """Do a shard: its rows are in files afterwards, of which no version of the table knows.

        Raises:
            StorageError: they cannot be written.
        """
        assert self._model is not None
        start = time.monotonic()
        orders = self.orders
        done = work_on(
            tasks,
            orders.settings,
            self._model,
            batch_size=orders.batch_size,
            num_workers=orders.num_readers,
        )
        tallies: list[Tally] = []
        blocks: list[ChipBlock] = []
        for block in done:
            tallies += block.tallies
            if block.chips:
                blocks.append(block)
        fragments: list[str] = []
        if blocks:
            fragments = self._written(blocks)
        seconds = time.monotonic() - start
        problems = (tally.task for tally in tallies if tally.problem)
        return ShardReport(WrittenShard(tallies, fragments), seconds, self.host, unseen(problems))

    def _written(self, blocks: Sequence[ChipBlock]) -> list[str]:
        """Write the chips of blocks."""
        chips: list[ChipRecord] = []
        for block in blocks:
            chips += block.chips
        embeddings = np.concatenate([block.embeddings for block in blocks])
        # The builder has made the columns of properties before it gave the tasks away.
        schema = table_schema(self.orders.table)
        rows = chip_rows(chips, embeddings, self.orders.settings.model_id, schema)
        return write_fragments(self.orders.table, rows)


def unseen(tasks: Iterable[Task]) -> list[str]:
    """Local files of scenes that are not there, as seen from this machine."""
    names = {holder_of(task.source.name) or task.source.name for task in tasks}
    return sorted(name for name in names if _is_local(name) and not Path(name).exists())


def _is_local(name: str) -> bool:
    return Path(name).is_absolute() and not name.startswith("/vsi")
