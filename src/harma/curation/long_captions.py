"""Captions that are longer than what is read of them: over `max_words`, over a model's tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Words kept of a caption unless a recipe says otherwise (data.max_words).
MAX_WORDS = 30
# Tokens that CLIP reads, those at start and end included.
CONTEXT_LENGTH = 77
MARKS = 2
# To read captions whole.
UNCUT_WORDS = 1_000_000


@dataclass(frozen=True)
class LongCaptions:
    """How many captions are not read to their end.

    Attributes:
        num_over_words: captions with more words than are kept.
        num_over_tokens: captions of which CLIP does not read all words that are kept.
    """

    num_over_words: int = 0
    num_over_tokens: int = 0


def count_long(
    captions: Sequence[str], count_tokens: Callable[[str], int] | None = None
) -> LongCaptions:
    """Count captions that are too long.

    Args:
        captions: cleaned, and whole.
        count_tokens: of a text, without the marks of its start and end; None: not counted.
    """
    num_over_words = 0
    num_over_tokens = 0
    for caption in captions:
        words = caption.split()
        num_over_words += len(words) > MAX_WORDS
        if count_tokens is not None:
            kept = " ".join(words[:MAX_WORDS])
            num_over_tokens += _is_over_tokens(kept, count_tokens)
    return LongCaptions(num_over_words, num_over_tokens)


def _is_over_tokens(text: str, count_tokens: Callable[[str], int]) -> bool:
    room = CONTEXT_LENGTH - MARKS
    # A token has a byte at least: of most captions that says enough.
    if len(text.encode("utf-8", "replace")) <= room:
        return False
    return count_tokens(text) > room
