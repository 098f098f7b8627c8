"""The vocabulary of a data set (`harma data vocabulary`): terms with counts and TF-IDF."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harma.curation.vocabulary.counting import UNCUT_WORDS, CaptionCounts, TermCounts
from harma.data.captions import clean_caption
from harma.errors import ConfigError, DataError

CountPieces = Callable[[str], int]
"""Text → into how many pieces a model's tokenizer cuts it."""
Tag = Callable[[Sequence[str]], dict[str, str]]
"""Captions → part of speech of each word."""


@dataclass(frozen=True)
class VocabularyTerm:
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

    @property
    def usual_form(self) -> str:
        """As it is written most often."""
        return next(iter(self.forms))


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

    terms: tuple[VocabularyTerm, ...]
    num_captions: int
    num_images: int
    labels: tuple[str, ...]
    num_words: int
    num_stop_words: int
    num_rare: int

    def of_label(self, label: str, most: int = 10) -> tuple[VocabularyTerm, ...]:
        """The terms most typical of a label.

        Raises:
            DataError: there is no such label.
        """
        if label not in self.labels:
            labels = ", ".join(self.labels) or "none"
            raise DataError(f"there is no label {label!r}; there are {labels}")
        # Terms as typical by the alphabet, so that two runs give one list.
        having = [term for term in self.terms if label in term.tfidf]
        return tuple(sorted(having, key=lambda term: (-term.tfidf[label], term.text))[:most])


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
    # Without images each caption stands for one of its own.
    if images is None:
        images = range(len(captions))
    if labels is None:
        labels = [None] * len(captions)
    _check_lengths(captions, images, labels)
    counted = CaptionCounts()
    for number, (caption, image, label) in enumerate(zip(captions, images, labels, strict=True)):
        counted.add(number, caption, image, label, pairs)
    # Weights before rare terms go: they are part of what a label's captions say.
    names = tuple(sorted({label for label in labels if label is not None}))
    weights = _tfidf(counted.terms, len(names))
    describe = _Describer(_parts_of_speech(captions, tag), count_pieces)
    terms = [
        describe(text, counts, weights[text])
        for text, counts in counted.terms.items()
        if counts.forms.total() >= min_count
    ]
    return Vocabulary(
        terms=tuple(sorted(terms, key=lambda term: (-term.count, term.text))),
        num_captions=len(captions),
        num_images=len(set(images)),
        labels=names,
        num_words=counted.num_words,
        num_stop_words=counted.num_stop_words,
        num_rare=len(counted.terms) - len(terms),
    )


def _check_lengths(
    captions: Sequence[str], images: Sequence[int], labels: Sequence[object]
) -> None:
    """Raise if there is nothing to count, or not one image and one label for each caption."""
    if not captions or not len(captions) == len(images) == len(labels):
        raise DataError(
            f"a vocabulary needs captions, and an image and a label of each; got {len(captions)}"
            f" captions, {len(images)} images, {len(labels)} labels"
        )


def _parts_of_speech(captions: Sequence[str], tag: Tag | None) -> dict[str, str]:
    """Part of speech of each word; {} where nothing tags."""
    if tag is None:
        return {}
    # Whole captions: a tagger goes by what stands around a word.
    return tag([clean_caption(caption, UNCUT_WORDS) for caption in captions])


def _tfidf(counted: dict[str, TermCounts], num_labels: int) -> dict[str, dict[str, float]]:
    """Term → label → weight; rare terms count too, as they are part of a label's captions."""
    totals: Counter[str] = Counter()
    for counts in counted.values():
        totals.update(counts.labels)
    weights: dict[str, dict[str, float]] = {}
    for text, counts in counted.items():
        # Smoothed as scikit-learn does: a term of all labels still counts 1.
        rarity = math.log((1 + num_labels) / (1 + len(counts.labels))) + 1
        shares = {label: count / totals[label] for label, count in sorted(counts.labels.items())}
        weights[text] = {label: share * rarity for label, share in shares.items()}
    return weights


@dataclass(frozen=True)
class _Describer:
    """Makes terms of their counts.

    Attributes:
        parts: word → part of speech.
        count_pieces: counts the pieces of a text.
    """

    parts: dict[str, str]
    count_pieces: CountPieces | None

    def __call__(self, text: str, counts: TermCounts, tfidf: dict[str, float]) -> VocabularyTerm:
        # The most frequent first; of those as frequent, by the alphabet.
        forms = dict(sorted(counts.forms.items(), key=lambda item: (-item[1], item[0])))
        usual = next(iter(forms))
        num_pieces = None
        if self.count_pieces is not None:
            num_pieces = self.count_pieces(usual)
        return VocabularyTerm(
            text=text,
            num_words=len(text.split()),
            count=counts.forms.total(),
            num_captions=len(counts.captions),
            num_images=len(counts.images),
            forms=forms,
            tfidf=tfidf,
            part_of_speech=self.parts.get(usual.split()[-1], ""),
            num_pieces=num_pieces,
        )
