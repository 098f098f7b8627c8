"""What a name means where files ship with the package: the shipped one, or the path of a file."""

from collections.abc import Mapping
from pathlib import Path

from harma.errors import MissingFileError


def named_file(name: str | Path, shipped: Mapping[str, Path], what: str) -> Path:
    """The file that a name means.

    A shipped name goes first: a file of that name is given as ./NAME.

    Args:
        name: of a shipped file, or the path of one.
        shipped: name → file of those in the package.
        what: they are, for the message, such as "recipe".

    Raises:
        MissingFileError: it is neither; the message lists what is shipped.
    """
    path = shipped.get(str(name), Path(name))
    if not path.is_file():
        raise MissingFileError(
            f"there is no {what} {str(name)!r}; shipped are {', '.join(shipped)}, or give the path"
            " of a YAML file"
        )
    return path
