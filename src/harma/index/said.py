"""What a field of a declaration says of itself: help, JSON schema, flag; ready schemas for them."""

from collections.abc import Mapping
from dataclasses import Field, dataclass
from typing import Any

JsonSchema = Mapping[str, object]
NUMBER: JsonSchema = {"type": "number"}
STRING: JsonSchema = {"type": "string"}
BOOLEAN: JsonSchema = {"type": "boolean"}
DATE: JsonSchema = {
    "type": "string",
    "examples": ["2015", "2015-09", "2015-09-26", "2015-09-26T10:00:00Z"],
}
DATE_OR_NULL: JsonSchema = {"anyOf": [DATE, {"type": "null"}]}
# Weights are shares of one another; sums of larger ones are no finite numbers in float32.
MOST_WEIGHT = 1e6
WEIGHT: JsonSchema = {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_WEIGHT}


def numbers(count: int) -> JsonSchema:
    """So many numbers."""
    return {"type": "array", "items": NUMBER, "minItems": count, "maxItems": count}


def one_or_many(schema: JsonSchema) -> JsonSchema:
    """One value, or a list of them."""
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _kind(name: str, schema: JsonSchema) -> JsonSchema:
    """An example that says what it is by the name of its value."""
    properties = {name: schema, "weight": WEIGHT}
    return {
        "type": "object",
        "properties": properties,
        "required": [name],
        "additionalProperties": False,
    }


# A picture was uploaded before: JSON names no file of the one who answers.
PICTURE: JsonSchema = _kind("upload", STRING)
EXAMPLES: JsonSchema = {
    "type": "array",
    "items": {
        "anyOf": [
            _kind("text", STRING),
            _kind("upload", STRING),
            _kind("chip", STRING),
            _kind("vector", {"type": "array", "items": NUMBER, "minItems": 1}),
        ]
    },
}


@dataclass(frozen=True)
class Said:
    """What a field of a declaration says of itself.

    Attributes:
        help: what it means, in a line.
        schema: what JSON may give for it; the types of flags come from it too.
        flag: its name at the terminal, where that is another one.
        metavar: what stands for its value in the help.
    """

    help: str
    schema: JsonSchema
    flag: str = ""
    metavar: str = ""


def said(about: str, schema: JsonSchema, flag: str = "", metavar: str = "") -> dict[str, Said]:
    """Metadata of a field."""
    return {"said": Said(about, schema, flag, metavar)}


def said_of(declared: "Field[Any]") -> Said:
    """What a field of `Query`, `Where` or `Page` says of itself."""
    about: Said = declared.metadata["said"]
    return about
