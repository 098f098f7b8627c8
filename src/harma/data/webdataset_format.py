"""webdataset shards as rows: tar archives with `KEY.jpg` beside `KEY.txt` or `KEY.json`.

As img2dataset writes them. Shards are named one by one, with wildcards (`shards/*.tar`) or with
numbers in braces (`shards/{00000..00031}.tar`). Images are read in place, nothing is unpacked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from harma.data.row_values import is_text, shown_value
from harma.data.rows import Annotation, Problem, RowPlace
from harma.errors import DataError
from harma.ground.json_text import parse_json
from harma.ground.tar_members import Member, members_of

Annotations = Iterator[Annotation | Problem]

IMAGE_ENDINGS = ("jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp", "ppm")
TEXT_ENDINGS = ("txt", "caption", "text")
# Of a sample's JSON the first of these is its caption, or a list of them.
CAPTION_KEYS = ("caption", "captions", "text", "title")
NEEDED = f"give a .txt, or a .json with {' or '.join(CAPTION_KEYS)}"
NUMBERS = re.compile(r"\{(\d+)\.\.(\d+)\}")
WILDCARDS = re.compile(r"[*?\[]")
MOST_SHARDS = 100_000


def shards_of(root: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The names of shards, without braces and wildcards; what no file fits stays as it is."""
    shards: dict[str, None] = {}
    for name in names:
        for shard in _numbered(name):
            found: list[str] = []
            if WILDCARDS.search(shard) and not Path(shard).is_absolute():
                found = sorted(path.relative_to(root).as_posix() for path in root.glob(shard))
            shards |= dict.fromkeys(found or [shard])
    return tuple(shards)


def _numbered(name: str) -> list[str]:
    """A name with a range of numbers in braces as the names it stands for."""
    matched = NUMBERS.search(name)
    if matched is None:
        return [name]
    first, last = int(matched[1]), int(matched[2])
    if not 0 <= last - first < MOST_SHARDS:
        return [name]
    names: list[str] = []
    for number in range(first, last + 1):
        filled = f"{name[: matched.start()]}{number:0{len(matched[1])}d}{name[matched.end() :]}"
        names += _numbered(filled)
    return names


def read_webdataset(root: Path, names: Sequence[str], split: str) -> Annotations:
    """Shards of samples: a row per image.

    Args:
        root: the folder of the shards; images are named relative to it, through their shard.
        names: of the shards.
        split: not looked at: a shard is of one split.
    """
    for name in shards_of(root, names):
        path = root / name
        try:
            members = members_of(path)
            with path.open("rb") as file:
                yield from _shard(name, members, file)
        except FileNotFoundError:
            yield Problem(name, "", f"is not there; looked for {path}")
        except OSError as error:
            yield Problem(name, "", f"cannot be read ({error.strerror or error})")
        except DataError as error:
            yield Problem(name, "", str(error))


@dataclass
class _Sample:
    """The files of one key, by what follows it in their names.

    Attributes:
        images: names of pictures.
        texts: files of a caption.
        facts: JSON files.
    """

    images: list[str] = field(default_factory=list)
    texts: list[Member] = field(default_factory=list)
    facts: list[Member] = field(default_factory=list)


def _shard(name: str, members: dict[str, Member], file: IO[bytes]) -> Annotations:
    samples: dict[str, _Sample] = {}
    for member_name, member in members.items():
        path = PurePosixPath(member_name)
        # A key ends at the first dot of a file's name, as in webdataset.
        stem, _, ending = path.name.partition(".")
        sample = samples.setdefault(str(path.parent / stem), _Sample())
        last = ending.rpartition(".")[2].lower()
        if last in IMAGE_ENDINGS:
            sample.images.append(member_name)
        elif last in TEXT_ENDINGS:
            sample.texts.append(member)
        elif last == "json":
            sample.facts.append(member)
    if not samples:
        yield Problem(name, "", "holds no files")
    for index, (key, sample) in enumerate(samples.items()):
        yield from _row(RowPlace(name, f"row {index}"), key, sample, file)


def _row(place: RowPlace, key: str, sample: _Sample, file: IO[bytes]) -> Annotations:
    if len(sample.images) != 1:
        needed = f"a sample has one ({', '.join(IMAGE_ENDINGS)}) beside its text"
        yield place.problem(f"sample {key!r} has {len(sample.images)} pictures; {needed}")
        return
    image = sample.images[0]
    # Such a name would lead out of the archive, to files of this machine.
    if image.startswith("/") or ".." in PurePosixPath(image).parts:
        yield place.problem(f"sample {key!r} lies outside of the archive")
        return
    captions, wrong = _captions(sample, file)
    if wrong:
        yield place.problem(f"sample {key!r} {wrong}")
    yield Annotation(place, f"{place.file}/{image}", captions, whole=True, faulty=bool(wrong))


def _captions(sample: _Sample, file: IO[bytes]) -> tuple[tuple[str, ...], str]:
    """The captions of a sample, and what is wrong with it."""
    try:
        if sample.texts:
            return tuple(_text(file, member).strip() for member in sample.texts), ""
        if not sample.facts:
            return (), f"has no caption; {NEEDED}"
        return _captions_of(parse_json(_text(file, sample.facts[0])))
    except UnicodeDecodeError as error:
        return (), f"has text that is not UTF-8 ({error.reason} at byte {error.start})"
    except DataError as error:
        return (), f"has a .json that {error.problem.removeprefix('it ')}"


def _captions_of(facts: object) -> tuple[tuple[str, ...], str]:
    """The captions that a sample's JSON holds, and what is wrong with them."""
    caption = None
    if isinstance(facts, dict):
        caption = next((facts[key] for key in CAPTION_KEYS if facts.get(key)), None)
    texts = caption if isinstance(caption, list) else [caption]
    if not all(map(is_text, texts)):
        return (), f"has the caption {shown_value(caption)}; {NEEDED}"
    return tuple(map(str, texts)), ""


def _text(file: IO[bytes], member: Member) -> str:
    file.seek(member.offset)
    return file.read(member.size).decode("utf-8-sig")
