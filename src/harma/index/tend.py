"""Keeping an index quick: files joined, the ANN index made when it pays and kept up to date."""

from collections.abc import Callable
from typing import Any

from harma.index.ann import Ann, forget_ann, make_ann, pays, read_ann
from harma.index.store import Store

Progress = Callable[[str, int, int], None]
"""Called with (what is done, so far, in all)."""

EXACT = "exact: every chip is compared"
# A search looks into each file, and compares chips that the ANN index does not know one by one.
MANY_FILES, UNINDEXED = 32, 0.05
# Texts that recall is measured on: what people look for, in several surroundings.
THINGS = (
    "an airport with planes on the apron",
    "a baseball field",
    "a beach with waves",
    "a bridge across a river",
    "a dense residential area",
    "a harbour with many boats",
    "a highway interchange",
    "an industrial area with sheds",
    "a large parking lot with cars",
    "a solar farm",
    "a stadium with a running track",
    "round storage tanks",
    "a railway station",
    "a golf course",
    "bare mountains",
    "a forest cut by a road",
)
SURROUNDINGS = ("", " surrounded by green fields", " next to some houses", " seen in winter")


def tend(
    store: Store,
    model: Any,
    progress: Progress = lambda what, done, total: None,
    *,
    force: bool = False,
) -> str:
    """Do what makes searches quicker, where it is worth its time.

    Args:
        store: of the index; nobody else writes it now.
        model: embeds the texts that recall is measured on; None measures on chips alone.
        progress: told of what takes long.
        force: join files and make the ANN index anew, however little has changed.

    Returns:
        How the index is searched now.
    """
    if force:
        forget_ann(store)
    ann, count = read_ann(store), store.count()
    if (
        force
        or store.num_files() > MANY_FILES
        or (ann and store.num_unindexed() > UNINDEXED * count)
    ):
        progress("joining files", 0, 1)
        store.compact()
    if pays(store):
        progress("making the ANN index", 0, 1)
        texts = [thing + around for around in SURROUNDINGS for thing in THINGS]
        ann = make_ann(store, None if model is None else model.embed_texts(texts))
    return how_searched(ann)


def how_searched(ann: Ann | None) -> str:
    """In words."""
    return EXACT if ann is None else str(ann)
