"""The description of the API: as the repository keeps it, complete, without FastAPI's errors."""

import json

import pytest
from docs.write_openapi import FILE, as_text, document

from harma.serve.problems import MEDIA_TYPE


@pytest.fixture(scope="module")
def described():
    return document()


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_the_file_is_what_the_application_says(described):
    # `python -m docs.write_openapi` writes it; look at what has changed in it.
    assert FILE.read_text(encoding="utf-8") == as_text(described)


def test_every_operation_has_a_name_and_a_summary(described):
    names = [operation["operationId"] for _, operation in operations(described)]
    assert len(names) == len(set(names))
    for label, operation in operations(described):
        assert operation["summary"], label
        assert operation["tags"], label


def test_every_error_is_a_problem(described):
    for label, operation in operations(described):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == [MEDIA_TYPE], f"{label} {status}"
        assert {"401", "403", "421", "500"} <= operation["responses"].keys(), label
        if "requestBody" in operation:
            assert {"400", "413", "422"} <= operation["responses"].keys(), label
    assert "HTTPValidationError" not in json.dumps(described)
    assert "Problem" in described["components"]["schemas"]


def test_every_answer_has_a_schema(described):
    for label, operation in operations(described):
        good = [status for status in ("200", "201", "204") if status in operation["responses"]]
        assert len(good) == 1, label
        content = operation["responses"][good[0]].get("content", {})
        assert bool(content) == (good != ["204"]), label
        for media_type, answer in content.items():
            assert answer.get("schema"), f"{label} {media_type}"


def test_a_key_may_be_asked_for(described):
    assert described["security"] == [{}, {"key": []}]
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_it_is_sent_to_clients(client):
    assert client.get("/openapi.json").json()["info"]["title"] == "HarMA"
    # Pages of documentation load scripts from elsewhere.
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
