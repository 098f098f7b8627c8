"""What is true of a made archive: a record per scene, and one per file that is none."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

TRUTH_FILE = "truth.json"


@dataclass(frozen=True)
class SceneTruth:
    """What is true of a scene.

    Attributes:
        product: key of `products.PRODUCTS`.
        paths: of its folder, or its files where they share a folder with others, from the
            archive's top: any source under one of them is this scene.
        fills: shares without data: as stored, and as shown north up.
        bounds: west, south, east, north in degrees; None without a place.
        tolerance: of bounds, degrees.
        starts: first moment, ISO; None without a date.
        ends: last moment.
        bands: that are red, green and blue in its one file; None where files are put together.
        sensor: that took it, in words; None where nothing says so.
        marks: (what is seen there, how far to the right, how far down) as shares of the picture
            shown north up; what is seen is a field's colour, or "bright" or "dark".
    """

    product: str
    paths: tuple[str, ...]
    fills: tuple[float, ...]
    bounds: tuple[float, float, float, float] | None
    tolerance: float
    starts: str | None
    ends: str | None
    bands: tuple[int, ...] | None
    sensor: str | None
    marks: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class FileTruth:
    """What is to become of a file that is no scene.

    Attributes:
        path: from the archive's top.
        rule: "alone" (no scene, and nothing is said), "named" (no scene, and said), "either"
            (read as a scene, or said).
        what: it is, in words.
    """

    path: str
    rule: str
    what: str


@dataclass
class Truth:
    """All of an archive.

    Attributes:
        scenes: records.
        files: what is no scene.
        sources: what a person names in the one command, from the archive's top.
    """

    scenes: list[SceneTruth] = field(default_factory=list)
    files: list[FileTruth] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def write(self, folder):
        # Names that are not UTF-8 are kept as Python has them.
        Path(folder, TRUTH_FILE).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder):
        saved = json.loads(Path(folder, TRUTH_FILE).read_text())
        scenes = [
            SceneTruth(**{name: _tuples(value) for name, value in scene.items()})
            for scene in saved["scenes"]
        ]
        files = [FileTruth(**entry) for entry in saved["files"]]
        return cls(scenes, files, saved["sources"])


def _tuples(value):
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


def moment(when):
    """First and last moment of what is known to the second or better."""
    return when.isoformat(), when.isoformat()


def day(when):
    """First and last moment of a day."""
    first = when.replace(hour=0, minute=0, second=0, microsecond=0)
    last = first + timedelta(days=1) - timedelta(microseconds=1)
    return first.isoformat(), last.isoformat()


def parsed(text):
    """A moment of a record."""
    return None if text is None else datetime.fromisoformat(text)
