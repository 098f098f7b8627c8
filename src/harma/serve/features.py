"""Hits and chips as GeoJSON features for clients: ids and names in place of the server's paths."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from harma.index.hits import Hit
from harma.index.outlines import geojson_outlines
from harma.index.source_ids import shown_name, source_id

# More digits of a score are noise in float32.
SCORE_DIGITS = 6
Feature = dict[str, Any]


def hit_features(index: str, hits: Sequence[Hit], *, first_rank: int = 1) -> list[Feature]:
    """Hits as features, each with its rank.

    Args:
        index: id of the index.
        hits: the best first.
        first_rank: of the first of them.
    """
    geometries = geometries_of(hits)
    features = []
    for rank, (hit, geometry) in enumerate(zip(hits, geometries, strict=True), first_rank):
        features.append(feature(hit.id, geometry, hit_properties(index, hit, rank)))
    return features


def hit_properties(index: str, hit: Hit, rank: int) -> dict[str, Any]:
    """What is said of a hit.

    Args:
        index: id of the index.
        hit: it.
        rank: among all hits, from 1.
    """
    found = {
        "rank": rank,
        "score": round(hit.score, SCORE_DIGITS),
        "percentile": round(hit.percentile, 2),
        "standing": hit.standing,
    }
    return found | chip_properties(index, hit) | _then(hit)


def chip_feature(index: str, chip: Hit) -> Feature:
    """A chip as a feature, of no search."""
    return feature(chip.id, geometries_of([chip])[0], chip_properties(index, chip))


def feature(name: str, geometry: Mapping[str, Any] | None, properties: dict[str, Any]) -> Feature:
    """A feature of GeoJSON."""
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": properties}


def geometries_of(hits: Sequence[Hit]) -> list[dict[str, Any] | None]:
    """Footprints as GeoJSON."""
    return geojson_outlines([hit.geometry for hit in hits])


def chip_properties(index: str, chip: Hit) -> dict[str, Any]:
    """What is said of a chip, whatever was looked for."""
    return {
        "index": index,
        "source": source_id(chip.source),
        "source_name": shown_name(chip.source),
        "datetime": iso(chip.datetime),
        **_end("datetime_end", chip),
        "date": chip.date_text,
        **vars(chip.window),
        "crs": chip.crs,
        "gsd": chip.gsd,
        "nodata": round(chip.nodata, 4),
    }


def _then(hit: Hit) -> dict[str, Any]:
    """What is said of the earlier chip of a change."""
    then = hit.then
    if then is None or hit.change is None:
        return {}
    return {
        "change": round(hit.change, SCORE_DIGITS),
        "then_score": round(then.score, SCORE_DIGITS),
        "then_id": then.id,
        "then_source": source_id(then.source),
        "then_source_name": shown_name(then.source),
        "then_datetime": iso(then.datetime),
        **_end("then_datetime_end", then),
        "then_date": then.date_text,
    }


def _end(name: str, chip: Hit) -> dict[str, str | None]:
    """The last moment of a day, a month or a range, where one is known."""
    if chip.datetime_end is None:
        return {}
    return {name: iso(chip.datetime_end)}


def iso(when: dt.datetime | None) -> str | None:
    """A moment in UTC, as RFC 3339 writes it."""
    if when is None:
        return None
    return when.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
