"""What is typical of a label, read from the JSON that `harma data vocabulary` writes."""

import json
from pathlib import Path
from typing import Any

from harma.errors import DataError, MissingFileError

LabelTerms = dict[str, dict[str, float]]
"""Label → term → TF-IDF."""

# Parts of speech that name something; "" where nothing was tagged.
NAMING = ("", "NOUN", "PROPN")
# A vocabulary keeps words of place; at an end of a term they name nothing.
PLACES = frozenset({"near", "nearby", "beside", "besides", "next", "across", "alongside"})


def read_label_terms(path: str | Path) -> LabelTerms:
    """The terms of each label of a vocabulary, but for those that begin or end with a word of place.

    Where parts of speech are known, only nouns.

    Args:
        path: the JSON that `harma data vocabulary --json` writes.

    Raises:
        MissingFileError: there is no such file.
        DataError: it is no such JSON, or its captions had no labels; the message names the term.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise MissingFileError(
            f"the vocabulary {path} is not there; `harma data vocabulary DATA --json {path}`"
            " writes one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"the vocabulary {path} is not JSON ({error})") from error
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("terms", "labels")
    ):
        raise DataError(
            f"{path} is no vocabulary; it must be the JSON that `harma data vocabulary --json`"
            " writes"
        )
    found: LabelTerms = {label: {} for label in content["labels"] if isinstance(label, str)}
    for number, term in enumerate(content["terms"]):
        for label, weight in _weights(path, number, term).items():
            words = term["text"].split()
            if term.get("part_of_speech", "") in NAMING and not PLACES & {words[0], words[-1]}:
                found.setdefault(label, {})[term["text"]] = weight
    if not found:
        raise DataError(
            f"the vocabulary {path} has no labels; make it of a data set whose images have"
            " label_name"
        )
    return found


def _weights(path: Path, number: int, term: Any) -> dict[str, float]:
    weights = term.get("tfidf") if isinstance(term, dict) else None
    if (
        not isinstance(weights, dict)
        or not isinstance(term.get("text"), str)
        or not term["text"].strip()
        or not all(isinstance(weight, int | float) for weight in weights.values())
    ):
        raise DataError(
            f"{path}: terms[{number}] needs a text, and tfidf with a number for each of its labels"
        )
    return weights
