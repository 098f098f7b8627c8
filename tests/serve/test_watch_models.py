"""Models of watches: answers have the fields that they are said to have."""

import pytest
from pydantic import ValidationError
from tests.searches.made_events import event

from harma.searches.event_forms import event_feature
from harma.searches.records import Watch
from harma.searches.watch_json import watch_json
from harma.serve.watch_models import EventCollection, ShownWatch, WatchBody


def test_a_watch_is_shown_as_declared():
    shown = watch_json(Watch("s1"))
    assert ShownWatch(**shown).model_dump() == shown


def test_events_are_shown_as_declared():
    features = [event_feature(event()), event_feature(event(2, geometry=None, gain=0.1))]
    collection = {"type": "FeatureCollection", "features": features, "next": None}
    shown = EventCollection.model_validate(collection).model_dump()
    assert [each["properties"] for each in shown["features"]] == [
        each["properties"] for each in features
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"standing": ""},
        {"least_score": 2.1},
        {"least_score": float("nan")},
        {"webhook": "h" * 501},
        {"notify": ["mailto://a"] * 11},
        {"unknown": 1},
    ],
)
def test_bodies_that_are_none(body):
    with pytest.raises(ValidationError):
        WatchBody(**body)


def test_nothing_need_be_said():
    assert WatchBody().model_dump() == {
        "standing": None,
        "least_score": None,
        "webhook": "",
        "notify": [],
    }
