"""The OpenAPI description of the API, as it is kept in the repository."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from harma.serve.media_types import BYTES
from harma.serve.problems import PROBLEM_SCHEMA, responses

# What every operation may answer: no key, refused, another host, a fault, too much to do.
EVERYWHERE = responses(401, 403, 421, 500)
WITH_BODY = responses(400, 413)
# FastAPI's own forms of errors, in whose place problem documents stand.
NOT_USED = ("HTTPValidationError", "ValidationError")
DESCRIPTION = (
    "Search archives of aerial and satellite imagery by describing what should be seen. JSON in,"
    " GeoJSON out; errors are problem documents (RFC 9457). Where the server asks for a key, send"
    " it as `Authorization: Bearer KEY`."
)
METHODS = ("get", "put", "post", "patch", "delete")


def describe(app: FastAPI) -> None:
    """Make an application describe itself with the problems that its operations may answer with."""
    own = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = own()
            _amend(document)
        return app.openapi_schema or document

    app.openapi = described  # type: ignore[method-assign]


def _amend(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in NOT_USED:
        schemas.pop(name, None)
    schemas["Problem"] = dict(PROBLEM_SCHEMA)
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    # A server may ask for a key, or for none.
    document["security"] = [{}, {"key": []}]
    for operation in _operations(document):
        answers = operation["responses"]
        if "422" in answers:
            answers |= _by_text(responses(422))
        further = EVERYWHERE | (WITH_BODY if "requestBody" in operation else {})
        for status, answer in _by_text(further).items():
            answers.setdefault(status, answer)
        for answer in answers.values():
            _say_binary(answer.get("content", {}))
        operation["responses"] = dict(sorted(answers.items()))


def _say_binary(content: dict[str, Any]) -> None:
    """Say of pictures and files, of which nothing else is said, that they are bytes."""
    for media_type, said in content.items():
        if not media_type.endswith("json") and "schema" not in said:
            said.update(BYTES)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for method in METHODS:
            if method in path:
                yield path[method]


def _by_text(answers: dict[int | str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(status): answer for status, answer in answers.items()}
