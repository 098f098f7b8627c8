"""Texts longer than a model reads: how many tokens they have, and from which word on they are cut.

Tokenizers cut without a word: CLIP's byte pairs after 77 tokens, SigLIP's after 64, BERT's after
what its encoder takes. Which texts were cut shows in their token ids: a row without padding may
have been. Only such texts are tokenized again, so that it costs nothing where nothing is cut.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# (texts, length) → token ids (N, length), longer texts cut.
TokenizeTo = Callable[[Sequence[str], int], "Tensor"]

# Tokens per byte of a text at the most: cleaning may write some characters as several.
TOKENS_PER_BYTE = 2
MARKS = 16  # of start and end, and some to spare
WORD = re.compile(r"\S+")
# A word that is longer is shown from where it is cut, not from its start.
LONGEST_WORD = 40


@dataclass(frozen=True)
class CutText:
    """A text that a model does not read to its end.

    Attributes:
        text: the text.
        num_tokens: its tokens, those at start and end included.
        num_read: how many of them the model reads.
        dropped: the end of the text, from the first word that is not read whole.
    """

    text: str
    num_tokens: int
    num_read: int
    dropped: str


def find_cut_texts(
    tokenize: TokenizeTo, texts: Sequence[str], token_ids: "Tensor"
) -> Iterator[CutText]:
    """The texts that were cut, in their order.

    Args:
        tokenize: the model's own tokenizer, for any length.
        texts: N.
        token_ids: what it made of them (N, L).
    """
    length = token_ids.shape[1]
    # An empty text is all padding but for its marks.
    padding = int(tokenize([""], length).mode().values)
    first = token_ids[:, 0]
    # Not the last: some tokenizers pad with their end mark, which stays when a text is cut.
    last = token_ids[:, max(0, length - 2)]
    # Padding stands on the right or on the left.
    is_full = (first != padding) & (last != padding)
    for index in is_full.nonzero().flatten().tolist():
        text = texts[index]
        num_read = int((token_ids[index] != padding).sum())
        num_tokens = _num_tokens(tokenize, text, padding)
        if num_tokens > num_read:
            start = _first_dropped(tokenize, text, padding, num_read)
            yield CutText(text, num_tokens, num_read, text[start:].strip())


def _num_tokens(tokenize: TokenizeTo, text: str, padding: int) -> int:
    """Tokens of a whole text, its marks included."""
    length = TOKENS_PER_BYTE * len(text.encode("utf-8", "replace")) + MARKS
    return int((tokenize([text], length) != padding).sum())


def _first_dropped(tokenize: TokenizeTo, text: str, padding: int, num_read: int) -> int:
    """Where in a text the first word starts that is not read whole."""
    return cut_at(text, lambda part: _num_tokens(tokenize, part, padding) <= num_read)


def cut_at(text: str, is_read: Callable[[str], bool]) -> int:
    """Where in a text the first word starts that is not read whole.

    Args:
        text: longer than what is read.
        is_read: whether a beginning of it is read whole.
    """

    def fits(end: int) -> bool:
        return is_read(text[:end])

    words = list(WORD.finditer(text))
    if not words:
        return 0
    word = words[_first_too_long([word.end() for word in words], fits)]
    start = word.start()
    # Of what has no spaces, as Chinese, a part is read.
    if word.end() - start > LONGEST_WORD:
        start += _first_too_long(range(start + 1, word.end() + 1), fits)
    return start


def _first_too_long(ends: Sequence[int], fits: Callable[[int], bool]) -> int:
    """Which of growing ends of a text is the first that does not fit; the last one does not."""
    return bisect_left(ends[:-1], True, key=lambda end: not fits(end))
