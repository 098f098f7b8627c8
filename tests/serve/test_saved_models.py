"""Models of saved searches and marks hold what the routes answer with."""

import pytest
from pydantic import ValidationError

from harma.searches.checks import MARKS_AT_ONCE
from harma.serve.saved_models import (
    MarkChanges,
    MarkCollection,
    MarkedAnswer,
    MarksImported,
    MarksSet,
    SearchAgain,
    SearchList,
    ShownSearch,
)


def test_answers_fit_their_models(client):
    body = {"index": "archive", "name": "roofs", "asked": {"text": "a roof"}}
    saved = client.post("/v1/searches", json=body).json()
    ShownSearch.model_validate(saved, strict=True)
    path = f"/v1/searches/{saved['id']}"
    again = client.post(f"{path}/search", json={}).json()
    MarkedAnswer.model_validate(again)
    chips = [feature["id"] for feature in again["features"][:3]]
    changes = {"marks": [{"chip": chip, "mark": "good"} for chip in chips]}
    MarksSet.model_validate(client.put(f"{path}/marks", json=changes).json())
    marks = client.get(f"{path}/marks").json()
    assert len(MarkCollection.model_validate(marks).features) == 3
    MarkedAnswer.model_validate(client.get(f"{path}/next").json())
    SearchList.model_validate(client.get("/v1/searches").json())
    headers = {"Content-Type": "text/csv"}
    sent = client.post(f"{path}/marks/import", content="id,mark\nx,y\n", headers=headers)
    MarksImported.model_validate(sent.json())


def test_bodies_are_bounded():
    change = {"chip": "a", "mark": "good"}
    MarkChanges.model_validate({"marks": [change] * MARKS_AT_ONCE})
    for marks in ([], [change] * (MARKS_AT_ONCE + 1)):
        with pytest.raises(ValidationError):
            MarkChanges.model_validate({"marks": marks})
    for body in ({"k": 0}, {"k": "many"}, {"q": 1}):
        with pytest.raises(ValidationError):
            SearchAgain.model_validate(body)
