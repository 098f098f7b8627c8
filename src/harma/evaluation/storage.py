"""Evaluations on disk: metrics.json for people, the hits of each query for later comparisons."""

import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import DataError, MissingFileError
from harma.evaluation.retrieval import Evaluation, with_baseline
from harma.ground.files import replacing, write_json
from harma.ground.json_text import parse_json
from harma.ground.messages import kind_of
from harma.metrics import Hits

METRICS_FILE = "metrics.json"
# Of the arrays of the bare backbone, in the same file.
BARE_PREFIX = "without_"


def save_evaluation(evaluation: Evaluation, directory: str | Path, **about: Any) -> Path:
    """Write `metrics.json` and `hits_<split>.npz` into a directory.

    Args:
        evaluation: what to write.
        directory: where.
        about: further facts for metrics.json: which split chose the model, trained parameters, …

    Returns:
        The path of metrics.json. Other splits' figures in it stay.

    Raises:
        DataError: the directory has figures of other data for this split, or its metrics.json is
            damaged.
    """
    directory = Path(directory)
    path = directory / METRICS_FILE
    check_place(directory, evaluation.split, evaluation.fingerprint)
    # Figures of other splits stay.
    content = {**_content(path), **about}
    content[evaluation.split] = _figures(evaluation)
    arrays: dict[str, Any] = _arrays("", evaluation)
    if evaluation.without_adapters is not None:
        arrays |= _arrays(BARE_PREFIX, evaluation.without_adapters)
    # Hits first: where metrics.json has a split, its hits are there.
    hits = directory / f"hits_{evaluation.split}.npz"
    with replacing(hits) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    write_json(path, content)
    return path


def check_place(directory: str | Path, split: str, fingerprint: str) -> None:
    """Make sure that an evaluation can be written without losing one of other data.

    Args:
        directory: where it would go.
        split: name of the split.
        fingerprint: of the split.

    Raises:
        DataError: the directory has figures of other data for this split, or its metrics.json is
            damaged.
    """
    # By the fingerprint, not by name: two data sets may both have a split called test.
    figures = _content(Path(directory) / METRICS_FILE).get(split)
    if isinstance(figures, dict) and figures.get("fingerprint") != fingerprint:
        raise DataError(
            f"{directory} has figures of other data for its {split} split"
            f" ({figures.get('num_images')} images); they would be lost. Give another directory"
            " with --output"
        )


def _content(path: Path) -> dict[str, Any]:
    """What metrics.json holds; nothing if it is not there.

    Raises:
        DataError: it is damaged.
    """
    if not path.exists():
        return {}
    if not path.is_file():
        raise DataError(f"{path} is no file; move it away")
    try:
        content = parse_json(path.read_bytes())
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}); move it away") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds {kind_of(content)} instead of figures; move it away")
    return content


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    bare = evaluation.without_adapters
    return {
        "num_images": evaluation.num_images,
        "num_captions": evaluation.num_captions,
        "fingerprint": evaluation.fingerprint,
        "metrics": evaluation.metrics,
        "metrics_without_adapters": bare.metrics if bare else None,
        "chance": evaluation.chance,
        "caption_ceilings": evaluation.ceilings,
    }


def _arrays(prefix: str, evaluation: Evaluation) -> dict[str, Any]:
    """Everything that is known of each query, by its name in the file."""
    arrays: dict[str, Any] = {f"{prefix}caption_to_image": evaluation.caption_to_image}
    for field in fields(Hits):
        # Average precision is None where the split was too large for it.
        of_query = getattr(evaluation.hits, field.name)
        if of_query is not None:
            arrays[f"{prefix}{field.name}"] = of_query
    return arrays


def load_evaluation(directory: str | Path, split: str = "test") -> Evaluation:
    """Read an evaluation that `save_evaluation` wrote, without embeddings.

    Raises:
        MissingFileError: there is none for this split.
        DataError: the files are damaged.
    """
    directory = Path(directory)
    path = directory / METRICS_FILE
    arrays = directory / f"hits_{split}.npz"
    if not path.is_file() or not arrays.is_file():
        raise MissingFileError(
            f"{directory} holds no evaluation of the {split} split ({path.name}, {arrays.name})"
        )
    try:
        content = _content(path)[split]
        # A file from elsewhere must not run code.
        with np.load(arrays, allow_pickle=False) as file:
            stored = dict(file)
    except (ValueError, LookupError, EOFError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"the evaluation in {directory} is damaged ({error}); evaluate again"
        ) from error
    try:
        evaluation = _rebuilt(split, content, stored, "", content["metrics"])
        if content["metrics_without_adapters"] is None:
            return evaluation
        bare = _rebuilt(split, content, stored, BARE_PREFIX, content["metrics_without_adapters"])
    except (LookupError, TypeError) as error:
        raise DataError(
            f"the evaluation in {directory} is damaged ({error!r}); evaluate again"
        ) from error
    return with_baseline(evaluation, bare)


def _rebuilt(
    split: str,
    content: dict[str, Any],
    stored: dict[str, NDArray[Any]],
    prefix: str,
    metrics: dict[str, float],
) -> Evaluation:
    """An evaluation, or that of its baseline, from what the two files hold.

    Raises:
        LookupError: something is missing.
        TypeError: something is of another kind.
    """
    if not isinstance(metrics, dict):
        raise TypeError("no metrics")
    of_query: dict[str, Any] = {
        field.name: stored.get(f"{prefix}{field.name}") for field in fields(Hits)
    }
    return Evaluation(
        split=split,
        num_images=content["num_images"],
        num_captions=content["num_captions"],
        fingerprint=content["fingerprint"],
        metrics=metrics,
        hits=Hits(**of_query),
        caption_to_image=stored[f"{prefix}caption_to_image"],
        embedded=None,
        without_adapters=None,
        chance=content["chance"],
        ceilings=content["caption_ceilings"],
    )
