"""Detections: hits that touch or overlap are merged into one thing, with its area on the ground."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from harma.index.hits import Hit
from harma.index.outlines import DIGITS
from harma.index.source_ids import shown_name
from harma.index.standing import STANDINGS
from harma.serve.features import SCORE_DIGITS, Feature, feature

# Corners of neighbouring chips differ by rounding: degrees, about a centimetre.
TOUCHING = 1e-7
SQUARE_METRES = 1e6
# The names of the scenes of one detection that are told.
MOST_NAMES = 20
EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class Detection:
    """Chips that touch each other.

    Attributes:
        hits: the best first.
        outline: of all of them.
    """

    hits: Sequence[Hit]
    outline: BaseGeometry

    @property
    def value(self) -> float:
        """What the best hit is ranked by."""
        return ranked_by(self.hits[0])

    @property
    def area_km2(self) -> float:
        """Area on the ground, square kilometres."""
        area, _ = EARTH.geometry_area_perimeter(shapely.orient_polygons(self.outline))
        return abs(float(area)) / SQUARE_METRES


def ranked_by(hit: Hit) -> float:
    """What hits are ranked by: the score, or the gain of a change."""
    return hit.score if hit.change is None else hit.change


def over(hits: Sequence[Hit], least_score: float | None, standing: str | None = None) -> list[Hit]:
    """Hits that are good enough.

    Args:
        hits: of a search.
        least_score: hits of this score (or gain) or a higher one; None admits all.
        standing: hits of this standing or a better one; None admits all.
    """
    chosen = list(hits)
    if least_score is not None:
        # As it is shown: who gives the score of a hit means that hit too.
        chosen = [hit for hit in chosen if round(ranked_by(hit), SCORE_DIGITS) >= least_score]
    if standing is not None:
        better = STANDINGS[: STANDINGS.index(standing) + 1]
        chosen = [hit for hit in chosen if hit.standing in better]
    return chosen


def merged_detections(hits: Sequence[Hit]) -> list[Detection]:
    """Merge hits that touch or overlap, also over others.

    Args:
        hits: the best first. Those without a footprint that has an area are left out.

    Returns:
        The best first.
    """
    placed = [hit for hit in hits if _has_area(hit)]
    if not placed:
        return []
    outlines = np.array([hit.geometry for hit in placed], dtype=object)
    detections = []
    for group in _groups(outlines):
        outline = shapely.union_all(outlines[group], grid_size=TOUCHING)
        detections.append(Detection([placed[place] for place in group], outline))
    return sorted(detections, key=lambda detection: -detection.value)


def _has_area(hit: Hit) -> bool:
    return hit.geometry is not None and hit.geometry.area > 0


def _groups(outlines: NDArray[np.object_]) -> Iterator[NDArray[np.intp]]:
    """Positions of outlines that are connected, ascending."""
    count = len(outlines)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=TOUCHING)
    graph = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(count, count))
    num_groups, group_of = connected_components(graph, directed=False)
    for group in range(num_groups):
        yield np.flatnonzero(group_of == group)


def detection_features(query_id: str, detections: Sequence[Detection]) -> list[Feature]:
    """Detections as features of GeoJSON.

    Args:
        query_id: of the search, which makes their ids.
        detections: the best first.
    """
    features = []
    for rank, detection in enumerate(detections, 1):
        best = detection.hits[0]
        days = {hit.date_text for hit in detection.hits} - {""}
        names = {shown_name(hit.source) for hit in detection.hits}
        properties = {
            "rank": rank,
            "chips": len(detection.hits),
            "best_chip": best.id,
            "best_score": round(detection.value, SCORE_DIGITS),
            "standing": best.standing,
            "dates": sorted(days),
            "source_names": sorted(names)[:MOST_NAMES],
            "area_km2": round(detection.area_km2, 6),
        }
        outline = shapely.set_precision(
            shapely.orient_polygons(detection.outline), 10.0**-DIGITS, mode="pointwise"
        )
        features.append(
            feature(f"{query_id}-{rank}", shapely.geometry.mapping(outline), properties)
        )
    return features
