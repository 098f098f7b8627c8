"""Text annotations as rows: a caption per line beside a file of image names (caps, AMFMN)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harma.data.annotation_files import annotation_lines
from harma.data.row_values import is_name, shown_value
from harma.data.rows import Annotation, Problem, RowPlace
from harma.errors import ConfigError

Annotations = Iterator[Annotation | Problem]

CAPTIONS_END = "_caps.txt"
IMAGES_END = "_filename.txt"


def read_caps(root: Path, names: Sequence[str], split: str) -> Annotations:
    """`NAME_caps.txt`, a caption per line, with `NAME_filename.txt`, the image of each line.

    Names may also stand once for all captions of an image, as in AMFMN's precomputed training
    files: five captions follow each other for each name.

    Args:
        root: the folder of the files.
        names: of the files; see `caps_pairs`.
        split: not looked at: a file of this format holds one split.
    """
    for captions_name, images_name in caps_pairs(names):
        captions = annotation_lines(root, captions_name)
        images = annotation_lines(root, images_name)
        # Both are read before anything is said, so that one run names both.
        if isinstance(captions, Problem):
            yield captions
        if isinstance(images, Problem):
            yield images
        if isinstance(captions, list) and isinstance(images, list):
            yield from _pairs_of_lines(captions_name, captions, images_name, images)


def _pairs_of_lines(
    captions_name: str, captions: list[str], images_name: str, images: list[str]
) -> Annotations:
    per_name = _captions_per_name(captions, images)
    if per_name is None:
        lengths = f"has {len(captions)} lines, {images_name} has {len(images)}"
        needed = (
            "their lines go in pairs; or every name stands once, and each has equally many captions"
        )
        yield Problem(captions_name, "", f"{lengths}; {needed}")
        return
    for index, caption in enumerate(captions):
        image_line = index // per_name
        image = images[image_line]
        if is_name(image):
            place = RowPlace(captions_name, f"line {index + 1}")
            yield Annotation(place, image.strip(), (caption,))
        # A bad name is one problem, however many captions it has.
        elif index % per_name == 0:
            what = f"is {shown_value(image)}; it must name an image"
            yield Problem(images_name, f"line {image_line + 1}", what)


def _captions_per_name(captions: list[str], images: list[str]) -> int | None:
    """How many captions belong to each line of names; None where that cannot be told."""
    if len(captions) == len(images):
        return 1
    if not images or len(captions) % len(images):
        return None
    # A name that comes twice would be one of a list in pairs, some lines of which are lost.
    if len({image.strip() for image in images}) < len(images):
        return None
    return len(captions) // len(images)


def caps_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of caption file and image file.

    Two that are listed one after the other are a pair; `NAME_caps.txt` alone has
    `NAME_filename.txt` for its partner.

    Raises:
        ConfigError: a file has no partner.
    """
    pairs: list[tuple[str, str]] = []
    left = list(names)
    while left:
        captions = left.pop(0)
        if left and not left[0].endswith(CAPTIONS_END):
            pairs.append((captions, left.pop(0)))
        elif captions.endswith(CAPTIONS_END):
            pairs.append((captions, captions.removesuffix(CAPTIONS_END) + IMAGES_END))
        else:
            raise ConfigError(
                f"format caps: {captions} has no file of image names; list it as [{captions},"
                " IMAGE_NAMES.txt], or call the two NAME_caps.txt and NAME_filename.txt"
            )
    return pairs
