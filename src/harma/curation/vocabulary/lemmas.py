"""Lemmas: singular and plural as one word."""

from collections.abc import Callable
from functools import cache, lru_cache

from harma.curation.vocabulary.stop_words import STOP_WORDS
from harma.errors import MissingDependencyError

# Plurals that do not end in s.
IRREGULAR = frozenset({"men", "women", "children", "feet", "teeth", "geese", "mice", "oxen"})
# Words whose singular is kept: more than captions have, and no more than a server may keep, where
# anybody's words are looked up.
MOST_KEPT = 50_000
Lemmatizer = Callable[[str], str]


def singular(word: str) -> str:
    """The singular of an English noun; other words stay as they are.

    simplemma's dictionary is asked about words that look like plurals only: it would take "parking"
    for "park", and a car park is no park.

    Raises:
        MissingDependencyError: simplemma is not installed.
    """
    if word in IRREGULAR or _looks_plural(word):
        return _dictionary()(word)
    return word


def lemma_of(word: str) -> str | None:
    """What a cleaned word of a caption names, in the singular; None: it names nothing.

    Stop words name nothing, and neither do numbers alone.

    Raises:
        MissingDependencyError: simplemma is not installed.
    """
    if word in STOP_WORDS or not any(letter.isalpha() for letter in word):
        return None
    return singular(word)


def _looks_plural(word: str) -> bool:
    # "gas" and "bus" are too short, "glass", "campus" and "tennis" end otherwise.
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


@cache
def _dictionary() -> Lemmatizer:
    try:
        import simplemma
    except ImportError as error:
        raise MissingDependencyError(
            "a vocabulary needs the package simplemma: pip install simplemma"
        ) from error
    # Captions use few words many times.
    return lru_cache(MOST_KEPT)(lambda word: str(simplemma.lemmatize(word, lang="en")).lower())
