"""Which format a JSON file of captions is of: HarMA's lists, Karpathy's, COCO's, NWPU-Captions'.

Files are read in the format that their description names; where that is another one than theirs,
the message says which.
"""

from typing import TypeGuard

HARMA = "harma"
KARPATHY = "karpathy"
COCO = "coco"
NWPU = "nwpu"
# What people call them.
FORMAT_NAMES = {
    HARMA: "a list of rows",
    KARPATHY: "a Karpathy file",
    COCO: "COCO captions",
    NWPU: "NWPU-Captions",
}


def json_format(content: object) -> str | None:
    """The format of a JSON file by its outer form; None: of none that is known."""
    if isinstance(content, list):
        is_rows = bool(content) and isinstance(content[0], dict)
        return HARMA if is_rows else None
    if is_image_file(content):
        return COCO if _is_coco(content) else KARPATHY
    if is_by_class(content):
        return NWPU
    return None


def other_format(content: object, read_as: str) -> str:
    """For messages: which format a file is of that was read as another one; "" if unknown."""
    form = json_format(content)
    if form == COCO and not _has_captions(content):
        return "; this is COCO without captions: take captions_….json in place of instances_….json"
    if form is None or form == read_as:
        return ""
    return f"; for {FORMAT_NAMES[form]}, which this is, write format: {form}"


def is_image_file(content: object) -> TypeGuard[dict[str, list[object]]]:
    """Whether a file has the outer form of Karpathy's and COCO's: an object with `images`."""
    return isinstance(content, dict) and isinstance(content.get("images"), list)


def is_by_class(content: object) -> TypeGuard[dict[str, list[object]]]:
    """Whether a file has the form of NWPU-Captions: class → list of images with `filename`."""
    if not isinstance(content, dict) or not content:
        return False
    lists = [value for value in content.values() if isinstance(value, list)]
    first = next((value[0] for value in lists if value), None)
    return len(lists) == len(content) and isinstance(first, dict) and "filename" in first


def _is_coco(content: dict[str, list[object]]) -> bool:
    """Whether captions stand in a list of their own, or images are called as COCO calls them."""
    if isinstance(content.get("annotations"), list):
        return True
    first = next(iter(content["images"]), None)
    return isinstance(first, dict) and "file_name" in first


def _has_captions(content: object) -> bool:
    annotations = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(annotations, list) or not annotations:
        return False
    return isinstance(annotations[0], dict) and "caption" in annotations[0]
