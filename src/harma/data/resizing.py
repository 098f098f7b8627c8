"""Resize modes and interpolations by name: squash, shortest, longest, without torch."""

from collections.abc import Callable

# (height, width).
Size = tuple[int, int]

INTERPOLATIONS = ("bicubic", "bilinear", "nearest")


def squashed_size(source: Size, target: Size) -> Size:
    """The target itself: the aspect ratio is not kept (SPEC 3)."""
    return target


def covering_size(source: Size, target: Size) -> Size:
    """The smallest size of the source's aspect ratio that covers the target.

    Rounded down, as torchvision's Resize does.
    """
    height, width = source
    to_height, to_width = target
    # By whole numbers: a ratio of floats could miss the target by a pixel. What is divided is at
    # least the target's side times the divisor, so the result is never smaller than the target.
    if height * to_width <= width * to_height:
        return to_height, width * to_height // height
    return height * to_width // width, to_width


def fitting_size(source: Size, target: Size) -> Size:
    """The largest size of the source's aspect ratio that fits into the target.

    Rounded as open_clip does.
    """
    height, width = source
    ratio = max(height / target[0], width / target[1])
    return max(1, round(height / ratio)), max(1, round(width / ratio))


# Mode → to which size an image is resized before it is cut or padded to the target.
RESIZE_MODES: dict[str, Callable[[Size, Size], Size]] = {
    "squash": squashed_size,
    "shortest": covering_size,
    "longest": fitting_size,
}
