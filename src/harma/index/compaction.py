"""Compaction: small files joined, and the ANN index made when it pays and kept up to date."""

from harma.ground.progress import AdvancePart, not_told
from harma.index.ann import Ann, forget_ann, pays, read_ann
from harma.index.ann_tuning import make_ann
from harma.index.contract import StoreWriter
from harma.index.embedder import QueryEmbedder

EXACT = "exact: every chip is compared"
# A search looks into each file.
MANY_FILES = 32
# Chips that the ANN index does not know are compared one by one: more than this share is slow.
UNINDEXED = 0.05
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
    ann = read_ann(store)
    if force or _is_scattered(store, ann):
        progress("joining files", 0, 1)
        store.compact()
    if pays(store):
        progress("making the ANN index", 0, 1)
        texts = None
        if model is not None:
            texts = model.embed_texts(texts_to_measure())
        ann = make_ann(store, texts)
    return how_searched(ann)


def _is_scattered(store: StoreWriter, ann: Ann | None) -> bool:
    """Whether chips lie in many files, or many of them beside the ANN index."""
    if store.num_files() > MANY_FILES:
        return True
    return ann is not None and store.num_unindexed() > UNINDEXED * store.count()


def texts_to_measure() -> list[str]:
    """Every thing in every surrounding; the first ones are the things alone."""
    texts = []
    for around in SURROUNDINGS:
        texts += [thing + around for thing in THINGS]
    return texts


def how_searched(ann: Ann | None) -> str:
    """In words."""
    return EXACT if ann is None else str(ann)
