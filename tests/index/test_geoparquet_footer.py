"""What a GeoParquet file of embeddings says of itself, word for word."""

import json
from dataclasses import replace

import pytest
from tests.index.made import made_settings

from harma.errors import DataError
from harma.index.geoparquet_footer import (
    emb_of,
    geo_of,
    harma_of,
    read_geo,
    read_settings_text,
)
from harma.index.settings import Settings
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

# Of a polygon and a multipolygon.
POLYGONS = (3, 6)


def test_the_geo_text_is_geoparquet_1_1():
    """Edges are planar: those of chips are straight in degrees, as their boxes are."""
    assert json.loads(geo_of(POLYGONS, [-180.0, -5.0, 180.0, 5.0])) == {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["MultiPolygon", "Polygon"],
                "edges": "planar",
                "covering": {
                    "bbox": {
                        "xmin": ["bbox", "xmin"],
                        "ymin": ["bbox", "ymin"],
                        "xmax": ["bbox", "xmax"],
                        "ymax": ["bbox", "ymax"],
                    }
                },
                "bbox": [-180.0, -5.0, 180.0, 5.0],
            }
        },
    }
    assert "bbox" not in json.loads(geo_of((), None))["columns"]["geometry"]


@pytest.mark.parametrize(
    ("tiling", "layout"),
    [
        (
            Tiling(size=200, stride=0.5, scales=(2.0,)),
            {"layout_type": "regular_grid", "chip_size": [400, 400], "stride": [200, 200]},
        ),
        (Tiling(scales=(1.0, 2.0)), {"layout_type": "variable_grid"}),
        (Tiling(size=None, size_m=100.0), {"layout_type": "variable_grid"}),
    ],
)
def test_the_emb_text_says_how_chips_lie(tiling, layout):
    settings = Settings("runs/a", None, "0123", 512, tiling, Reading(), 0.5)
    emb = json.loads(emb_of(settings))
    assert emb["emb:chip_layout"] == layout
    assert (emb["emb:dimensions"], emb["data_type"]) == (512, "float32")
    assert emb["emb:quantization"]["quantized_dtype"] == "float16"
    assert emb["links"] == [{"rel": "emb:model", "href": "runs/a", "title": "model id 0123"}]


def test_the_emb_text_says_of_tiles_how_vectors_are_made():
    tiled = json.loads(emb_of(replace(made_settings(8), tiles=3)))
    assert tiled["emb:preprocessing"]["expression"]["tiles"] == 3
    made = tiled["emb:postprocessing"]["expression"]
    assert made.startswith("whole chip + 1/2 mean of its 3 x 3 tiles, then L2 normalisation")
    alone = json.loads(emb_of(made_settings(8)))
    assert alone["emb:postprocessing"]["expression"].startswith("L2 normalisation")


@pytest.mark.parametrize("tiles", [1, 2])
def test_settings_come_back(tiles):
    settings = replace(made_settings(8), tiles=tiles)
    assert read_settings_text({b"harma": harma_of(settings).encode()}, "a") == settings
    assert read_settings_text({}, "a") is None


def harma_text(**changes):
    return {b"harma": json.dumps({**json.loads(harma_of(made_settings(8))), **changes}).encode()}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({b"harma": b"{"}, "x.parquet: its `harma` metadata is damaged"),
        ({b"harma": b"[]"}, "x.parquet: its `harma` metadata is damaged"),
        (harma_text(settings={}), "metadata is damaged"),
        (harma_text(version=2, software="9.9"), "was exported by HarMA 9.9, which is newer"),
    ],
)
def test_harma_texts_that_cannot_be_read(texts, message):
    with pytest.raises(DataError, match=message):
        read_settings_text(texts, "x.parquet")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "x.parquet is Parquet, but not GeoParquet"),
        ({b"geo": b"{}"}, "its `geo` metadata is damaged"),
        (
            {b"geo": geo_of((), None).replace("WKB", "point").encode()},
            "geometries are encoded as point; only WKB is read",
        ),
    ],
)
def test_geo_texts_that_cannot_be_read(texts, message):
    with pytest.raises(DataError, match=message):
        read_geo(texts, "x.parquet")
