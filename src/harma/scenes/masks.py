"""Masks beside pictures: files whose names say that they are a mask of another one's."""

from bisect import bisect_left
from collections.abc import Sequence

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.sensors import MASK_NAME, is_mask_name


def mask_of(name: str) -> str:
    """How the name of a picture begins that a mask is of; "" where a name is that of no mask.

    Args:
        name: of a file, without its folder: field_mask.tif, field_QA.tif.
    """
    stem = name.removesuffix(name[len(name) - len(suffix_of(name)) :])
    match = MASK_NAME.search(stem)
    if match is None:
        return ""
    return stem[: match.start()]


def is_prefix_of_another(names: Sequence[str], start: str, mask: str) -> bool:
    """Whether a picture's name begins so.

    Args:
        names: of the files of the folder, sorted.
        start: how it begins.
        mask: whose picture is looked for.
    """
    for name in names[bisect_left(names, start) :]:
        if not name.startswith(start):
            return False
        # a_mask is none of abc.
        is_whole = not name[len(start)].isalnum()
        is_picture = suffix_of(name) in SCENE_SUFFIXES and not is_mask_name(name)
        if name != mask and is_whole and is_picture:
            return True
    return False
