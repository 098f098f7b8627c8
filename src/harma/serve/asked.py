"""A search as clients send it: its JSON schema, made of the package's declaration, and its reading.

The schema that OpenAPI shows is the one that requests are checked by. It is the schema of `Query`,
`Where` and `Page`, without what is not for strangers, and with the limits of the server.
"""

import math
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from fastapi import Query as Parameter
from fastapi.exceptions import RequestValidationError
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from harma.index.ask import Page, Query, Where
from harma.index.ask_forms import schema_of
from harma.index.ask_json import Asked, Named, Uploaded, asked_of
from harma.serve.settings import Limits

# SQL is for the machine's owner; pages come of the kept list; a vector says what no person can.
NOT_OVER_HTTP = ("where", "offset", "exact")
NOT_AN_EXAMPLE = "vector"
# Where a schema holds others.
INNER = {"anyOf", "items"}
# Of a message that quotes what was sent.
MESSAGE_LENGTH = 300
EXAMPLE_BODY = {
    "text": "a harbour with tanks",
    "unlike": [{"text": "a marina", "weight": 0.5}],
    "bbox": [3.0, 50.5, 7.5, 54.0],
    "date": ["2018", None],
    "k": 20,
}


def asked_schema(limits: Limits) -> dict[str, Any]:
    """The JSON schema of a search over HTTP.

    Args:
        limits: of the server.
    """
    properties: dict[str, Any] = {}
    for declaration in (Query, Where, Page):
        properties |= deepcopy(schema_of(declaration)["properties"])
    for name in NOT_OVER_HTTP:
        del properties[name]
    properties["k"] |= {"maximum": limits.k, "default": limits.usual_k}
    properties["k"]["description"] = "hits of this answer; `next` of the answer gives more"
    properties["polygon"]["description"] = "a geometry of GeoJSON: Polygon or MultiPolygon"
    properties["source"]["description"] = "id of a source, or several"
    for name in ("text", "like", "unlike", "source"):
        properties[name] = _bounded(properties[name], limits)
    # A client may say of every field that it says nothing; `overlap` admits null of its own.
    for name in properties.keys() - {"overlap"}:
        about = properties[name].pop("description")
        properties[name] = {"anyOf": [properties[name], {"type": "null"}], "description": about}
    return {
        "type": "object",
        "title": "Asked",
        "description": "What is looked for, where, and how many hits are given",
        "properties": properties,
        "additionalProperties": False,
        "examples": [EXAMPLE_BODY],
    }


def hits_of_answer(limits: Limits) -> Any:
    """The parameter of an address that says how many hits an answer has."""
    return Parameter(ge=1, le=limits.k, description="hits of this answer")


class AskedRules:
    """How a search is checked: it annotates bodies of requests, and fields of models.

    ::

        async def search(body: Annotated[dict[str, Any], rules.validator, rules.schema]): ...

    Args:
        limits: of the server.

    Attributes:
        validator: checks values, for pydantic.
        schema: shows their JSON schema in OpenAPI.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        schema = asked_schema(limits)
        self._by_schema = Draft202012Validator(schema)
        self.validator = AfterValidator(self.check)
        self.schema = WithJsonSchema(schema)

    def check(self, values: dict[str, Any]) -> dict[str, Any]:
        """Check a search.

        Args:
            values: of its JSON.

        Returns:
            The same.

        Raises:
            PydanticCustomError: they do not fit; its context holds all that is wrong, by field.
        """
        errors = list(_errors(values, self._by_schema, self._limits))
        if errors:
            first = errors[0]
            raise PydanticCustomError("asked", "{field}: {message}", {**first, "errors": errors})
        return values

    def checked(self, values: dict[str, Any]) -> dict[str, Any]:
        """As `check`, for a search that was put together from parameters of an address.

        Raises:
            RequestValidationError: the values do not fit.
        """
        try:
            return self.check(values)
        except PydanticCustomError as error:
            place = {"type": error.type, "loc": ("query",), "msg": error.message()}
            raise RequestValidationError([{**place, "ctx": error.context}]) from error


def read_asked(
    values: Mapping[str, Any], limits: Limits, *, uploaded: Uploaded, named: Named
) -> Asked:
    """Read a search that the schema admits.

    Args:
        values: of its JSON.
        limits: of the server.
        uploaded: gives an uploaded picture by its id.
        named: gives the name of a source by its id.

    Raises:
        QueryError: what it says is not usable.
    """
    asked = asked_of(values, uploaded=uploaded, named=named)
    if values.get("k") is None:
        return replace(asked, page=replace(asked.page, k=limits.usual_k))
    return asked


def _bounded(schema: Any, limits: Limits) -> Any:
    """A schema with the limits of a server on its texts and lists, without vectors."""
    if isinstance(schema, list):
        parts = [_bounded(part, limits) for part in schema]
        return [part for part in parts if NOT_AN_EXAMPLE not in part.get("required", ())]
    if not isinstance(schema, Mapping):
        return schema
    bounded = dict(schema)
    bounded |= {name: _bounded(schema[name], limits) for name in INNER & schema.keys()}
    if "properties" in schema:
        inner = schema["properties"].items()
        bounded["properties"] = {name: _bounded(value, limits) for name, value in inner}
    return bounded | _bounds_of(str(schema.get("type")), limits)


def _bounds_of(kind: str, limits: Limits) -> dict[str, int]:
    """The limit on a value of some type."""
    if kind == "string":
        return {"maxLength": limits.text}
    if kind == "array":
        return {"maxItems": limits.examples}
    return {}


def _errors(
    values: Mapping[str, Any], validator: Draft202012Validator, limits: Limits
) -> Iterator[dict[str, str]]:
    """What is wrong with a search, by field."""
    odd = list(_odd_values(values, ""))
    if odd:
        # The schema knows nothing of numbers that JSON does not have.
        yield from odd
        return
    for error in validator.iter_errors(values):
        telling = _most_telling(error)
        yield {"field": _field(telling), "message": _message(telling)}
    num_examples = sum(_length(values.get(name)) for name in ("like", "unlike"))
    if num_examples > limits.examples:
        yield {
            "field": "like",
            "message": f"there are {num_examples} examples; at most {limits.examples} are allowed",
        }
    num_vertices = _num_positions(values.get("polygon"))
    if num_vertices > limits.vertices:
        yield {
            "field": "polygon",
            "message": f"it has {num_vertices:,} corners; at most {limits.vertices:,} are allowed."
            " Simplify it",
        }


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _field(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "body"


def _most_telling(error: ValidationError) -> ValidationError:
    """Of the errors of alternatives that of the one that fits best."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.path), inner.validator != "type"))
    return error


def _message(error: ValidationError) -> str:
    message = str(error.message)
    if len(message) > MESSAGE_LENGTH:
        message = f"{message[:MESSAGE_LENGTH]}…"
    return message


def _odd_values(value: Any, field: str) -> Iterator[dict[str, str]]:
    """Values that Python reads as JSON, and that are none: NaN, and texts that no UTF-8 can say."""
    stack = [(field, value)]
    # No recursion: how deep the lists of a stranger are nested is the stranger's choice.
    while stack:
        field, value = stack.pop()
        if isinstance(value, int | float) and not _is_finite(value):
            yield {"field": field or "body", "message": "it is no finite number"}
        elif isinstance(value, str) and not _is_text(value):
            yield {"field": field or "body", "message": "it holds signs that no text has"}
        else:
            stack += _parts(value, field)


def _is_finite(value: float) -> bool:
    """Whether a number is finite as a float: an integer of JSON may have any length."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _parts(value: Any, field: str) -> list[tuple[str, Any]]:
    """What an object or a list holds, each with its place."""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            # A name may be as odd as a value.
            parts += [(field, name), (f"{field}.{name}".lstrip("."), inner)]
    elif isinstance(value, list):
        parts = [(f"{field}.{number}", inner) for number, inner in enumerate(value)]
    return parts


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _num_positions(value: Any) -> int:
    """Positions of a geometry: lists that begin with a number."""
    count = 0
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            stack += part.values()
        elif isinstance(part, list) and part and isinstance(part[0], int | float):
            count += 1
        elif isinstance(part, list):
            stack += part
    return count
