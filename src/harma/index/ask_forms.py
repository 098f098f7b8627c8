"""Forms of a declaration: the JSON schema of what may be asked, the keywords of `Index.search`."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from harma.index.ask import Page, Query, Where
from harma.index.said import said_of

SearchMethod = TypeVar("SearchMethod", bound=Callable[..., Any])
_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def schema_of(declaration: type[Query] | type[Where] | type[Page]) -> dict[str, Any]:
    """A JSON schema of what a declaration takes."""
    properties = {}
    for declared in fields(declaration):
        about = said_of(declared)
        properties[declared.name] = {**about.schema, "description": about.help}
        if declared.default not in (None, (), MISSING):
            properties[declared.name]["default"] = declared.default
    return {
        "type": "object",
        "title": declaration.__name__,
        "properties": properties,
        "additionalProperties": False,
    }


def shows_declaration(search: SearchMethod) -> SearchMethod:
    """Decorates `Index.search`.

    Its signature and its arguments in words, as people see them, come from the declaration.
    """
    parameters = [inspect.Parameter("self", _POSITIONAL)]
    lines = []
    for declaration in (Query, Where, Page):
        for declared in fields(declaration):
            parameters.append(_parameter(declared))
            lines.append(f"    {declared.name}: {said_of(declared).help}.")
    search.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation="HitList"
    )
    search.__doc__ = "\n".join([inspect.getdoc(search) or "", "", "Args:", *lines])
    return search


def _parameter(declared: "Field[Any]") -> inspect.Parameter:
    is_positional = declared.name in ("text", "image")
    return inspect.Parameter(
        declared.name,
        _POSITIONAL if is_positional else inspect.Parameter.KEYWORD_ONLY,
        default=declared.default,
        annotation=declared.type,
    )
