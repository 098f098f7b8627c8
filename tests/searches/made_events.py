"""Events by hand."""

from datetime import UTC, datetime

import shapely

from harma.searches.records import Event


def event(number=1, **values):
    """An event, but for what is said."""
    usual = {
        "number": number,
        "id": f"urn:uuid:00000000-0000-5000-8000-{number:012d}",
        "search": "s1",
        "chip": f"chip{number}",
        "content": "c",
        "found": datetime(2026, 11, 26, 15, 4, 5, 678, tzinfo=UTC),
        "source": "/secret/folder/a_20200102.tif",
        "score": 0.75,
        "gain": None,
        "standing": "clear",
        "then_chip": None,
        "geometry": shapely.to_wkb(shapely.box(4, 52, 4.1, 52.2)),
        "taken": datetime(2020, 1, 2, tzinfo=UTC),
        "taken_end": datetime(2020, 1, 2, 23, 59, 59, 999_999, tzinfo=UTC),
        "thumbnail": None,
    }
    return Event(**{**usual, **values})
