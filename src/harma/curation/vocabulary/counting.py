"""Counting terms: single words in the singular, and two that follow each other."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from harma.curation.vocabulary.lemmas import lemma_of
from harma.curation.vocabulary.stop_words import STOP_WORDS
from harma.data.captions import clean_caption

# Two words belong together only if nothing stands between them.
CLAUSE_END = re.compile(r"[.,;:!?()]+")
# Words of a caption: here captions are counted as they are.
UNCUT_WORDS = 10**6


class SpokenTerm(NamedTuple):
    """A term as it stands in a caption."""

    text: str
    """In the singular."""
    form: str
    """As it is written."""


@dataclass
class TermCounts:
    """What is counted of a term."""

    forms: Counter[str] = field(default_factory=Counter)
    captions: set[int] = field(default_factory=set)
    images: set[int] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)


@dataclass
class CaptionCounts:
    """What is counted of captions.

    Attributes:
        terms: text of a term → its counts.
        num_words: of all captions, stop words among them.
        num_stop_words: of these, the stop words.
    """

    terms: dict[str, TermCounts] = field(default_factory=dict)
    num_words: int = 0
    num_stop_words: int = 0

    def add(self, index: int, caption: str, image: int, label: str | None, pairs: bool) -> None:
        """Count a caption.

        Args:
            index: of the caption.
            caption: as annotated, or cleaned.
            image: it is of.
            label: of the image.
            pairs: also take terms of two words.
        """
        for words in clauses(caption):
            self.num_words += len(words)
            self.num_stop_words += sum(word in STOP_WORDS for word in words)
            for term in terms_of_clause(words, pairs=pairs):
                counts = self.terms.setdefault(term.text, TermCounts())
                counts.forms[term.form] += 1
                counts.captions.add(index)
                counts.images.add(image)
                if label is not None:
                    counts.labels[label] += 1


def terms_of(caption: str, *, pairs: bool = True) -> tuple[str, ...]:
    """The distinct terms of one caption, as `build_vocabulary` finds them, in the order they come.

    Raises:
        MissingDependencyError: simplemma is not installed.
    """
    terms: dict[str, None] = {}
    for words in clauses(caption):
        terms |= dict.fromkeys(term.text for term in terms_of_clause(words, pairs=pairs))
    return tuple(terms)


def clauses(caption: str) -> Iterator[list[str]]:
    """The cleaned words of each part of a caption between `. , ; : ! ? ( )`."""
    for part in CLAUSE_END.split(caption):
        yield clean_caption(part, UNCUT_WORDS).split()


def terms_of_clause(words: Sequence[str], *, pairs: bool) -> list[SpokenTerm]:
    """The terms of a clause: single words first, then those of two words if `pairs`."""
    # None stands for a word that names nothing: what it separates is no pair.
    content = [_term_of_word(word) for word in words]
    terms = [term for term in content if term is not None]
    if pairs:
        for first, second in pairwise(content):
            if first is not None and second is not None:
                text = f"{first.text} {second.text}"
                terms.append(SpokenTerm(text, f"{first.form} {second.form}"))
    return terms


def _term_of_word(word: str) -> SpokenTerm | None:
    lemma = lemma_of(word)
    if lemma is None:
        return None
    return SpokenTerm(lemma, word)
