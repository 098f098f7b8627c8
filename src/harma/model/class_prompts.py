"""Prompts of classes: templates, names in words, and what a vocabulary says is typical of a class.

A class is several prompts, since one wording is a matter of luck (Radford et al. 2021, section
3.1.4). They may also name what is typical of a class ("beach, wave"), in the way of the
descriptions of Menon and Vondrick (2023, arXiv 2210.07183).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harma.curation.vocabulary.label_terms import read_label_terms
from harma.errors import ConfigError
from harma.model.checked_inputs import check_distinct, check_texts

TEMPLATES = (
    "an aerial photo of {}.",
    "a satellite image of {}.",
    "an overhead view of {}.",
    "{} seen from above.",
    "a remote sensing image that shows {}.",
    "an orthophoto of a place with {}.",
    "a picture of {}, taken from a plane.",
)
MOST_TERMS = 5
"""Terms of a class that its prompts name."""
# Where words begin in a name without spaces: storageTanks, RVPark.
INNER_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SEPARATORS = re.compile(r"[_\-/]+")


@dataclass(frozen=True)
class Prompts:
    """The sentences that stand for a class.

    Attributes:
        plain: of its name alone, one for each template.
        with_terms: of its name and what is typical of it: for each term one for each template.
    """

    plain: tuple[str, ...]
    with_terms: tuple[str, ...] = field(default=())


def class_prompts(
    classes: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    terms: Mapping[str, Sequence[str]] | None = None,
) -> list[Prompts]:
    """The prompts of each class.

    Args:
        classes: names, two or more; see `in_words` for how they are read.
        templates: sentences in which {} stands for the class.
        terms: class → what is typical of it.

    Raises:
        ConfigError: there are fewer than two classes, or no template; two of them say the same; a
            template lacks {}; terms are of a class that is not there.
    """
    terms = terms or {}
    words = _checked_classes(classes)
    _check_templates(templates)
    for name in terms:
        if name not in classes:
            raise ConfigError(
                f"terms are given for {name!r}, which is none of the classes: {', '.join(classes)}"
            )
    return [
        _prompts_of(word, terms.get(name, ()), templates)
        for name, word in zip(classes, words, strict=True)
    ]


def _prompts_of(word: str, terms: Sequence[str], templates: Sequence[str]) -> Prompts:
    with_terms: list[str] = []
    for term in terms:
        # After a comma, as a term may be any part of speech.
        with_terms += _filled(templates, f"{word}, {term}")
    return Prompts(tuple(_filled(templates, word)), tuple(with_terms))


def _filled(templates: Sequence[str], place: str) -> list[str]:
    # Not str.format: other braces of a template are text.
    return [template.replace("{}", place) for template in templates]


def _checked_classes(classes: Sequence[str]) -> list[str]:
    """The classes in words.

    Raises:
        ConfigError: there are fewer than two, or two of them say the same.
    """
    check_texts(classes, "classes")
    words = [in_words(name) for name in classes]
    check_distinct(words, "classes", written=classes)
    # The probability of a single class is 1 whatever the picture shows.
    if len(words) < 2:
        raise ConfigError(
            f"classes holds one class ({classes[0]}); give two or more to choose from"
        )
    return words


def _check_templates(templates: Sequence[str]) -> None:
    """Raise ConfigError unless there are templates, all different, with a place for the class."""
    check_texts(templates, "templates")
    check_distinct(templates, "templates")
    for template in templates:
        if "{}" not in template:
            raise ConfigError(
                f"the template {template!r} lacks {{}}, the place of the class, as in"
                f" {TEMPLATES[0]!r}"
            )


def in_words(name: str) -> str:
    """The name of a class as a person would write it.

    `baseballDiamond`, `storage_tanks`, `dense-residential` become baseball diamond, storage tanks,
    dense residential.
    """
    spaced = INNER_START.sub(" ", name)
    return " ".join(SEPARATORS.sub(" ", spaced).lower().split())


# -- what is typical of a class --------------------------------------------------------------------


def vocabulary_terms(
    path: str | Path, classes: Sequence[str], *, most: int = MOST_TERMS
) -> dict[str, tuple[str, ...]]:
    """What a vocabulary says is typical of classes: `terms` of `classify`.

    Args:
        path: the JSON that `harma data vocabulary --json` writes, of captions with labels.
        classes: names; those that are no label of the vocabulary keep plain prompts.
        most: terms of a class.

    Returns:
        Class → its terms, best first; classes without any are left out.

    Raises:
        MissingFileError: there is no such file.
        DataError: it is no vocabulary, or its captions had no labels.
        ConfigError: none of the classes has a term, or `most` is below 1.
    """
    weights = read_label_terms(path)
    terms = typical_terms(classes, weights, most=most)
    if not terms:
        raise ConfigError(
            f"{path} has no terms for any of the classes; its labels are {', '.join(weights)}"
        )
    return terms


def typical_terms(
    classes: Sequence[str], weights: Mapping[str, Mapping[str, float]], *, most: int = MOST_TERMS
) -> dict[str, tuple[str, ...]]:
    """What is typical of classes, from the vocabulary of captions with labels.

    Left out is what the name of the class says already, and what shares its words with a better
    term.

    Args:
        classes: names.
        weights: label → term → weight, such as TF-IDF (`harma.curation.vocabulary.label_terms`). A
            label belongs to the class of the same letters, whatever its case and separators; of
            several such labels a term has its largest weight.
        most: terms of a class.

    Returns:
        Class → its terms, best first; classes without any are left out.

    Raises:
        ConfigError: most is below 1.
    """
    if most < 1:
        raise ConfigError(f"most is {most}; it must be 1 or more")
    by_letters: dict[str, dict[str, float]] = {}
    for label, of_label in weights.items():
        known = by_letters.setdefault(_letters(label), {})
        for term, weight in of_label.items():
            known[term] = max(weight, known.get(term, weight))
    terms = {}
    for name in classes:
        best = list(_telling_terms(_letters(name), by_letters.get(_letters(name), {})))
        if best:
            terms[name] = tuple(best[:most])
    return terms


def _telling_terms(name: str, weights: Mapping[str, float]) -> Iterator[str]:
    """Terms that say more than the class's letters and the terms before them, best first."""
    said: list[set[str]] = []
    # Equal weights by the alphabet, so that the same vocabulary always gives the same prompts.
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        words = set(term.split())
        is_said = any(words <= other or words >= other for other in said)
        if is_said or _letters(term) in name:
            continue
        said.append(words)
        yield term


def _letters(name: str) -> str:
    return in_words(name).replace(" ", "")
