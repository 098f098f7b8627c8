"""Evaluations on disk: metrics.json for people, the hits of each query for later comparisons."""

import json
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from harma.errors import DataError, MissingFileError
from harma.evaluation.retrieval import Evaluation
from harma.ground.files import replacing, write_json
from harma.metrics import Hits


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
    path = directory / "metrics.json"
    check_place(directory, evaluation.split, evaluation.fingerprint)
    content = {**_content(path), **about}
    content[evaluation.split] = _figures(evaluation)
    with (
        replacing(directory / f"hits_{evaluation.split}.npz") as temporary,
        temporary.open("wb") as file,
    ):
        np.savez_compressed(
            file, **_arrays("", evaluation), **_arrays("without_", evaluation.without_adapters)
        )
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
    kept = _content(Path(directory) / "metrics.json").get(split)
    if isinstance(kept, dict) and kept.get("fingerprint") != fingerprint:
        raise DataError(
            f"{directory} has figures of other data for its {split} split ({kept.get('num_images')}"
            " images); they would be lost. Give another directory with --output"
        )


def _content(path: Path) -> dict[str, Any]:
    """What metrics.json holds; nothing if it is not there.

    Raises:
        DataError: it is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error}); move it away") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds {type(content).__name__} instead of figures; move it away")
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


def _arrays(prefix: str, evaluation: Evaluation | None) -> dict[str, Any]:
    if evaluation is None:
        return {}
    hits = {f.name: getattr(evaluation.hits, f.name) for f in fields(Hits)}
    arrays = {name: value for name, value in hits.items() if value is not None}
    return {
        prefix + name: value
        for name, value in [*arrays.items(), ("caption_to_image", evaluation.caption_to_image)]
    }


def load_evaluation(directory: str | Path, split: str = "test") -> Evaluation:
    """Read an evaluation that `save_evaluation` wrote, without embeddings.

    Raises:
        MissingFileError: there is none for this split.
        DataError: the files are damaged.
    """
    directory = Path(directory)
    path, arrays = directory / "metrics.json", directory / f"hits_{split}.npz"
    if not path.is_file() or not arrays.is_file():
        raise MissingFileError(
            f"{directory} holds no evaluation of the {split} split ({path.name}, {arrays.name})"
        )
    try:
        content = _content(path)[split]
        with np.load(arrays, allow_pickle=False) as file:
            stored = dict(file)
    except (ValueError, LookupError, EOFError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"the evaluation in {directory} is damaged ({error}); evaluate again"
        ) from error
    try:
        bare = _rebuilt(split, content, stored, "without_", "metrics_without_adapters", None)
        own = _rebuilt(split, content, stored, "", "metrics", bare)
    except (LookupError, TypeError) as error:
        raise DataError(
            f"the evaluation in {directory} is damaged ({error!r}); evaluate again"
        ) from error
    if own is None:
        raise DataError(f"the evaluation in {directory} is damaged (no metrics); evaluate again")
    return own


def _rebuilt(
    split: str,
    content: dict[str, Any],
    stored: dict[str, Any],
    prefix: str,
    metrics: str,
    bare: Evaluation | None,
) -> Evaluation | None:
    if content[metrics] is None:
        return None
    of_query: dict[str, Any] = {f.name: stored.get(prefix + f.name) for f in fields(Hits)}
    return Evaluation(
        split=split,
        num_images=content["num_images"],
        num_captions=content["num_captions"],
        fingerprint=content["fingerprint"],
        metrics=content[metrics],
        hits=Hits(**of_query),
        caption_to_image=stored[prefix + "caption_to_image"],
        embedded=None,
        without_adapters=bare,
        chance=content["chance"],
        ceilings=content["caption_ceilings"],
    )
