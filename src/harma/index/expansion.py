"""Query expansion: a short text is joined by captions and phrases that hold its words.

A model that learned from sentences embeds two words poorly. The captions that hold them say what it
learned of the thing: with t the embedding of a text,

    v = unit(t + 1.5 c + 1.0 p)

where c is the direction of captions that hold the terms of the text, and p that of phrases of our
own for these terms. Half of what all captions have in common is taken from each. Longer texts are
what the model was trained on, and stay as they are.

The rule and its weights were chosen on validation data (docs/results.md).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.index.embedder import EmbeddedCaptions, QueryEmbedder
from harma.index.search_terms import SearchTerm, TermGroup, find_terms, term_list

Embedding = NDArray[np.float32]
Rows = NDArray[np.intp]

MOST_TERMS = 4
"""A text of more terms is a sentence, which is not expanded."""
CAPTION_WEIGHT = 1.5
PHRASE_WEIGHT = 1.0
# The share of what all captions have in common that is taken from a mean.
COMMON_SHARE = 0.5
# Captions of a part whose mean is taken: of more, some that lie evenly have the same.
MOST_AVERAGED = 1000
EXAMPLES_SHOWN = 3
# Expansions that are kept, 2 KB each.
MOST_KEPT = 2000
# A sum of unit vectors that is shorter has no direction to speak of.
SHORTEST = 1e-6
_NO_ROWS: Rows = np.empty(0, dtype=np.intp)
# Stands for the captions of an embedder that knows nothing of them.
_NOT_ASKED: Any = object()


@dataclass(frozen=True)
class Expansion:
    """What a text of a query was joined by.

    Attributes:
        text: as it was asked.
        terms: what it names, as it was understood.
        num_captions: captions of training that joined it.
        examples: up to three of them.
        num_phrases: phrases of HarMA's own list that joined it.
    """

    text: str
    terms: tuple[str, ...]
    num_captions: int
    examples: tuple[str, ...]
    num_phrases: int

    def __str__(self) -> str:
        """In words, such as `"tanks": 12 captions of training ("…", "…"), 4 phrases`."""
        parts = []
        if self.num_captions:
            examples = ", ".join(f'"{_printable(example)}"' for example in self.examples)
            parts.append(f"{_counted(self.num_captions, 'caption')} of training ({examples})")
        if self.num_phrases:
            parts.append(_counted(self.num_phrases, "phrase"))
        return f'"{_printable(self.text)}": {", ".join(parts)}'

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "text": self.text,
            "terms": list(self.terms),
            "num_captions": self.num_captions,
            "examples": list(self.examples),
            "num_phrases": self.num_phrases,
        }


def _counted(number: int, what: str) -> str:
    """As "1 caption", "12 captions"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _printable(text: str) -> str:
    """A text without signs that steer a terminal: captions may be a stranger's."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


@dataclass(frozen=True, eq=False)
class _Joined:
    """What joins the embedding of a text: a sum of directions, and what they are of."""

    total: Embedding
    captions: Rows
    num_phrases: int


class Expander:
    """Expands the texts of queries by the captions of a model and by phrases.

    Threads may share it. What it found is kept, so that a text which was expanded before, and after
    `warm_up` any text, costs next to nothing.

    Args:
        embedder: gives what embeds; called when there is a text to expand. One that has no
            attribute `captions` embeds alone, and nothing is expanded.
    """

    def __init__(self, embedder: Callable[[], QueryEmbedder]) -> None:
        self._embedder = embedder
        self._phrases: dict[TermGroup, Embedding] = {}
        self._kept: OrderedDict[tuple[SearchTerm, ...], _Joined | None] = OrderedDict()
        # Those that `_kept` was found with: who sets others is answered by them.
        self._kept_of: EmbeddedCaptions | None = None
        self._lock = Lock()

    def expand(self, text: str, vector: Embedding) -> tuple[Embedding, Expansion | None]:
        """Join a text by what holds its words.

        Args:
            text: as it was asked.
            vector: its embedding (E,), L2-normalised.

        Returns:
            The embedding to search by (E,), L2-normalised, and what joined it; the same vector and
            None where nothing does.

        Raises:
            WeightsError: the model's captions are damaged.
            ModelMismatchError: they are another model's.
        """
        terms = find_terms(text)
        if len(terms) > MOST_TERMS or all(term.is_qualifier for term in terms):
            return vector, None
        embedder = self._embedder()
        captions = getattr(embedder, "captions", _NOT_ASKED)
        if captions is _NOT_ASKED:
            return vector, None
        joined = self._joined(terms, embedder, captions)
        if joined is None:
            return vector, None
        examples: tuple[str, ...] = ()
        if captions is not None:
            shown = _evenly(joined.captions, EXAMPLES_SHOWN)
            examples = tuple(captions.captions[row] for row in shown)
        expansion = Expansion(
            text, tuple(map(str, terms)), len(joined.captions), examples, joined.num_phrases
        )
        return _unit(vector + joined.total), expansion

    def warm_up(self) -> None:
        """Read the captions and embed all phrases, before anybody waits."""
        embedder = self._embedder()
        captions = getattr(embedder, "captions", _NOT_ASKED)
        if captions is _NOT_ASKED:
            return
        self._embed(term_list().groups, embedder)
        if captions is not None:
            captions.holding(["roads"])
            _ = captions.mean

    def _joined(
        self,
        terms: tuple[SearchTerm, ...],
        embedder: QueryEmbedder,
        captions: EmbeddedCaptions | None,
    ) -> _Joined | None:
        """What joins a text of these terms; kept from the time before."""
        with self._lock:
            if self._kept_of is not captions:
                self._kept.clear()
                self._kept_of = captions
            if terms in self._kept:
                self._kept.move_to_end(terms)
                return self._kept[terms]
        joined = self._join(terms, embedder, captions)
        with self._lock:
            if self._kept_of is captions:
                self._kept[terms] = joined
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return joined

    def _join(
        self,
        terms: Sequence[SearchTerm],
        embedder: QueryEmbedder,
        captions: EmbeddedCaptions | None,
    ) -> _Joined | None:
        total: Embedding = np.zeros(embedder.embed_dim, dtype=np.float32)
        common = total
        rows = _NO_ROWS
        if captions is not None:
            common = np.float32(COMMON_SHARE) * captions.mean
            parts = caption_parts(captions, terms)
            if parts:
                means = [_mean_of(captions, part) for part in parts]
                total = total + np.float32(CAPTION_WEIGHT) * _sum_of_directions(means, common)
                rows = np.unique(np.concatenate(parts))
        groups = _groups_of(terms)
        if groups:
            self._embed(groups, embedder)
            phrases = [self._phrases[group] for group in groups]
            total = total + np.float32(PHRASE_WEIGHT) * _sum_of_directions(phrases, common)
        num_phrases = sum(len(group.phrases) for group in groups)
        if not num_phrases and not len(rows):
            return None
        return _Joined(total, rows, num_phrases)

    def _embed(self, groups: Iterable[TermGroup], embedder: QueryEmbedder) -> None:
        """Embed the phrases of groups, all at once; known ones are not embedded again."""
        missing = [group for group in groups if group not in self._phrases]
        if not missing:
            return
        phrases = chain.from_iterable(group.phrases for group in missing)
        embeddings = embedder.embed_texts(list(phrases))
        start = 0
        for group in missing:
            end = start + len(group.phrases)
            # Two threads may both come here: what they find is the same.
            self._phrases[group] = embeddings[start:end].mean(axis=0)
            start = end


def _groups_of(terms: Iterable[SearchTerm]) -> list[TermGroup]:
    """The groups of terms that the list knows, each once."""
    return list(dict.fromkeys(term.group for term in terms if term.group is not None))


def caption_parts(captions: EmbeddedCaptions, terms: Sequence[SearchTerm]) -> list[Rows]:
    """The captions that join terms, in parts that count alike.

    Those that hold all terms; if there are none, those that hold all but the qualifiers; if there
    are none, those that hold a term, for each term that is no qualifier.

    Args:
        captions: of the model.
        terms: of a text.

    Returns:
        Rows of captions; no part is empty.
    """
    rows = [_rows_of(captions, term) for term in terms]
    naming = [found for found, term in zip(rows, terms, strict=True) if not term.is_qualifier]
    for together in (_common(rows), _common(naming)):
        if len(together):
            return [together]
    return [found for found in naming if len(found)]


def _mean_of(captions: EmbeddedCaptions, rows: Rows) -> Embedding:
    mean: Embedding = captions.embeddings[_evenly(rows, MOST_AVERAGED)].mean(axis=0)
    return mean


def _rows_of(captions: EmbeddedCaptions, term: SearchTerm) -> Rows:
    """The captions that hold a term, or else another one of its group."""
    rows = captions.holding(term.words)
    if len(rows) or term.group is None:
        return rows
    others = [captions.holding(words) for words in term.group.terms]
    together: Rows = np.unique(np.concatenate(others))
    return together


def _common(rows: Sequence[Rows]) -> Rows:
    """Rows that are in all of them."""
    common = min(rows, key=len)
    for others in rows:
        common = common[np.isin(common, others, assume_unique=True)]
    return common


def _sum_of_directions(means: Iterable[Embedding], common: Embedding) -> Embedding:
    """The direction of means, each without its share of what all have in common."""
    return _unit(np.sum([_unit(mean - common) for mean in means], axis=0, dtype=np.float32))


def _unit(vector: Embedding) -> Embedding:
    """L2-normalised; a vector without a direction stays as it is, and adds nothing."""
    norm = float(np.linalg.norm(vector))
    if norm < SHORTEST:
        return vector
    return vector / np.float32(norm)


def _evenly(rows: Rows, most: int) -> Rows:
    """Rows that lie evenly among them, `most` at most."""
    if len(rows) <= most:
        return rows
    return rows[np.arange(most) * len(rows) // most]
