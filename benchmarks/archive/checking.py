"""Comparing an index with the truth of its archive: what is wrong, scene by scene."""

import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
from benchmarks.archive.truth import Truth, parsed
from PIL import Image

FILL_TOLERANCE = 0.01
# How much redder the red field is than green or blue, of 255; and how much brighter bright is.
CLEARLY = 25
SCREEN_LINES = 40
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
CHIP_COLUMNS = (
    "source",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
    "datetime",
    "datetime_end",
    "nodata",
    "width",
    "height",
    "thumbnail",
)


@dataclass
class Findings:
    """What a check found.

    Attributes:
        wrong: (product, scene's path, reason) of each thing that is wrong.
        counts: scenes by product.
        num_wrong: scenes that are wrong, by product.
        others: what is wrong with files that are no scenes, and with sources of no scene.
        lines: of what the build said.
    """

    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    num_wrong: Counter = field(default_factory=Counter)
    others: list[str] = field(default_factory=list)
    lines: int = 0

    @property
    def is_right(self):
        return not self.wrong and not self.others


def check(folder, index, said=""):
    """Compare.

    Args:
        folder: of the archive.
        index: that was built of it with `--whole`, a directory.
        said: what the build said.
    """
    truth = Truth.read(folder)
    top = str(Path(folder).absolute())
    read = read_index(index)
    findings = Findings(counts=Counter(scene.product for scene in truth.scenes))
    by_scene, strays = assign(truth, [source for source in read.records if read.chips[source]], top)
    for number, scene in enumerate(truth.scenes):
        reasons = list(wrong_with(scene, by_scene[number], read))
        findings.num_wrong[scene.product] += bool(reasons)
        findings.wrong += [(scene.product, scene.paths[0], reason) for reason in reasons]
    told = said + "".join(path.read_text() for path in Path(index).glob("*.json"))
    findings.others += files_wrong(truth, strays, told, top)
    findings.lines = len(said.splitlines())
    if findings.lines > SCREEN_LINES:
        findings.others.append(f"the build said {findings.lines} lines")
    return findings


@dataclass
class ReadIndex:
    """An index in memory.

    Attributes:
        records: source → its record.
        chips: source → its chips, a mapping each.
    """

    records: dict
    chips: dict


def read_index(directory):
    """Read an index whole."""
    from harma.index.store import Store

    store = Store(Path(directory))
    chips = defaultdict(list)
    for row in store.rows(CHIP_COLUMNS).to_pylist():
        chips[row["source"]].append(row)
    return ReadIndex(store.sources(), chips)


def assign(truth, sources, top):
    """Which sources are of which scene: by number of the scene; and those of none."""
    owners = {}
    for number, scene in enumerate(truth.scenes):
        for path in scene.paths:
            owners[f"{top}/{path}"] = number
    by_scene = defaultdict(list)
    strays = []
    for source in sources:
        number = _owner(source, owners)
        if number is None:
            strays.append(source)
        else:
            by_scene[number].append(source)
    return by_scene, strays


def _owner(source, owners):
    # A name may say more than a path: NETCDF:"…":red, an item's id behind its file, names of
    # several files put together.
    fitting = [path for path in owners if path in source]
    if fitting:
        return owners[max(fitting, key=len)]
    # A scene of several files may be called by what their names begin with, and an item of a
    # catalogue by its id.
    folder, _, last = source.rpartition("/")
    stems = {path: number for path, number in owners.items() if path.startswith(f"{folder}/")}
    shared = [number for path, number in stems.items() if path.startswith(source)]
    if shared:
        return shared[0]
    by_id = [number for path, number in owners.items() if Path(path).stem in last]
    return by_id[0] if by_id else None


def wrong_with(scene, sources, read):
    """Reasons why a scene is not as it should be."""
    if len(sources) != 1:
        names = ", ".join(Path(source).name for source in sources[:4])
        yield f"{len(sources)} scenes in place of one {names}".rstrip()
        return
    chips = read.chips[sources[0]]
    if len(chips) != 1:
        yield f"{len(chips)} chips of the whole scene"
        return
    record = read.records[sources[0]]
    yield from _bands_wrong(scene, record)
    yield from _bounds_wrong(scene, chips[0])
    yield from _date_wrong(scene, chips[0])
    nodata = chips[0]["nodata"]
    if min(abs(nodata - fill) for fill in scene.fills) > FILL_TOLERANCE:
        yield f"fill {nodata:.3f}, not {' or '.join(f'{fill:.3f}' for fill in scene.fills)}"
    yield from _marks_wrong(scene, chips[0])


def _bands_wrong(scene, record):
    if scene.bands is None or record.opened_as.startswith("<VRTDataset"):
        return
    bands = ",".join(map(str, scene.bands))
    if record.bands.replace(" ", "") != bands:
        yield f"bands {record.bands} ({record.bands_reason}), not {bands}"
    elif record.is_guess:
        yield "bands are right, but called a guess"


def _bounds_wrong(scene, chip):
    found = tuple(chip[side] for side in ("xmin", "ymin", "xmax", "ymax"))
    if scene.bounds is None:
        if found[0] is not None:
            yield f"a place {found} where there is none"
        return
    if found[0] is None:
        yield "no place"
    elif max(abs(a - b) for a, b in zip(found, scene.bounds, strict=True)) > scene.tolerance:
        shown = ", ".join(f"{value:.4f}" for value in found)
        wanted = ", ".join(f"{value:.4f}" for value in scene.bounds)
        yield f"place {shown}, not {wanted}"


def _date_wrong(scene, chip):
    first = chip["datetime"]
    if scene.starts is None:
        if first is not None:
            yield f"a date {first} where there is none"
        return
    if first is None:
        yield "no date"
        return
    last = chip["datetime_end"] or first
    starts, ends = parsed(scene.starts), parsed(scene.ends)
    holds = first <= starts + SECOND and last >= ends - SECOND
    # A day where the moment is known is right, if less exact.
    if not holds or last - first > max(DAY, ends - starts):
        yield f"date {first:%Y-%m-%dT%H:%M:%S} to {last:%Y-%m-%dT%H:%M:%S}, not {scene.starts}"


def _marks_wrong(scene, chip):
    with Image.open(io.BytesIO(chip["thumbnail"])) as image:
        pixels = np.asarray(image.convert("RGB")).astype(float)
    seen = {}
    for what, right, down in scene.marks:
        row = int(down * pixels.shape[0])
        column = int(right * pixels.shape[1])
        seen[what] = pixels[row - 2 : row + 3, column - 2 : column + 3].mean(axis=(0, 1))
    for place, colour in enumerate(("red", "green", "blue")):
        if colour in seen:
            others = np.delete(seen[colour], place).max()
            if seen[colour][place] - others < CLEARLY:
                yield f"the {colour} field is {_rgb(seen[colour])}"
    if "bright" in seen and (seen["bright"] - seen["dark"]).mean() < CLEARLY:
        yield f"bright is {_rgb(seen['bright'])}, dark {_rgb(seen['dark'])}"


def _rgb(colour):
    return "({:.0f}, {:.0f}, {:.0f})".format(*colour)


def files_wrong(truth, strays, told, top):
    """What is wrong with files that are no scenes, and sources of no scene."""
    by_path = {f"{top}/{entry.path}": entry for entry in truth.files}
    is_scene = set()
    for source in strays:
        fitting = [path for path in by_path if path in source]
        is_scene.update(fitting)
        if not fitting:
            yield f"a scene of nothing: {source}"
    for path, entry in by_path.items():
        # What cannot be written as text is named by what can.
        name = Path(path).name.split("\udcfc")[-1]
        is_told = name in told
        if path in is_scene and entry.rule != "either":
            yield f"{entry.path} ({entry.what}) is a scene"
        elif path not in is_scene and not is_told and entry.rule != "alone":
            yield f"{entry.path} ({entry.what}) is lost without a word"
        elif is_told and entry.rule == "alone" and len(name) > 4:
            yield f"{entry.path} ({entry.what}) is a problem, but should be left alone"


def table(findings, reasons_shown=4):
    """A table by product, and what is wrong."""
    lines = [f"{'product':<16} {'scenes':>6} {'right':>6}  wrong"]
    for product, count in findings.counts.items():
        reasons = Counter(
            reason if len(reason) < 60 else reason[:57] + "…"
            for key, _, reason in findings.wrong
            if key == product
        )
        listed = "; ".join(
            f"{reason} (×{times})" for reason, times in reasons.most_common(reasons_shown)
        )
        right = count - findings.num_wrong[product]
        lines.append(f"{product:<16} {count:>6} {right:>6}  {listed}")
    total = sum(findings.counts.values())
    wrong = sum(findings.num_wrong.values())
    lines.append(f"{'all':<16} {total:>6} {total - wrong:>6}")
    lines += findings.others
    if findings.lines:
        lines.append(f"the build said {findings.lines} lines")
    return "\n".join(lines)
