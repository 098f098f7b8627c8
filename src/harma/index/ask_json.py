"""What is asked as JSON: a search over HTTP, a saved search; read into `Query`, `Where`, `Page`.

The names of its fields are those of the three declarations. What JSON may say is narrower than what
Python may, as a stranger may have written it: a string is never the name of a file, a polygon is an
object, a picture is one that was uploaded, a source is an id, and there is no SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.errors import QueryError
from harma.index.ask import Chip, Example, Page, Picture, Query, Text, Vector, Where

# Nobody writes SQL for the machine of another.
NOT_IN_JSON = ("where",)
# What is found by an id: a picture, or values of bands; the name of a source.
Uploaded = Callable[[str], Image.Image | NDArray[np.float32]]
Named = Callable[[str], str]
_KINDS = ("text", "chip", "upload", "vector")


@dataclass(frozen=True)
class Asked:
    """A search as it was asked.

    Attributes:
        query: what is looked for.
        where: which chips may be found.
        page: which of the hits are given.
    """

    query: Query
    where: Where
    page: Page


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON says: null is what is not said; only of `overlap` it is a value."""
    return {name: value for name, value in values.items() if value is not None or name == "overlap"}


def no_upload(upload: str) -> Image.Image:
    """Stands for uploaded pictures where there are none.

    Raises:
        QueryError: always.
    """
    raise QueryError(f"there is no uploaded picture {upload!r}; upload it again")


def no_source(source: str) -> str:
    """Stands for the names of sources where none is known.

    Raises:
        QueryError: always.
    """
    raise QueryError(f"there is no source {source!r} in the index")


def asked_of(
    values: Mapping[str, Any], *, uploaded: Uploaded = no_upload, named: Named = no_source
) -> Asked:
    """Read a search.

    Args:
        values: of JSON; every field may be left out.
        uploaded: gives an uploaded picture by its id.
        named: gives the name of a source by its id.

    Raises:
        QueryError: a field is unknown, or what it says is not usable.
    """
    _check_known(values)
    given = said(values)
    query = Query(
        text=_texts(given.get("text")),
        image=_image(given.get("image"), uploaded),
        like=_examples("like", given.get("like", ()), uploaded),
        unlike=_examples("unlike", given.get("unlike", ()), uploaded),
        expand=given.get("expand", "auto"),
    )
    pages = {name: given[name] for name in _fields(Page) & given.keys()}
    return Asked(query, _where(given, named), Page(**pages))


def _check_known(values: Mapping[str, Any]) -> None:
    known = _fields(Query) | _fields(Where) | _fields(Page)
    unknown = sorted(values.keys() - known)
    if unknown:
        raise QueryError(
            f"{unknown[0]} is no field of a search; there are {', '.join(sorted(known))}"
        )


def _where(given: Mapping[str, Any], named: Named) -> Where:
    places = {name: given[name] for name in _fields(Where) & given.keys()}
    if not isinstance(places.get("polygon", {}), Mapping):
        raise QueryError(f"polygon is {places['polygon']!r}; give a geometry of GeoJSON, an object")
    if "source" in places:
        places["source"] = _names(places["source"], named)
    return Where(**places)


def _fields(declaration: type[Query] | type[Where] | type[Page]) -> set[str]:
    """Fields that JSON may have."""
    return {declared.name for declared in fields(declaration)} - set(NOT_IN_JSON)


def _texts(text: Any) -> str | list[str] | None:
    """A text, or several."""
    if text is None or isinstance(text, str):
        return text
    if isinstance(text, Sequence) and all(isinstance(one, str) for one in text):
        return list(text)
    raise QueryError(f"text is {text!r}; give a string, or a list of them")


def _image(image: Any, uploaded: Uploaded) -> Picture | Vector | None:
    """A picture that was uploaded, or the vector of one, as saved searches keep it."""
    if image is None:
        return None
    example = _example("image", image, uploaded)
    if not isinstance(example, Picture | Vector):
        raise QueryError(f'image is {image!r}; give {{"upload": ID}}, or put it into like')
    return example


def _examples(name: str, examples: Any, uploaded: Uploaded) -> list[Example]:
    if isinstance(examples, str | Mapping) or not isinstance(examples, Sequence):
        raise QueryError(f"{name} is {examples!r}; give a list of examples")
    return [_example(name, example, uploaded) for example in examples]


def _example(name: str, example: Any, uploaded: Uploaded) -> Example:
    """An example, which says what it is by the name of its value."""
    kind = _kind_of(name, example)
    value = example[kind]
    weight = _weight(example)
    if kind == "vector":
        return Vector(value, weight)
    if not isinstance(value, str):
        raise QueryError(f"{kind} in {name} is {value!r}; it must be a string")
    if kind == "text":
        return Text(value, weight)
    if kind == "chip":
        return Chip(value, weight)
    return Picture(uploaded(value), weight)


def _kind_of(name: str, example: Any) -> str:
    kinds: list[str] = []
    if isinstance(example, Mapping):
        kinds = [kind for kind in _KINDS if kind in example]
    if len(kinds) != 1 or set(example) - {kinds[0], "weight"}:
        raise QueryError(
            f"{name} holds {example!r}; an example is an object with one of {', '.join(_KINDS)},"
            " and a weight if you like"
        )
    return kinds[0]


def _weight(example: Mapping[str, Any]) -> float | None:
    weight = example.get("weight")
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if weight is not None and not is_number:
        raise QueryError(f"the weight of an example is {weight!r}; it must be a number over 0")
    return weight


def _names(source: Any, named: Named) -> list[str]:
    """Names of sources by their ids."""
    ids = source
    if isinstance(source, str):
        ids = [source]
    if not isinstance(ids, Sequence) or not all(isinstance(one, str) for one in ids):
        raise QueryError(f"source is {source!r}; give the id of a source, or a list of ids")
    return [named(one) for one in ids]
