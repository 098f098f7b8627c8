"""Change under the benchmark: places whose later picture shows what the earlier one does not."""

import shutil
from pathlib import Path

import numpy as np
import rasterio
from benchmarks.search.measuring import by_query
from PIL import Image
from rasterio.transform import from_origin

from harma.evaluation.judging import JudgedQuery, evaluate_search
from harma.index.ask import Query, Where
from harma.index.index import Index

BEFORE, AFTER = "2015-06-01", "2020-06-01"
LEAST_CHANGED = 3
# Share of the places that change.
CHANGED = 0.3
# The earlier picture is a little darker, and lies a little beside the later one: share, pixels.
DARKER, BESIDE = 0.85, 6
# Metres; places lie apart.
PIXEL, APART = 0.3, 1000.0


def change_figures(archive, *, expand):
    """MAP and nDCG@10, percent, of the label that came; and of the later pictures alone."""
    labelled = archive.labelled
    rng = np.random.default_rng(0)
    later = rng.permutation(len(labelled.files))
    before = later.copy()
    # Most places are as they were; of the others the earlier picture is of another place.
    changed = slice(0, int(CHANGED * len(later)))
    before[changed] = np.roll(later[changed], 1)
    order = np.stack([before, later])
    directory = archive.directory / "changes"
    scenes = directory / "scenes"
    if not scenes.is_dir():
        _draw(labelled, order, scenes)
    outcome = Index.build(directory / "index", [scenes], archive.path, whole=True, num_workers=0)
    assert not outcome.problems
    index = Index.open(directory / "index", model=archive.model)
    changes, later = _queries(labelled, order, expand)
    figures = []
    for queries in (changes, later):
        evaluation = evaluate_search(index, queries, by="source", depth=len(order[0]), resamples=1)
        figures += [by_query([evaluation], measure).mean() for measure in ("AP", "nDCG@10")]
    return figures


def _queries(labelled, order, expand):
    """Of each label that came to three places or more: asked as a change, and of later pictures."""
    changes, later = [], []
    for label, word in enumerate(labelled.words):
        before, after = labelled.labels[order, label]
        came = after & ~before
        if came.sum() < LEAST_CHANGED:
            continue
        relevance = {_name(place, AFTER): int(flag) for place, flag in enumerate(came)}
        query = Query(word, expand=expand)
        both = Where(before="2016", after="2019")
        changes.append(JudgedQuery(word, query, relevance, both))
        later.append(JudgedQuery(word, query, relevance, Where(date=("2019", None))))
    return changes, later


def _draw(labelled, order, directory):
    """GeoTIFFs of the same places at two dates."""
    partial = directory.with_name("partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for date, numbers in zip((BEFORE, AFTER), order, strict=True):
        for place, number in enumerate(numbers):
            pixels = np.asarray(Image.open(labelled.files[number]).convert("RGB"))
            if date == BEFORE:
                pixels = (DARKER * np.roll(pixels, BESIDE, axis=1)).astype(np.uint8)
            _write(partial / _name(place, date), pixels, place)
    partial.rename(directory)


def _write(path: Path, pixels, place):
    height, width, bands = pixels.shape
    transform = from_origin(500_000 + APART * place, 5_000_000, PIXEL, PIXEL)
    profile = {"driver": "GTiff", "height": height, "width": width, "count": bands}
    with rasterio.open(
        path, "w", dtype="uint8", crs="EPSG:32632", transform=transform, **profile
    ) as target:
        target.write(pixels.transpose(2, 0, 1))


def _name(place, date):
    return f"place{place:04d}_{date}.tif"
