"""Moved archives: a source of the same content under another name is renamed, not embedded again.

A name that is gone, and a new one whose bytes are the same, are one source that was moved. If the
old file is still there, the new one is a copy, and a source of its own.
"""

import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import pyarrow as pa

from harma.ground.storage.addresses import in_bucket
from harma.index.chips import chip_id, known_date, moments_of
from harma.index.contract import StoreWriter
from harma.index.known_sources import KnownSources, is_signed
from harma.index.look import Surveyed
from harma.index.properties import PropertyColumns, properties_of
from harma.index.records import CHIP_COLUMNS, ChipRecord, SourceRecord
from harma.index.schema import embeddings_of, quoted
from harma.index.source_files import files_as_text, listed_files
from harma.scenes.asked import is_gone_from_bucket
from harma.scenes.formats import FOLDERS_OF_A_RASTER
from harma.scenes.windows import Window


@dataclass(frozen=True, eq=False)
class Move:
    """A source that the index has under other names.

    Attributes:
        surveyed: the source as it is called now.
        before: its records under the old names; the chips of the first are taken over.
        problem: why it is not in the index as it is now; "" if it is.
    """

    surveyed: Surveyed
    before: tuple[SourceRecord, ...]
    problem: str = ""

    @property
    def num_chips(self) -> int:
        """Chips that get another name."""
        return self.before[0].num_chips


class Lost:
    """Sources of an index whose files are gone, to be found again by their content.

    Args:
        known: the sources of the index.
    """

    def __init__(self, known: KnownSources) -> None:
        self._known = known
        # Of the sources that were looked for last, by their content.
        self._alike: dict[str, list[SourceRecord]] = {}
        self._claimed: set[str] = set()

    def may_claim(self, surveyed: Surveyed) -> bool:
        """Whether a source has no chips in the index, and may have been moved."""
        has_chips = surveyed.record is not None and surveyed.record.num_chips > 0
        if surveyed.windows is None or has_chips:
            return False
        is_signed = self._known.has_signed(surveyed.source.name)
        return is_signed or self._known.knows_content(surveyed.content)

    def look_for(self, sources: Sequence[Surveyed]) -> None:
        """Read the records of all that some sources may have been, before they are claimed."""
        contents = [source.content for source in sources if self.may_claim(source)]
        self._alike = self._known.of_contents(contents)

    def claim(self, surveyed: Surveyed) -> tuple[SourceRecord, ...]:
        """The records of a source under its old names, each given once; none if it is new."""
        signed = self._known.signed_names(surveyed.source.name)
        if signed:
            return tuple(self._known.records(signed).values())
        alike = self._alike.get(surveyed.content, [])
        # Copies that were moved together go to the names most like theirs.
        alike.sort(key=lambda record: -_shared_end(record.source, surveyed.source.name))
        source = surveyed.source
        inner = _inner_name(source.name, source.files)
        for record in alike:
            if record.source in self._claimed or is_signed(record.source):
                continue
            # Variables of one file, and members of one archive, have the same bytes.
            of_record = _inner_name(record.source, listed_files(record.files))
            if of_record == inner and is_gone(record):
                self._claimed.add(record.source)
                return (record,)
        return ()


def is_gone(record: SourceRecord) -> bool:
    """Whether a source was files or an object of a bucket, and none of them is there any more."""
    if in_bucket(record.source):
        return record.size >= 0 and is_gone_from_bucket(record.source)
    files = listed_files(record.files)
    # Of a scene that lies in a file, or is an address, the name is no path.
    if not files or record.source.startswith("/"):
        files = (record.source, *files)
    is_local = [file for file in files if not file.startswith("/vsi")]
    return bool(is_local) and all(map(_is_missing, is_local))


def _is_missing(file: str) -> bool:
    if not Path(file).is_absolute() or file.startswith("/vsi"):
        return False  # an address, or a part of a file
    try:
        found = Path(file).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        # Not readable now, or a link in circles: that is not gone.
        return False
    # A folder of the same name is another thing, unless scenes of this kind are folders.
    return stat.S_ISDIR(found.st_mode) and not file.lower().endswith(FOLDERS_OF_A_RASTER)


def _inner_name(name: str, files: Sequence[str]) -> str:
    """What a name says beside the place of its file: a variable, a member; mostly nothing."""
    is_path = Path(name).is_absolute() and not name.startswith("/vsi")
    if is_path or in_bucket(name):
        return ""
    for file in files:
        if file in name:
            return name.replace(file, "*")
    return name


def _shared_end(one: str, other: str) -> int:
    """How many of the last parts of two paths are the same."""
    count = 0
    for left, right in zip(PurePath(one).parts[::-1], PurePath(other).parts[::-1], strict=False):
        if left != right:
            break
        count += 1
    return count


def rename(store: StoreWriter, moves: Sequence[Move], columns: PropertyColumns) -> None:
    """Give the chips and records of moved sources their new names.

    Whatever moment it is killed in, the next build finishes it: chips under new names that have no
    record are those of a source that is not finished, and nothing of them is missing.

    Args:
        store: of the index.
        moves: few enough for their chips to be in memory.
        columns: of properties, to which new ones are fitted.
    """
    take_over(store, moves, columns)
    before: list[str] = []
    for move in moves:
        before += [record.source for record in move.before]
    store.drop_sources(before)
    store.put_sources([record_of(move) for move in moves])


def take_over(store: StoreWriter, moves: Sequence[Move], columns: PropertyColumns) -> None:
    """Add the chips under their new names, but those that are there."""
    by_old = {move.before[0].source: move for move in moves}
    there = store.chip_ids([move.surveyed.source.name for move in moves])
    further = list(store.property_types())
    names = ", ".join(map(quoted, by_old))
    for block in store.blocks([*CHIP_COLUMNS, *further, "embedding"], f"source IN ({names})"):
        chips = [_renamed(chip, by_old[chip.source]) for chip in chips_of(block, further)]
        new = [place for place, chip in enumerate(chips) if chip.id not in there[chip.source]]
        if new:
            fitted = columns.fit([chips[place] for place in new])
            store.add_chips(fitted, embeddings_of(block)[new])


def chips_of(block: pa.Table, further: Sequence[str]) -> list[ChipRecord]:
    """The chips of a block.

    Args:
        block: with the columns of every index and further ones.
        further: columns of properties.
    """
    chips = []
    for row in block.select([*CHIP_COLUMNS, *further]).to_pylist():
        own = {name: row[name] for name in CHIP_COLUMNS}
        chips.append(ChipRecord(**own, properties=properties_of(row, further)))
    return chips


def _renamed(chip: ChipRecord, move: Move) -> ChipRecord:
    surveyed = move.surveyed
    name = surveyed.source.name
    window = Window(chip.column, chip.row, chip.width, chip.height)
    # The id is of the name, as that of any chip: what is missing of a source is told by it.
    chip = replace(
        chip,
        id=chip_id(name, surveyed.content, window),
        source=name,
        content=surveyed.content,
        properties=surveyed.source.properties or chip.properties,
    )
    if surveyed.facts is None:
        return chip
    # The new name may hold another date; one that a list gave stays if nothing says more.
    first, last = moments_of(surveyed.source, surveyed.facts)
    if first is None:
        return chip
    return replace(chip, datetime=first, datetime_end=last)


def _date_from(surveyed: Surveyed) -> str:
    """What names the date of a source under its new name; "" where nothing does."""
    if surveyed.facts is None:
        return surveyed.source.date_from
    known = known_date(surveyed.source, surveyed.facts)
    return known.date_from if known.period else ""


def record_of(move: Move) -> SourceRecord:
    """The record of a moved source under its new name."""
    surveyed = move.surveyed
    source = surveyed.source
    before = move.before[0]
    return replace(
        before,
        source=source.name,
        size=surveyed.size,
        mtime_ns=surveyed.mtime_ns,
        content=surveyed.content,
        problem=move.problem,
        opened_as=source.lasting,
        files=files_as_text(source.files),
        date_from=_date_from(surveyed) or before.date_from,
        sensor=source.sensor or before.sensor,
    )
