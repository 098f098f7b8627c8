"""Origin of the embeddings of a file: whether they fit an index."""

from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from tests.index.made import made_settings

from harma.errors import ConfigError, ModelMismatchError
from harma.exchange.embedding_file import EmbeddingFile
from harma.exchange.origin import check_fits, import_settings, with_ranges
from harma.scenes.ranges import KindRange
from harma.scenes.reading import Reading
from harma.scenes.stretch import Stretch
from harma.scenes.windows import Tiling

OF_INDEX = made_settings(8)
FILE = Path("f.parquet")


@pytest.fixture
def file(tmp_path):
    """A file of another program."""
    frame = geopandas.GeoDataFrame(
        {"embedding": [np.ones(8, dtype=np.float32)]}, geometry=[shapely.Point(0, 0)], crs=4326
    )
    frame.to_parquet(tmp_path / "f.parquet")
    return EmbeddingFile(tmp_path / "f.parquet")


def test_a_label_is_a_model_of_its_own(file):
    settings, model = import_settings(file, None, None, "clay")
    again, _ = import_settings(file, None, None, "clay")
    other, _ = import_settings(file, None, None, "clay-2")
    assert model is None
    assert (settings.model, settings.embed_dim) == ("clay", 8)
    assert settings.model_id == again.model_id
    assert settings.model_id != other.model_id
    assert settings.model_id.startswith("foreign-")


def test_what_says_nothing_of_its_model_needs_a_name(file):
    with pytest.raises(ConfigError, match="does not say which model"):
        import_settings(file, None, None, None)
    with pytest.raises(ConfigError, match="a label is for models HarMA cannot load"):
        import_settings(file, "openai", None, "clay")


@pytest.mark.parametrize("change", [{"model_id": "other"}, {"embed_dim": 9}])
@pytest.mark.parametrize("is_export", [True, False])
def test_embeddings_of_another_model_do_not_fit(change, is_export):
    with pytest.raises(ModelMismatchError, match=r"their embeddings do not compare"):
        check_fits(FILE, OF_INDEX, replace(OF_INDEX, **change), is_export=is_export)


@pytest.mark.parametrize(
    "change",
    [
        {"tiling": Tiling(size=64)},
        {"reading": Reading(nodata=0.0)},
        {"max_nodata": 0.25},
        {"tiles": 2},
    ],
)
def test_how_scenes_were_cut_counts_of_exports_alone(change):
    of_file = replace(OF_INDEX, model="elsewhere", **change)
    check_fits(FILE, OF_INDEX, of_file, is_export=False)
    (name,) = change
    with pytest.raises(ConfigError, match=f"the index was made with {name} .*f.parquet with"):
        check_fits(FILE, OF_INDEX, of_file, is_export=True)


def test_vectors_of_chips_alone_do_not_fit_among_those_with_tiles():
    tiled = replace(OF_INDEX, tiles=2)
    with pytest.raises(ConfigError, match=r"their 2 x 2 tiles, those of f.parquet of chips alone"):
        check_fits(FILE, tiled, OF_INDEX, is_export=False)
    check_fits(FILE, tiled, tiled, is_export=True)


def shown(*ranges):
    kinds = [KindRange(kind, Stretch((0.0,), (high,))) for kind, high in ranges]
    return replace(OF_INDEX, reading=Reading(ranges=tuple(kinds)))


def test_ranges_of_other_kinds_fit_and_are_taken_over():
    of_index = shown(("a", 1.0), ("b", 2.0))
    of_file = shown(("b", 2.0), ("c", 3.0))
    check_fits(FILE, of_index, of_file, is_export=True)
    assert with_ranges(of_index, of_file) == shown(("a", 1.0), ("b", 2.0), ("c", 3.0))
    assert with_ranges(of_index, OF_INDEX) == of_index


def test_another_range_of_one_kind_does_not_fit():
    with pytest.raises(ConfigError, match=r"shows b from 0 to 2, .* was made from 0 to 5"):
        check_fits(FILE, shown(("b", 2.0)), shown(("b", 5.0)), is_export=True)
