"""Parts of speech of words (tagging), where a spaCy model is installed."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harma.curation.vocabulary.terms import Tag
from harma.errors import MissingDependencyError

if TYPE_CHECKING:
    from spacy.language import Language

DEFAULT_MODEL = "en_core_web_sm"


def make_tagger(model: str = DEFAULT_MODEL) -> Tag:
    """A function that finds the part of speech of words in captions.

    Args:
        model: name of an installed spaCy model, or the folder of one.

    Raises:
        MissingDependencyError: spaCy or the model is not installed.
    """
    try:
        import spacy
    except ImportError as error:
        raise MissingDependencyError(
            "parts of speech need spaCy and a model of it: pip install spacy, then python -m spacy"
            f" download {model}"
        ) from error
    try:
        pipeline = spacy.load(model)
    except (OSError, ImportError) as error:
        raise MissingDependencyError(
            f"the spaCy model {model} is not installed; install it, or name the folder of one that"
            " is there"
        ) from error
    return lambda captions: _tags(pipeline, captions)


def _tags(pipeline: "Language", captions: Sequence[str]) -> dict[str, str]:
    """The part of speech that a word has most often."""
    tags: dict[str, Counter[str]] = {}
    # Equal captions are tagged once and counted as often as they come.
    times = Counter(captions)
    for document in pipeline.pipe(times):
        for token in document:
            tags.setdefault(token.text, Counter())[token.pos_] += times[document.text]
    return {word: counts.most_common(1)[0][0] for word, counts in tags.items()}
