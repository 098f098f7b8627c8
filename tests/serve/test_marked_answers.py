"""Answers of saved searches with their marks; more of them is tried over HTTP."""

import pytest

from harma.searches.records import Mark
from harma.serve.marked_answers import last_good


@pytest.mark.parametrize(
    ("marks", "good", "count"),
    [("", 0, 0), ("g", 1, 1), ("gbu", 1, 3), ("g" * 12, 10, 10), ("gg" + "b" * 10, 0, 10)],
)
def test_of_the_last_marks_how_many_are_good(marks, good, count):
    words = {"g": "good", "b": "bad", "u": "unsure"}
    made = [Mark(str(number), words[sign]) for number, sign in enumerate(marks)]
    assert last_good(made) == {"last_good": good, "last_marked": count}


def test_the_same_question_is_answered_from_what_is_kept(client, service):
    body = {"index": "archive", "name": "roofs", "asked": {"text": "a roof"}}
    search = client.post("/v1/searches", json=body).json()["id"]
    first = client.post(f"/v1/searches/{search}/search", json={"k": 2}).json()
    again = client.post(f"/v1/searches/{search}/search", json={"k": 4}).json()
    assert again["query_id"] == first["query_id"]
    assert len(again["features"]) == 4
    # A mark makes it another question.
    chip = first["features"][0]["id"]
    changes = {"marks": [{"chip": chip, "mark": "bad"}]}
    client.put(f"/v1/searches/{search}/marks", json=changes)
    marked = client.post(f"/v1/searches/{search}/search", json={"k": 2}).json()
    assert marked["query_id"] != first["query_id"]


def test_a_change_has_no_doubtful_chips(client):
    asked = {"text": "a roof", "before": "2010-12", "after": "2011"}
    body = {"index": "archive", "name": "new roofs", "asked": asked}
    search = client.post("/v1/searches", json=body).json()["id"]
    answer = client.get(f"/v1/searches/{search}/next", params={"how": "doubtful"})
    assert answer.status_code == 422
    assert "a change has no doubtful chips" in answer.json()["detail"]
