"""Verify: whether an index is whole, and what has become of its sources, in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import DataError
from harma.index.contract import StoreReader
from harma.index.hashed_names import Hashes, NameCounts, RepeatedNames, hashes_of, parts_of
from harma.index.records import SourceRecord
from harma.index.schema import embeddings_of
from harma.index.source_files import on_disk, source_of
from harma.scenes.asked import is_asked

# Tolerance of an L2 norm in float16.
NORM_TOLERANCE = 5e-3
# Embeddings that are looked at in one go: 8 MB in float32 at 512.
ROWS_AT_ONCE = 4096
# Chips whose ids are in memory at once: 256 MB at 8 bytes each, whatever the archive. Of more chips
# the ids are read several times.
IDS_AT_ONCE = 32_000_000
# So many ids that seem to be there twice are compared as they are; more of them are no chance.
COMPARED_IDS = 100_000


def verify(store: StoreReader) -> list[str]:
    """Look for damage.

    It holds a hash of 8 bytes of at most `IDS_AT_ONCE` chips, 24 bytes of each of their sources, a
    few blocks of chips, and what is wrong.

    Returns:
        What is wrong, a line each; empty if nothing is.
    """
    try:
        with store.reading():
            return _problems(store)
    except DataError as error:
        return [str(error)]


@dataclass(frozen=True)
class _Part:
    """Those names whose hashes fall into one of several parts.

    Attributes:
        number: from 0.
        num_parts: that there are.
    """

    number: int
    num_parts: int

    def own(self, hashes: Hashes) -> Hashes:
        """Those of some hashes that fall into it."""
        return hashes[self.admits(hashes)]

    def admits(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which of some hashes fall into it."""
        is_own: NDArray[np.bool_] = parts_of(hashes, self.num_parts) == self.number
        return is_own


@dataclass
class _Findings:
    """What is wrong, as far as it was looked for.

    Attributes:
        of_chips: lines about embeddings and models.
        of_sources: lines about sources.
        num_twice: chips that are there more than once.
        twice: one of them.
        num_unfinished: sources that have chips and no record.
        unfinished: the first of them by name.
    """

    of_chips: list[str] = field(default_factory=list)
    of_sources: list[str] = field(default_factory=list)
    num_twice: int = 0
    twice: str = ""
    num_unfinished: int = 0
    unfinished: str = ""

    def lines(self) -> list[str]:
        """All of it in words."""
        lines = list(self.of_chips)
        if self.num_twice:
            lines.append(f"{self.num_twice:,} chips are there more than once, such as {self.twice}")
        lines += self.of_sources
        # A build that was killed leaves chips whose source has no record yet.
        if self.num_unfinished:
            lines.append(
                f"{self.num_unfinished:,} sources are not finished, such as {self.unfinished};"
                " build them again"
            )
        return lines


def _problems(store: StoreReader) -> list[str]:
    findings = _Findings()
    num_parts = max(1, -(-store.count() // IDS_AT_ONCE))
    for number in range(num_parts):
        _look_at(store, _Part(number, num_parts), findings)
    return findings.lines()


def _look_at(store: StoreReader, part: _Part, findings: _Findings) -> None:
    """Look at the chips and sources of a part; with the first one, at all embeddings."""
    columns = ["id", "source"]
    if part.number == 0:
        columns += ["embedding", "model"]
    # A little more than its share, as parts are not all of one size.
    ids = RepeatedNames(int(1.01 * store.count() / part.num_parts) + 1000)
    chips_of = NameCounts()
    for block in store.blocks(columns):
        ids.add(part.own(hashes_of(block["id"])))
        _count(block["source"], part, chips_of)
        if part.number == 0:
            findings.of_chips += _chip_problems(store, block)
    _note_twice(store, ids.repeated(), findings)
    _note_sources(store, part, chips_of, findings)


def _count(sources: pa.ChunkedArray, part: _Part, chips_of: NameCounts) -> None:
    """Count the chips of sources, those of a part."""
    # By Arrow first: a source has many chips, which lie together.
    counted = sources.value_counts()
    hashes = hashes_of(counted.field("values"))
    is_own = part.admits(hashes)
    chips_of.add(hashes[is_own], counted.field("counts").to_numpy()[is_own])


def _chip_problems(store: StoreReader, block: pa.Table) -> list[str]:
    problems = _embedding_problems(block)
    if set(block["model"].unique().to_pylist()) != {store.settings.model_id}:
        problems.append("some chips were embedded by another model; run `harma index reembed`")
    return problems


def _embedding_problems(block: pa.Table) -> list[str]:
    num_broken = 0
    first = ""
    for start in range(0, block.num_rows, ROWS_AT_ONCE):
        rows = block.slice(start, ROWS_AT_ONCE)
        norms = np.linalg.norm(embeddings_of(rows), axis=1)
        # NaN is not near to 1 either.
        broken = ~(np.abs(norms - 1) < NORM_TOLERANCE)
        if broken.any() and not num_broken:
            first = rows["id"][int(np.argmax(broken))].as_py()
        num_broken += int(broken.sum())
    if not num_broken:
        return []
    return [
        f"{num_broken:,} embeddings are damaged, such as that of {first}; build the index again"
    ]


def _note_twice(store: StoreReader, repeated: Hashes, findings: _Findings) -> None:
    """Note ids that are there more than once.

    Args:
        store: of the index.
        repeated: hashes that are, ascending; different ids may have one hash, if very rarely.
        findings: get them.
    """
    if not len(repeated):
        return
    times: Counter[str] = Counter()
    for block in store.blocks(["id"]):
        is_repeated = np.isin(hashes_of(block["id"]), repeated)
        times.update(block["id"].filter(pa.array(is_repeated)).to_pylist())
        if times and len(repeated) > COMPARED_IDS:
            findings.num_twice += len(repeated)
            findings.twice = findings.twice or next(iter(times))
            return
    twice = [chip for chip, count in times.items() if count > 1]
    findings.num_twice += len(twice)
    findings.twice = findings.twice or "".join(twice[:1])


def _note_sources(
    store: StoreReader, part: _Part, chips_of: NameCounts, findings: _Findings
) -> None:
    """Note what is wrong with the sources of a part.

    Args:
        store: of the index.
        part: which sources are looked at.
        chips_of: chips in the table, by their source.
        findings: get it.
    """
    finished = [np.empty(0, dtype=np.int64)]
    for records in store.source_blocks():
        hashes = hashes_of(pa.array([record.source for record in records], pa.string()))
        is_own = part.admits(hashes)
        finished.append(hashes[is_own])
        counts = chips_of.of(hashes)
        for place in np.flatnonzero(is_own).tolist():
            findings.of_sources += _source_problems(records[place], int(counts[place]))
    names, _ = chips_of.sums()
    unfinished = np.setdiff1d(names, np.concatenate(finished))
    if len(unfinished):
        findings.num_unfinished += len(unfinished)
        examples = [_first_of(store, unfinished), findings.unfinished]
        findings.unfinished = min(filter(None, examples), default="")


def _first_of(store: StoreReader, sources: Hashes) -> str:
    """The first by name of some sources that have chips."""
    first = ""
    for block in store.blocks(["source"]):
        names = block["source"].unique()
        admitted = names.filter(pa.array(np.isin(hashes_of(names), sources))).to_pylist()
        if admitted:
            first = min(filter(None, [first, *admitted]))
    return first


def _source_problems(record: SourceRecord, num_chips: int) -> list[str]:
    """What is wrong with the chips of a source, and with its file."""
    problems: list[str] = []
    name = record.source
    if num_chips != record.num_chips:
        problems.append(
            f"{name}: {num_chips:,} chips, there should be {record.num_chips:,}; build it again"
        )
    # Of a million objects in a bucket a build looks at the listing; none is asked for here.
    if record.size < 0 or is_asked(source_of(record)):
        return problems
    # By size and time alone: what a build looks at first.
    now = on_disk(source_of(record))
    if now.size < 0:
        return [*problems, f"{name}: is not there any more; `harma index remove` takes it out"]
    if now != (record.size, record.mtime_ns):
        problems.append(f"{name}: has changed; build it again")
    return problems
