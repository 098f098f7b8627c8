"""What is typical of a class, read from the JSON that `harma data vocabulary` writes."""

from pathlib import Path
from typing import NamedTuple

from harma.errors import DataError, MissingFileError
from harma.ground.json_text import parse_json

LabelTerms = dict[str, dict[str, float]]
"""Label → term → TF-IDF."""

# Parts of speech that name something; "" where nothing was tagged.
NAMING = ("", "NOUN", "PROPN")
# A vocabulary keeps words of place; at an end of a term they name nothing.
PLACES = frozenset({"near", "nearby", "beside", "besides", "next", "across", "alongside"})


class _WrittenTerm(NamedTuple):
    """A term of the file."""

    text: str
    part_of_speech: str
    weights: dict[str, float]

    @property
    def names_something(self) -> bool:
        words = self.text.split()
        return self.part_of_speech in NAMING and not PLACES & {words[0], words[-1]}


def read_label_terms(path: str | Path) -> LabelTerms:
    """The terms of each label of a vocabulary.

    Without those that begin or end with a word of place; where parts of speech are known, only
    nouns.

    Args:
        path: the JSON that `harma data vocabulary --json` writes.

    Raises:
        MissingFileError: there is no such file.
        DataError: it is no such JSON, or its captions had no labels; the message names the term.
    """
    path = Path(path)
    content = _read_vocabulary(path)
    labels: LabelTerms = {label: {} for label in content["labels"] if isinstance(label, str)}
    for index, entry in enumerate(content["terms"]):
        term = _term(path, index, entry)
        if not term.names_something:
            continue
        for label, weight in term.weights.items():
            labels.setdefault(label, {})[term.text] = weight
    # A vocabulary of plain captions has terms, but nothing to tell classes by.
    if not labels:
        raise DataError(
            f"the vocabulary {path} has no labels; make it of a data set whose images have"
            " label_name"
        )
    return labels


def _read_vocabulary(path: Path) -> dict[str, list[object]]:
    try:
        content = parse_json(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingFileError(
            f"the vocabulary {path} is not there; `harma data vocabulary DATA --json {path}`"
            " writes one"
        ) from error
    except DataError as error:
        raise DataError(error.problem, source=f"the vocabulary {path}") from error
    except OSError as error:
        raise DataError(f"the vocabulary {path} cannot be read ({error.strerror})") from error
    if isinstance(content, dict):
        lists = {key: content.get(key) for key in ("terms", "labels")}
        if all(isinstance(value, list) for value in lists.values()):
            return content
    raise DataError(
        f"{path} is no vocabulary; it must be the JSON that `harma data vocabulary --json` writes"
    )


def _term(path: Path, index: int, entry: object) -> _WrittenTerm:
    needed = "needs a text, and tfidf with a number for each of its labels"
    wrong = DataError(f"terms[{index}] {needed}", source=str(path))
    if not isinstance(entry, dict):
        raise wrong
    text = entry.get("text")
    weights = entry.get("tfidf")
    if not isinstance(text, str) or not text.strip() or not isinstance(weights, dict):
        raise wrong
    if not all(isinstance(weight, int | float) for weight in weights.values()):
        raise wrong
    return _WrittenTerm(text, entry.get("part_of_speech", ""), weights)
