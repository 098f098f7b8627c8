"""Compaction: small files joined, and the ANN index made when it pays and kept up to date."""

import numpy as np
from numpy.typing import NDArray

from harma.ground.progress import AdvancePart, not_told
from harma.index.ann import Ann, forget_ann, pays, read_ann
from harma.index.ann_tuning import make_ann, tuned_again
from harma.index.contract import StoreWriter
from harma.index.embedder import QueryEmbedder

EXACT = "exact: every chip is compared"
# A search looks into each file. Full ones hold so many chips, and stay as they are.
MANY_FILES = 32
CHIPS_IN_FULL_FILE = 1 << 20
# Chips that the ANN index does not know are compared one by one: more than this share, or this
# number, is slow; to look through the nearest 10,000 takes Lance 30 ms without any, 140 ms with.
UNINDEXED = 0.05
MOST_UNINDEXED = 1000
# Of so many more chips than it was measured with, recall is measured again.
MEASURED_AGAIN = 20_000
# Pieces that the ANN index is extended by: each is searched.
MANY_SEGMENTS = 8
# From so many chips on, those of a source are found by an index of the names.
SOURCES_INDEXED = 1_000_000
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


def keep_quick(
    store: StoreWriter,
    model: QueryEmbedder | None,
    progress: AdvancePart = not_told,
    *,
    force: bool = False,
    num_workers: int = 1,
) -> str:
    """Do what makes searches quicker, where it is worth its time.

    Args:
        store: of the index; nobody else writes it now.
        model: embeds the texts that recall is measured on; None measures on chips alone.
        progress: told of what takes long.
        force: join files and make the ANN index anew, however little has changed.
        num_workers: processes that make the ANN index.

    Returns:
        How the index is searched now.
    """
    if force:
        forget_ann(store)
    ann = read_ann(store)
    is_joined = force or _is_scattered(store, ann)
    if is_joined:
        _join(store, progress)
    if pays(store) or not _is_bounded(store, ann):
        progress("making the ANN index", 0, 1)
        ann = make_ann(store, _embedded_texts(model), num_workers=num_workers)
    elif ann is not None and is_joined and _is_outgrown(store, ann):
        progress("measuring the ANN index", 0, 1)
        ann = tuned_again(store, _embedded_texts(model), ann)
    return how_searched(ann)


def _join(store: StoreWriter, progress: AdvancePart) -> None:
    """Join files; the ANN index and that of names learn of new chips."""
    progress("joining files", 0, 1)
    if store.count() >= SOURCES_INDEXED:
        store.index_sources()
    store.compact()


def _is_scattered(store: StoreWriter, ann: Ann | None) -> bool:
    """Whether chips lie in many files, or many of them beside the ANN index."""
    count = store.count()
    if store.num_files() > MANY_FILES + count // CHIPS_IN_FULL_FILE:
        return True
    return ann is not None and store.num_unindexed() > min(UNINDEXED * count, MOST_UNINDEXED)


def _is_outgrown(store: StoreWriter, ann: Ann) -> bool:
    """Whether an index has so many more chips that its recall may be another."""
    measured = ann.num_measured or ann.num_chips
    return store.count() - measured > min(UNINDEXED * measured, MEASURED_AGAIN)


def _is_bounded(store: StoreWriter, ann: Ann | None) -> bool:
    """Whether an ANN index, if there is one, is in few pieces, or could be brought into few."""
    if ann is None or store.num_segments() <= MANY_SEGMENTS:
        return True
    if not store.merge_segments():
        return False
    # Files of several pieces were kept apart.
    store.compact()
    return True


def _embedded_texts(model: QueryEmbedder | None) -> NDArray[np.float32] | None:
    return None if model is None else model.embed_texts(texts_to_measure())


def texts_to_measure() -> list[str]:
    """Every thing in every surrounding; the first ones are the things alone."""
    texts = []
    for around in SURROUNDINGS:
        texts += [thing + around for thing in THINGS]
    return texts


def how_searched(ann: Ann | None) -> str:
    """In words."""
    return EXACT if ann is None else str(ann)
