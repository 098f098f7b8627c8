"""Annotation files read by the reader of their format."""

from harma.data.formats import ANNOTATION_READERS
from harma.data.rows import Annotation, Problem


def read(kind, root, *names, split="train"):
    """The rows that can be used, and the problems as text."""
    items = list(ANNOTATION_READERS[kind](root.path, names, split))
    rows = [item for item in items if isinstance(item, Annotation)]
    return rows, [str(item) for item in items if isinstance(item, Problem)]
