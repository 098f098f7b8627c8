"""Errors of the API as problem documents (RFC 9457): status, title, what to do."""

import http
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from harma.errors import (
    BusyError,
    ConfigError,
    ConflictError,
    GoneError,
    HarmaError,
    MediaTypeError,
    NotFoundError,
    QueryError,
    StateError,
    TooLargeError,
)
from harma.ground.messages import sendable
from harma.serve.work import RETRY_AFTER_S

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Class of an error → status. What is not here is a fault of the server, and told without its words,
# which may name its files.
STATUS_OF: dict[type[HarmaError], int] = {
    QueryError: 422,
    NotFoundError: 404,
    BusyError: 503,
    ConflictError: 409,
    GoneError: 410,
    TooLargeError: 413,
    MediaTypeError: 415,
    ConfigError: 422,
    StateError: 507,
}
SERVER_FAULT = "the server cannot answer this; its log says why"
# What FastAPI or Starlette say in one word, in a sentence.
SENTENCES = {
    404: "there is nothing at this address; see openapi.json for all there is",
    405: "this address does not take this method; see openapi.json",
    400: "the body cannot be read as JSON",
}
# Of what is wrong with the fields of a request: how many are named, and letters of a name.
MOST_FIELDS = 100
NAME_LENGTH = 100
PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "a problem document (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "examples": ["Unprocessable Content"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {
            "type": "string",
            "examples": ["k is 0 and offset 0; k must be 1 or more, offset 0 or more"],
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "examples": ["like.0.weight"]},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


def add_problem_handlers(app: FastAPI) -> None:
    """Tell all errors as problem documents: HarMA's, FastAPI's own, and those nobody thought of."""
    app.add_exception_handler(HarmaError, _told)
    app.add_exception_handler(RequestValidationError, _told_invalid)
    app.add_exception_handler(HTTPException, _told_http)
    app.add_exception_handler(Exception, _told_fault)


def route_path(request: Request) -> str:
    """The path of a request below the root path."""
    return str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **further: Any,
) -> JSONResponse:
    """A problem document as an answer."""
    # Names and values that a client sent may be of any length.
    said = str(HarmaError(detail))
    content = {"type": "about:blank", "title": title, "status": status, "detail": said, **further}
    all_headers = dict(headers or {})
    if status == 503:
        all_headers["Retry-After"] = str(RETRY_AFTER_S)
    return JSONResponse(content, status, headers=all_headers, media_type=MEDIA_TYPE)


def plain_problem(status: int, detail: str, **further: Any) -> JSONResponse:
    """A problem whose title is that of its status."""
    return problem(status, http.HTTPStatus(status).phrase, detail, **further)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation says in OpenAPI of the problems that it may answer with."""
    return {
        status: {
            "description": http.HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def fault(error: Exception) -> JSONResponse:
    """An error that nobody thought of: the log has it, the client hears no word of it."""
    logger.error("a request failed", exc_info=error)
    return plain_problem(500, SERVER_FAULT)


async def _told(_: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in STATUS_OF.items() if isinstance(error, kind)), 500)
    if status == 500:
        return fault(error)
    return problem(status, type(error).__name__, str(getattr(error, "problem", "")))


async def _told_fault(_: Request, error: Exception) -> JSONResponse:
    return fault(error)


async def _told_http(request: Request, error: Exception) -> JSONResponse:
    """Errors of Starlette and FastAPI, whose own words are one or two."""
    error = cast(HTTPException, error)
    detail = str(error.detail)
    if detail == http.HTTPStatus(error.status_code).phrase or error.status_code == 400:
        detail = SENTENCES.get(error.status_code, detail)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # Each route knows its own methods alone.
        headers["Allow"] = allowed_methods(request) or headers.get("Allow", "")
    return plain_problem(error.status_code, detail, headers=headers)


def allowed_methods(request: Request) -> str:
    """The methods that an address takes, by all operations of the application."""
    path = route_path(request)
    methods: set[str] = set()
    for pattern, operations in request.app.openapi()["paths"].items():
        if compile_path(pattern)[0].match(path):
            methods |= {name.upper() for name in operations}
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))


async def _told_invalid(_: Request, error: Exception) -> JSONResponse:
    """What does not fit the declaration of an operation, field by field."""
    every = _fields(cast(RequestValidationError, error).errors())
    errors = list(islice(every, MOST_FIELDS))
    first = errors[0]
    return plain_problem(422, f"{first['field']}: {first['message']}", errors=errors)


def _fields(errors: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for error in errors:
        context = error.get("ctx", {})
        prefix = _name(error["loc"])
        # An error of a whole object holds those of its fields.
        for inner in context.get("errors", ()):
            yield {"field": _joined(prefix, inner["field"]), "message": inner["message"]}
        if error["type"] == "json_invalid":
            # Its place is a number of bytes, and no field.
            place = ".".join(map(str, error["loc"][1:]))
            yield {"field": "body", "message": f"it is no JSON: {context['error']} (at {place})"}
        elif "errors" not in context:
            yield {"field": prefix or "body", "message": sendable(str(error["msg"]))}


def _name(location: Sequence[str | int]) -> str:
    """Where in a request, without the word that says in which part of it."""
    return ".".join(_shown(str(part)) for part in location[1:])


def _shown(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[:NAME_LENGTH]}…"


def _joined(*names: str) -> str:
    return ".".join(name for name in names if name)
