"""Cleaning captions (SPEC 3), as the original does before it tokenizes."""

# Apostrophes go without a trace, hyphens and slashes leave a space, as in the original.
_CLEANING = str.maketrans({**dict.fromkeys(",.'!?\"()*#:;~"), "-": " ", "/": " "})


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
