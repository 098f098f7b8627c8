"""Errors of the API as problem documents (RFC 9457): status, title, what to do."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from harma.errors import (
    BusyError,
    ConfigError,
    ConflictError,
    DataError,
    GoneError,
    HarmaError,
    NotFoundError,
    QueryError,
)
from harma.serve.work import RETRY_AFTER_S

MEDIA_TYPE = "application/problem+json"
# Class of an error → status. What is not here is a fault of the server, and told without its words,
# which may name its files.
STATUS_OF: dict[type[HarmaError], int] = {
    QueryError: 422,
    NotFoundError: 404,
    BusyError: 503,
    ConflictError: 409,
    GoneError: 410,
    ConfigError: 422,
    DataError: 422,
}


def add_problem_handlers(app: FastAPI) -> None:
    """Tell HarMA's errors as problem documents."""
    app.add_exception_handler(HarmaError, _told)


def problem(status: int, title: str, detail: str, **further: Any) -> JSONResponse:
    """A problem document as an answer."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **further}
    headers: dict[str, str] = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation says in OpenAPI of the problems that it may answer with."""
    return {
        status: {
            "description": "a problem",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


async def _told(_: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in STATUS_OF.items() if isinstance(error, kind)), 500)
    detail = ""
    if status != 500:
        detail = str(getattr(error, "problem", ""))
    return problem(status, type(error).__name__, detail)
