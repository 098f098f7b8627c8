"""Placeholders of foreign objects in a pickle: inert, and shown to people as far as they are plain.

A pickle of the original HarMA holds its config as objects of ruamel.yaml. They are not made; what
was to be done to them is kept, and can be read off.
"""

from collections.abc import Iterable

# What is shown to people as it is.
PLAIN_TYPES = (str, int, float, bool, type(None))


class Placeholder:
    """Stands for an object of a class that is not admitted.

    It takes what a pickle does to it and does nothing.

    Attributes:
        name: module and name of the class.
        args: what it was called with.
        state: what was set on it; None if nothing was.
        entries: (key, value) pairs set on it, where it stands for a mapping.
        values: what was appended to it, where it stands for a list or set.
    """

    name = "object"

    args: tuple[object, ...]
    state: object
    entries: list[tuple[object, object]]
    values: list[object]

    def __new__(cls, *args: object, **kwargs: object) -> "Placeholder":
        """Begin here: pickles make most objects without `__init__`."""
        self = super().__new__(cls)
        self.args = args
        self.state = None
        self.entries = []
        self.values = []
        return self

    def __call__(self, *args: object, **kwargs: object) -> "Placeholder":
        """Stand for what a call would have given."""
        return Placeholder(*args)

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __setitem__(self, key: object, value: object) -> None:
        self.entries.append((key, value))

    def append(self, value: object) -> None:
        """Take an element of a list."""
        self.values.append(value)

    def add(self, value: object) -> None:
        """Take an element of a set."""
        self.values.append(value)

    def __repr__(self) -> str:
        return f"<{self.name}, not read>"


def plain(value: object) -> object:
    """Dicts, lists, strings and numbers in place of placeholders, for showing to people.

    ruamel.yaml's mappings, sequences and numbers come back; of anything else a description stays.
    """
    return _plain(value, {})


def _plain(value: object, seen: dict[int, object]) -> object:
    if isinstance(value, PLAIN_TYPES):
        return value
    # Each object once: configs may refer to themselves.
    if id(value) not in seen:
        seen[id(value)] = "…"
        seen[id(value)] = _plain_object(value, seen)
    return seen[id(value)]


def _plain_object(value: object, seen: dict[int, object]) -> object:
    if isinstance(value, dict):
        return _plain_dict(value.items(), seen)
    if isinstance(value, list | tuple):
        return [_plain(item, seen) for item in value]
    if not isinstance(value, Placeholder):
        return f"<{type(value).__name__}, not read>"
    if value.entries:
        return _plain_dict(value.entries, seen)
    if value.values:
        return [_plain(item, seen) for item in value.values]
    return _plain_scalar(value)


def _plain_scalar(value: Placeholder) -> object:
    # A number with a form of its own: ruamel.yaml calls its class with the number last.
    for item in reversed(value.args):
        if isinstance(item, str | int | float):
            return item
    return repr(value)


def _plain_dict(
    pairs: Iterable[tuple[object, object]], seen: dict[int, object]
) -> dict[object, object]:
    return {_plain_key(key): _plain(item, seen) for key, item in pairs}


def _plain_key(key: object) -> object:
    if isinstance(key, PLAIN_TYPES):
        return key
    return repr(key)
