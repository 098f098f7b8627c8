"""Search terms: what the words of a short query name, alone or together ("storage tank").

A list of our own knows terms of two words, which words mean nearly the same from above, and phrases
that hold them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain

import yaml

from harma.curation.vocabulary.lemmas import lemma_of, singular
from harma.data.captions import words_of

Lemmas = tuple[str, ...]
"""Words in the singular."""
LIST_FILE = "search_terms.yaml"
# Signs that somebody may type between two words, with no space beside them; not those of "e.g." and
# "tank(s)".
SIGNS = re.compile(r"(?!\(e?s\))[^\w\s'’.]|_")
# Signs that pasting brings into words: soft hyphens, joiners, marks of direction.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


@dataclass(frozen=True)
class TermGroup:
    """Terms that mean nearly the same.

    Attributes:
        terms: each as its words.
        phrases: of what is seen there.
    """

    terms: tuple[Lemmas, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class SearchTerm:
    """What a query names.

    Attributes:
        words: of it.
        group: that it is of; None: the list does not know it.
        is_qualifier: whether it says more of another term and nothing alone: a count, a colour, a
            size, a shape.
    """

    words: Lemmas
    group: TermGroup | None = None
    is_qualifier: bool = False

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class TermList:
    """The list that ships with HarMA.

    Attributes:
        groups: all of them.
        by_words: the group of each term; of a term in two groups the first.
        longest: words of the longest term.
        qualifiers: words that count only together with a term.
        left_out: words that name nothing alone.
    """

    groups: tuple[TermGroup, ...]
    by_words: dict[Lemmas, TermGroup]
    longest: int
    qualifiers: frozenset[str]
    left_out: frozenset[str]


@cache
def term_list() -> TermList:
    """The shipped list, read once."""
    text = files("harma.index").joinpath(LIST_FILE).read_text(encoding="utf-8")
    # By libyaml, where it is there: a search waits for it.
    content = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    groups = []
    for group in content["groups"]:
        terms = tuple(_lemmas(term) for term in group["words"])
        groups.append(TermGroup(terms, tuple(group["phrases"])))
    by_words: dict[Lemmas, TermGroup] = {}
    for group in groups:
        for words in group.terms:
            by_words.setdefault(words, group)
    return TermList(
        groups=tuple(groups),
        by_words=by_words,
        longest=max(map(len, by_words)),
        qualifiers=frozenset(map(singular, chain.from_iterable(content["qualifiers"]))),
        left_out=frozenset(content["left_out"]),
    )


def _lemmas(text: str) -> Lemmas:
    return tuple(singular(word) for word in words_of(text))


def _typed_words(text: str) -> list[str]:
    """The words of a query: signs are gaps, which the cleaning of captions closes.

    "ship,plane" are two words, and so is "tennis_court"; an apostrophe stays within one.
    """
    seen = UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return words_of(SIGNS.sub(" ", seen))


def find_terms(text: str) -> tuple[SearchTerm, ...]:
    """What a text names, in its order; stop words, words of place and numbers name nothing.

    Of words that follow each other the longest term of the list is taken; a word that the list does
    not know is a term of its own.
    """
    return tuple(_terms(_naming(text), term_list()))


def _naming(text: str) -> list[str]:
    """The words that may name something, in the singular."""
    known = term_list()
    # Elsewhere a count, "lot" and "mine" are stop words.
    kept = known.qualifiers.union(*known.by_words)
    words: list[str] = []
    for word in _typed_words(text):
        if singular(word) in kept or lemma_of(word) is not None:
            words.append(singular(word))
    return words


def _terms(words: Sequence[str], known: TermList) -> Iterator[SearchTerm]:
    start = 0
    while start < len(words):
        word = words[start]
        term = _longest(words[start : start + known.longest], known)
        if term is None:
            term = SearchTerm((word,), is_qualifier=word in known.qualifiers)
        start += len(term.words)
        if word not in known.left_out:
            yield term


def _longest(words: Sequence[str], known: TermList) -> SearchTerm | None:
    """The longest term of the list that words begin with."""
    for length in range(len(words), 0, -1):
        first = tuple(words[:length])
        group = known.by_words.get(first)
        if group is not None:
            return SearchTerm(first, group)
    return None
