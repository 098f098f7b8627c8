"""Detections: what touches is one thing, also over others; areas are those of the ground."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
import shapely
from pyproj import Geod

from harma.index.hits import Hit
from harma.scenes.windows import Window
from harma.serve.detections import detection_features, merged_detections, over, ranked_by


def hit(name, west, south, *, size=0.01, score=0.5, day=None, then=None, geometry="box"):
    if geometry == "box":
        geometry = shapely.box(west, south, west + size, south + size)
    when = None
    if day is not None:
        when = dt.datetime.fromisoformat(f"{day}T00:00:00+00:00")
    return Hit(
        score=score,
        percentile=50.0,
        standing="likely",
        id=name,
        source=f"/srv/{name}.tif",
        window=Window(0, 0, 32, 32),
        geometry=geometry,
        datetime=when,
        crs="",
        gsd=None,
        nodata=0.0,
        then=then,
    )


def groups(hits):
    return [[one.id for one in detection.hits] for detection in merged_detections(hits)]


def test_what_touches_is_one():
    # In a row, of which the first and the last do not touch; and one alone.
    row = [hit(name, 5 + i * 0.01, 50, score=0.9 - i / 10) for i, name in enumerate("abc")]
    alone = hit("d", 6, 50, score=0.85)
    assert groups([*row, alone]) == [["a", "b", "c"], ["d"]]
    assert groups([row[0], row[2], alone]) == [["a"], ["d"], ["c"]]
    outline = merged_detections(row)[0].outline
    assert outline.geom_type == "Polygon"
    assert (
        outline.equals(shapely.box(5, 50, 5.03, 50.01))
        or outline.symmetric_difference(shapely.box(5, 50, 5.03, 50.01)).area < 1e-8
    )


def test_a_hair_between_chips_is_none():
    assert groups([hit("a", 5, 50), hit("b", 5.01 + 5e-8, 50)]) == [["a", "b"]]
    assert groups([hit("a", 5, 50), hit("b", 5.01 + 5e-6, 50)]) == [["a"], ["b"]]
    # A corner touches too.
    assert groups([hit("a", 5, 50), hit("b", 5.01, 50.01)]) == [["a", "b"]]


def test_what_has_no_area_is_left_out():
    point = hit("p", 0, 0, geometry=shapely.Point(5, 50))
    nowhere = hit("n", 0, 0, geometry=None)
    assert merged_detections([point, nowhere]) == []
    assert groups([point, hit("a", 5, 50), nowhere]) == [["a"]]


@pytest.mark.parametrize("latitude", [0, 50, -80])
def test_area(latitude):
    detection = merged_detections([hit("a", 5, latitude), hit("b", 5.01, latitude)])[0]
    # By the sides: a degree of longitude gets shorter towards the poles.
    width = Geod(ellps="WGS84").inv(5, latitude + 0.005, 5.02, latitude + 0.005)[2]
    height = Geod(ellps="WGS84").inv(5, latitude, 5, latitude + 0.01)[2]
    assert detection.area_km2 == pytest.approx(width * height / 1e6, rel=1e-4)


def test_what_is_said():
    hits = [
        hit("a", 5, 50, score=0.9, day="2020-01-02"),
        hit("b", 5.01, 50, score=0.8, day="2019-01-02"),
        hit("c", 5.02, 50, score=0.7),
    ]
    feature = detection_features("q", merged_detections(hits))[0]
    assert feature["id"] == "q-1"
    said = feature["properties"]
    assert said["chips"] == 3
    assert (said["best_chip"], said["best_score"], said["standing"]) == ("a", 0.9, "likely")
    assert len(said["dates"]) == 2
    assert said["source_names"] == ["a.tif", "b.tif", "c.tif"]
    ring = np.array(feature["geometry"]["coordinates"][0])
    assert shapely.LinearRing(ring).is_ccw
    assert (np.round(ring, 7) == ring).all()


def test_a_change_is_ranked_by_its_gain():
    then = hit("t", 5, 50, score=0.2)
    changed = hit("a", 5, 50, score=0.5, then=then)
    assert ranked_by(changed) == pytest.approx(0.3)
    assert over([changed], 0.31) == []
    assert over([changed], 0.3) == [changed]
    assert over([hit("b", 5, 50, score=0.1234564)], 0.123456)
    assert len(over([changed, then], None)) == 2
    assert merged_detections([changed])[0].value == pytest.approx(0.3)


def test_by_standing():
    hits = [replace(hit(word, 5, 50), standing=word) for word in ("clear", "likely", "weak", "")]
    for standing, count in (("clear", 1), ("likely", 2), ("weak", 3)):
        assert len(over(hits, None, standing)) == count
    assert over(hits, 0.6, "weak") == []
    assert len(over(hits, None)) == 4


def test_many():
    rng = np.random.default_rng(1)
    hits = [
        hit(str(i), west, south)
        for i, (west, south) in enumerate(rng.uniform(0, 0.3, (300, 2)).round(4))
    ]
    detections = merged_detections(hits)
    assert sum(len(detection.hits) for detection in detections) == 300
    # No two of them touch.
    outlines = [detection.outline for detection in detections]
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    assert (one == other).all()
