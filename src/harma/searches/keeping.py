"""A search is made ready to be kept: uploaded pictures become vectors, all it says is tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harma.errors import QueryError
from harma.index.ask_json import Named, Uploaded, asked_of, no_source, no_upload, said
from harma.index.filters import filter_of, times_of
from harma.index.index import Index
from harma.index.tiles import embed_picture

# Digits of a number of a vector: more are noise in float32.
DIGITS = 7
LARGEST = float(np.finfo(np.float32).max)


def kept_asked(
    values: Mapping[str, Any],
    index: Index,
    *,
    uploaded: Uploaded = no_upload,
    named: Named = no_source,
) -> dict[str, Any]:
    """A search as it can be kept.

    Uploads are gone in an hour: of their pictures the vectors are kept, by the model of the index.

    Args:
        values: of JSON (`harma.index.ask_json`).
        index: that is searched.
        uploaded: gives an uploaded picture by its id.
        named: gives the name of a source by its id.

    Returns:
        JSON without uploads.

    Raises:
        QueryError: what it says is not usable.
    """
    asked = asked_of(values, uploaded=uploaded, named=named)
    # What only searching would find: dates, areas, their order.
    filter_of(asked.where)
    times_of(asked.where)
    kept = said(values)
    if "image" in kept:
        kept["image"] = _kept(kept["image"], index, uploaded)
    for name in ("like", "unlike"):
        if name in kept:
            kept[name] = [_kept(example, index, uploaded) for example in kept[name]]
    return kept


def model_of_vectors(asked: Mapping[str, Any], index: Index) -> str:
    """The fingerprint of the index's model where a search holds vectors of it, else ""."""
    examples = [asked.get("image", {}), *asked.get("like", ()), *asked.get("unlike", ())]
    if any("vector" in example for example in examples):
        return index.store.settings.model_id
    return ""


def without_numbers(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A search for people to read: of its vectors, which nobody can, only that they are there."""
    shown = dict(asked)
    if "image" in shown:
        shown["image"] = _without_numbers(shown["image"])
    for name in ("like", "unlike"):
        if name in shown:
            shown[name] = [_without_numbers(example) for example in shown[name]]
    return shown


def _without_numbers(example: Mapping[str, Any]) -> dict[str, Any]:
    if "vector" not in example:
        return dict(example)
    return {**example, "vector": "of a picture"}


def _kept(example: Mapping[str, Any], index: Index, uploaded: Uploaded) -> dict[str, Any]:
    if "vector" in example:
        _check_vector(example["vector"], index.store.settings.embed_dim)
    if "upload" not in example:
        return dict(example)
    picture = uploaded(example["upload"])
    settings = index.store.settings
    embedded = embed_picture(
        index.embedder, picture, settings.tiles, are_values=settings.reading.values is not None
    )
    kept = {name: value for name, value in example.items() if name != "upload"}
    return {"vector": [float(f"{number:.{DIGITS}g}") for number in embedded], **kept}


def _check_vector(vector: Any, embed_dim: int) -> None:
    is_list = isinstance(vector, Sequence) and not isinstance(vector, str)
    if not is_list or not all(isinstance(number, int | float) for number in vector):
        raise QueryError("a vector to look for is a list of numbers")
    if len(vector) != embed_dim:
        raise QueryError(
            f"a vector to look for has {len(vector):,} numbers, the index's embeddings"
            f" {embed_dim}; give one of the index's model"
        )
    # NaN is in no order; an integer may be larger than any float.
    if not all(abs(number) <= LARGEST for number in vector):
        raise QueryError("a vector to look for holds a number that is not finite in float32")
