"""The vocabulary of captions (`harma data vocabulary`): terms with counts, and what is typical of a label."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from harma.curation.vocabulary.lemmas import singular
from harma.curation.vocabulary.stop_words import STOP_WORDS
from harma.data.captions import clean_caption
from harma.errors import ConfigError, DataError

CountPieces = Callable[[str], int]
"""Text → into how many pieces a model's tokenizer cuts it."""
Tag = Callable[[Sequence[str]], dict[str, str]]
"""Captions → part of speech of each word."""

# Two words belong together only if nothing stands between them.
CLAUSE_END = re.compile(r"[.,;:!?()]+")


@dataclass(frozen=True)
class Term:
    """A word, or two that follow each other.

    Attributes:
        text: in the singular.
        num_words: 1 or 2.
        count: how often it comes.
        num_captions: captions that have it (document frequency).
        num_images: images with such a caption.
        forms: as it is written → how often.
        tfidf: label → weight of the term in the captions of the label, for those that have it.
        part_of_speech: such as "NOUN", of the last word; "" where nothing tagged it.
        num_pieces: pieces that the tokenizer makes of its most frequent form; None without a
            tokenizer.
    """

    text: str
    num_words: int
    count: int
    num_captions: int
    num_images: int
    forms: dict[str, int]
    tfidf: dict[str, float] = field(default_factory=dict)
    part_of_speech: str = ""
    num_pieces: int | None = None

    @property
    def is_split(self) -> bool:
        """The tokenizer cuts a word of it into pieces."""
        return self.num_pieces is not None and self.num_pieces > self.num_words


@dataclass(frozen=True)
class Vocabulary:
    """The terms of captions.

    Attributes:
        terms: the most frequent first.
        num_captions: captions that were read.
        num_images: images they are of.
        labels: in alphabetical order; () without labels.
        num_words: words of all captions, stop words among them.
        num_stop_words: of these, the stop words.
        num_rare: terms left out because they come too seldom.
    """

    terms: tuple[Term, ...]
    num_captions: int
    num_images: int
    labels: tuple[str, ...]
    num_words: int
    num_stop_words: int
    num_rare: int

    def of_label(self, label: str, most: int = 10) -> tuple[Term, ...]:
        """The terms most typical of a label.

        Raises:
            DataError: there is no such label.
        """
        if label not in self.labels:
            raise DataError(
                f"there is no label {label!r}; there are {', '.join(self.labels) or 'none'}"
            )
        having = [term for term in self.terms if label in term.tfidf]
        return tuple(sorted(having, key=lambda term: (-term.tfidf[label], term.text))[:most])


@dataclass
class _Counts:
    """What is counted of a term."""

    forms: Counter[str] = field(default_factory=Counter)
    captions: set[int] = field(default_factory=set)
    images: set[int] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)


def build_vocabulary(
    captions: Sequence[str],
    *,
    images: Sequence[int] | None = None,
    labels: Sequence[str | None] | None = None,
    min_count: int = 2,
    pairs: bool = True,
    count_pieces: CountPieces | None = None,
    tag: Tag | None = None,
) -> Vocabulary:
    """Count the terms of captions.

    Captions are cut at `. , ; : ! ? ( )`, cleaned as everywhere (SPEC 3), and stop words dropped; a
    term of two words is two words of one such part with nothing between them. TF-IDF takes the
    captions of a label for one document: the share of its terms times ln((1 + labels) / (1 + labels
    with the term)) + 1.

    Args:
        captions: (M,) as annotated, or cleaned.
        images: (M,) image of each caption; None: each has its own.
        labels: (M,) label of each caption's image, None where it has none.
        min_count: terms that come less often are left out and counted.
        pairs: also take terms of two words.
        count_pieces: counts the pieces of a text; see `harma.backbones`.
        tag: finds parts of speech; see `harma.curation.vocabulary.tagging`.

    Raises:
        ConfigError: `min_count` is below 1.
        DataError: there are no captions, or lengths differ.
        MissingDependencyError: simplemma is not installed.
    """
    if min_count < 1:
        raise ConfigError(f"min_count is {min_count}; it must be 1 or more")
    owners = list(range(len(captions))) if images is None else list(images)
    classes: list[str | None] = [None] * len(captions) if labels is None else list(labels)
    if not captions or not len(captions) == len(owners) == len(classes):
        raise DataError(
            f"a vocabulary needs captions, and an image and a label of each; got {len(captions)}"
            f" captions, {len(owners)} images, {len(classes)} labels"
        )
    counts: dict[str, _Counts] = {}
    words = stops = 0
    for number, (caption, image, label) in enumerate(zip(captions, owners, classes, strict=True)):
        for part in CLAUSE_END.split(caption):
            spoken = clean_caption(part, 10**6).split()
            words += len(spoken)
            stops += sum(word in STOP_WORDS for word in spoken)
            for term, form in _terms(spoken, pairs):
                own = counts.setdefault(term, _Counts())
                own.forms[form] += 1
                own.captions.add(number)
                own.images.add(image)
                if label is not None:
                    own.labels[label] += 1
    kept = {term: own for term, own in counts.items() if own.forms.total() >= min_count}
    parts_of_speech = (
        tag([clean_caption(caption, 10**6) for caption in captions]) if tag is not None else {}
    )
    names = tuple(sorted({label for label in classes if label is not None}))
    weights = _tfidf(counts, names)
    terms = [
        _term(text, own, weights.get(text, {}), parts_of_speech, count_pieces)
        for text, own in kept.items()
    ]
    return Vocabulary(
        tuple(sorted(terms, key=lambda term: (-term.count, term.text))),
        len(captions),
        len(set(owners)),
        names,
        words,
        stops,
        len(counts) - len(kept),
    )


def terms_of(caption: str, *, pairs: bool = True) -> tuple[str, ...]:
    """The distinct terms of one caption, as `build_vocabulary` finds them, in the order they come.

    Raises:
        MissingDependencyError: simplemma is not installed.
    """
    parts = (clean_caption(part, 10**6).split() for part in CLAUSE_END.split(caption))
    return tuple(dict.fromkeys(term for words in parts for term, _ in _terms(words, pairs)))


def _terms(words: Sequence[str], pairs: bool) -> list[tuple[str, str]]:
    """(term, as it is written) of the words of a clause."""
    # Numbers alone name nothing.
    content = [
        (
            (singular(word), word)
            if word not in STOP_WORDS and any(c.isalpha() for c in word)
            else None
        )
        for word in words
    ]
    found = [item for item in content if item is not None]
    if pairs:
        for first, second in pairwise(content):
            if first is not None and second is not None:
                found.append((f"{first[0]} {second[0]}", f"{first[1]} {second[1]}"))
    return found


def _tfidf(counts: dict[str, _Counts], labels: Sequence[str]) -> dict[str, dict[str, float]]:
    totals: Counter[str] = Counter()
    for own in counts.values():
        totals.update(own.labels)
    return {
        text: {
            label: count / totals[label] * (math.log((1 + len(labels)) / (1 + len(own.labels))) + 1)
            for label, count in sorted(own.labels.items())
        }
        for text, own in counts.items()
    }


def _term(
    text: str,
    own: _Counts,
    tfidf: dict[str, float],
    parts: dict[str, str],
    count_pieces: CountPieces | None,
) -> Term:
    forms = dict(sorted(own.forms.items(), key=lambda item: (-item[1], item[0])))
    usual = next(iter(forms))
    return Term(
        text,
        len(text.split()),
        own.forms.total(),
        len(own.captions),
        len(own.images),
        forms,
        tfidf,
        parts.get(usual.split()[-1], ""),
        None if count_pieces is None else count_pieces(usual),
    )
