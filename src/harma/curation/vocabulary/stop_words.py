"""Stop words: words of English captions that name nothing that is seen.

Words of place such as "near" are not among them.
"""

from importlib.resources import files

STOP_WORDS = frozenset(
    files("harma.curation.vocabulary")
    .joinpath("stop_words.txt")
    .read_text(encoding="utf-8")
    .split()
)
