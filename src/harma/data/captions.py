"""Cleaning captions (SPEC 3), as the original does before it tokenizes; the words of a text."""

import re

# Apostrophes go without a trace, hyphens and slashes leave a space, as in the original.
_CLEANING = str.maketrans({**dict.fromkeys(",.'!?\"()*#:;~"), "-": " ", "/": " "})
_WORD = re.compile(r"\w+")
# More words than any text has.
_ALL_WORDS = 10**6


def clean_caption(text: str, max_words: int = 30) -> str:
    """Clean a caption (SPEC 3).

    Lower case; `, . ' ! ? " ( ) * # : ; ~` deleted; `-` and `/` become spaces; white space
    collapsed; the first words kept.

    Args:
        text: as annotated.
        max_words: words to keep.

    Returns:
        The cleaned caption; empty if nothing is left.
    """
    return " ".join(text.lower().translate(_CLEANING).split()[:max_words])


def words_of(text: str) -> list[str]:
    """All words of a text, cleaned as captions are; any other sign is a gap between two."""
    # Typed in a letter, an apostrophe is a curved one.
    return _WORD.findall(clean_caption(text.replace("’", "'"), _ALL_WORDS))
