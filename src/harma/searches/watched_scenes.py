"""Scenes that a watch has looked at: which are whole, which are new, which have only moved.

A watch looks at each scene once. A scene is known by its name and its bytes: changed bytes are a
new look, the same bytes under a new name are the old scene if the old name is gone. So a hit of an
old scene is never told, also where its score has passed the threshold since, or the threshold has
been lowered.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from harma.index.contract import StoreReader
from harma.index.records import SourceRecord


class WatchedScene(NamedTuple):
    """A scene of an index; of pictures there may be a million.

    Attributes:
        source: its name.
        content: fingerprint of its bytes; "" where only embeddings were imported.
    """

    source: str
    content: str

    @property
    def key(self) -> int:
        """64 bits of name and bytes: of a million scenes, two share one in 37 million indexes."""
        return _bits(f"{self.source}\0{self.content}")

    @property
    def content_key(self) -> int:
        """64 bits of the bytes; of the name, where the bytes are not known."""
        return _bits(self.content or self.source)


@dataclass(frozen=True)
class NewScenes:
    """What has become of the scenes of an index since a watch looked at them.

    Attributes:
        scenes: that it has not looked at.
        moved: scenes under new names → key of the old name.
    """

    scenes: tuple[WatchedScene, ...]
    moved: Mapping[WatchedScene, int]


@dataclass(frozen=True)
class ScenesThere:
    """The scenes of one version of an index.

    Attributes:
        whole: with all their chips.
        keys: of all, also of those that a build has not finished.
    """

    whole: tuple[WatchedScene, ...]
    keys: frozenset[int]


def scenes_there(store: StoreReader) -> ScenesThere:
    """The scenes of an index.

    A build writes chips first and the record of their scene last, and the two are tables: a scene
    is whole when its record is there and as many chips as it says.
    """
    counts: Counter[WatchedScene] = Counter()
    for block in store.blocks(["source", "content"]):
        groups = block.group_by(["source", "content"]).aggregate([([], "count_all")])
        for row in groups.to_pylist():
            counts[WatchedScene(row["source"], row["content"] or "")] += row["count_all"]
    whole: list[WatchedScene] = []
    for record in _each_record(store):
        scene = WatchedScene(record.source, record.content)
        # What could not be read has no chips, and is not looked at until it can be.
        is_read = bool(record.num_chips) or not record.problem
        if is_read and counts[scene] == record.num_chips:
            whole.append(scene)
    there = counts.keys() | set(whole)
    return ScenesThere(tuple(whole), frozenset(scene.key for scene in there))


def _each_record(store: StoreReader) -> Iterator[SourceRecord]:
    for records in store.source_blocks():
        yield from records


def new_to(looked: Mapping[int, int], there: ScenesThere) -> NewScenes:
    """The scenes that a watch has not looked at.

    Args:
        looked: key of a scene → key of its bytes, of those that it has.
        there: the scenes of the index.
    """
    gone: dict[int, list[int]] = defaultdict(list)
    for key, content in looked.items():
        if key not in there.keys:
            gone[content].append(key)
    new: list[WatchedScene] = []
    moved: dict[WatchedScene, int] = {}
    for scene in there.whole:
        if scene.key in looked:
            continue
        # One name that is gone stands for one new name: a copy beside it is a scene of its own.
        if gone[scene.content_key]:
            moved[scene] = gone[scene.content_key].pop()
        else:
            new.append(scene)
    return NewScenes(tuple(new), moved)


def keys_of(scenes: Iterable[WatchedScene]) -> dict[int, int]:
    """Key of a scene → key of its bytes."""
    return {scene.key: scene.content_key for scene in scenes}


def _bits(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8)
    # Signed, as columns of databases are.
    return int.from_bytes(digest.digest(), "big", signed=True)
