"""Two chip sizes in one vector: how pictures are cut, how vectors are joined, what is indexed."""

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from PIL import Image
from tests.index.made import all_rows, chip
from tests.index.parts import FACTS, MeanColor, block, settings, write_stripes

from harma.errors import ConfigError
from harma.index import writer as writing
from harma.index.ask import Picture, Query
from harma.index.batches import embed_batches
from harma.index.index import Index
from harma.index.query import embed_query
from harma.index.reading import TASK_CHIPS, ChipPixels, SceneCache, Task, chips_at_once, read
from harma.index.store import Store
from harma.index.tiles import check_tiles, embed_picture, join_chips, join_sizes, with_tiles
from harma.index.verify import verify
from harma.index.work import work
from harma.index.workers import run_tasks
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.windows import Tiling


def numbered(height, width):
    """A picture without black, each of whose pixels is another."""
    numbers = np.arange(height * width).reshape(height, width)
    channels = [numbers % 251 + 1, numbers // 251, numbers % 7]
    return np.stack(channels, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("tiles", [2, 3, 4])
@pytest.mark.parametrize("shape", [(12, 24), (13, 7), (5, 4), (31, 32)])
def test_tiles_cover_every_pixel_once(shape, tiles):
    picture = numbered(*shape)
    whole, *parts = with_tiles(picture, tiles)
    assert whole is picture
    assert len(parts) == tiles * tiles
    rows = [parts[start : start + tiles] for start in range(0, len(parts), tiles)]
    together = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    np.testing.assert_array_equal(together, picture)
    for axis in (0, 1):
        sides = {part.shape[axis] for part in parts}
        assert max(sides) - min(sides) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2)])
def test_a_picture_smaller_than_its_tiles_has_no_empty_ones(shape):
    _, *parts = with_tiles(numbered(*shape), 4)
    assert len(parts) == 16
    assert all(part.size for part in parts)
    assert {tuple(pixel) for part in parts for pixel in part.reshape(-1, 3)} == {
        tuple(pixel) for pixel in numbered(*shape).reshape(-1, 3)
    }


def test_one_tile_is_the_picture_alone():
    picture = numbered(4, 4)
    assert with_tiles(picture, 1) == [picture]


def test_tiles_that_are_mostly_black_are_left_out():
    """Of a chip whose right part is padding; half black is still looked at."""
    picture = numbered(8, 8)
    picture[:, 6:] = 0
    assert len(with_tiles(picture, 2)) == 5
    picture[0, 5] = 0
    assert [part.shape for part in with_tiles(picture, 2)] == [(8, 8, 3)] + 3 * [(4, 4, 3)]
    assert len(with_tiles(np.zeros_like(picture), 2)) == 1
    # Red alone is no black.
    picture[..., 0] = 9
    assert len(with_tiles(picture, 2)) == 5


def test_the_formula():
    """(1, 0) + ½·mean of (0, 1), (1, 0), (0, -1), (0, 1) is (1.125, 0.125)."""
    whole = np.float32([1, 0])
    tiles = np.float32([[0, 1], [1, 0], [0, -1], [0, 1]])
    expected = np.array([1.125, 0.125]) / np.sqrt(1.125**2 + 0.125**2)
    found = join_sizes(whole, tiles)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert found.dtype == np.float32
    assert join_sizes(whole, tiles[:0]) is whole
    opposite = join_sizes(whole, -np.tile(whole, (4, 1)))
    np.testing.assert_allclose(opposite, whole)


def test_chips_of_uneven_numbers_of_tiles():
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((9, 5)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    found = join_chips(embeddings, [4, 0, 2])
    expected = [
        join_sizes(embeddings[0], embeddings[1:5]),
        embeddings[5],
        join_sizes(embeddings[6], embeddings[7:9]),
    ]
    np.testing.assert_array_equal(found, expected)
    assert join_chips(embeddings, ()) is embeddings
    assert join_chips(embeddings[:0], []).shape == (0, 5)
    np.testing.assert_array_equal(join_chips(embeddings[:2], [0, 0]), embeddings[:2])


@pytest.mark.parametrize("tiles", [0, 5, -1, 2.0, "2", True, None])
def test_other_numbers_of_tiles_are_refused(tiles):
    with pytest.raises(ConfigError, match=r"tiles is .*; it must be a whole number from 1"):
        check_tiles(tiles)


# -- read and embedded -----------------------------------------------------------------------------


def write_quarters(path, colors):
    """A GeoTIFF of one chip of 11 pixels, whose quarters have a grey value each; nodata is 0."""
    values = np.empty((3, 11, 11), dtype=np.uint8)
    values[:, :5, :5], values[:, :5, 5:], values[:, 5:, :5], values[:, 5:, 5:] = colors
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=11,
        height=11,
        count=3,
        dtype="uint8",
        nodata=0,
        crs="EPSG:32631",
        transform=Affine(2, 0, 500_000, 0, -2, 5_000_000),
    ) as dataset:
        dataset.write(values)
    return Task(Source(str(path), str(path)), "c", (0,), 1)


def two_by_two(**values):
    return settings(tiling=Tiling(size=11), tiles=2, **values)


def test_a_chip_is_read_with_its_tiles(tmp_path):
    scenes = SceneCache()
    task = write_quarters(tmp_path / "a.tif", [10, 20, 0, 40])

    def transform(picture):
        means.append(float(picture.float().mean()))
        return torch.zeros(3, 2, 2)

    means = []
    result = read(task, two_by_two(), transform, scenes)
    assert (result.num_tiles, result.num_pictures, len(result.pixels)) == ([3], 4, 4)
    assert means[1:] == [10, 20, 40]
    means = []
    alone = read(task, settings(tiling=Tiling(size=11)), transform, scenes)
    assert (alone.num_tiles, alone.num_pictures, len(alone.pixels)) == ([0], 1, 1)
    scenes.close()


def test_batches_count_pictures_and_may_end_within_a_chip():
    counts = [[2, 0], [4], [], [1, 3, 0]]
    reads = []
    for number, tiles in enumerate(counts):
        size = len(tiles) + sum(tiles)
        pixels = torch.rand(size, 3, 10, 10) if size else None
        chips = [chip(id=f"{number} {each}") for each in range(len(tiles))]
        reads.append(ChipPixels(block().task, chips, pixels, 0, FACTS, num_tiles=tiles))
    results = []
    for batch_size in (1, 4, 100):
        model = MeanColor()
        blocks = list(embed_batches(reads, model, batch_size))
        assert max(model.batches) <= batch_size
        assert sum(model.batches) == 16
        assert [len(item.embeddings) for item in blocks] == [2, 1, 0, 3]
        results.append(np.concatenate([item.embeddings for item in blocks]))
    for each in results[1:]:
        np.testing.assert_allclose(each, results[0], atol=1e-6)
    whole, *tiles = reads[1].pixels.mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(results[0][2], join_sizes(whole, np.array(tiles)), atol=1e-6)


def test_a_reader_hands_over_no_more_pixels_than_without_tiles():
    assert [chips_at_once(tiles) for tiles in (1, 2, 3, 4)] == [TASK_CHIPS, 6, 3, 1]


def test_processes_and_work_give_the_same(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [*range(1, 15), 0], nodata=0)
    task = Task(Source(str(path), str(path)), "c", range(15), 15)
    results = []
    for num_workers in (0, 2):
        blocks = run_tasks(
            task.pieces(4),
            settings(tiles=3),
            MeanColor(),
            batch_size=7,
            num_workers=num_workers,
        )
        results.append(np.concatenate([item.embeddings for item in blocks]))
    np.testing.assert_array_equal(*results)
    whole = work(task, settings(tiles=3), MeanColor(), batch_size=7)
    assert whole.num_skipped == 1
    np.testing.assert_array_equal(whole.embeddings, results[0])


# -- in an index -----------------------------------------------------------------------------------


@pytest.fixture
def tiled(write_scenes, build_index, tmp_path):
    """An index of three scenes of 96 pixels in chips of 37, padded, with 2 x 2 tiles."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes", tiling=Tiling(size=37, edges="pad"), tiles=2)
    return tmp_path / "index"


def chip_picture(row):
    """A chip as it was cut, with its padding."""
    with rasterio.open(row["source"]) as dataset:
        values = np.moveaxis(dataset.read(), 0, -1)
    values = np.pad(values, ((0, 37), (0, 37), (0, 0)))
    return values[row["row"] : row["row"] + 37, row["column"] : row["column"] + 37].copy()


def test_the_vector_of_a_chip_is_that_of_the_formula(tiled, model):
    """The model sees the pictures by its public ways: nothing of the build is used."""
    rows = all_rows(Index.open(tiled).store)
    assert len({row["nodata"] for row in rows}) > 1
    differences = []
    for row in rows:
        picture = chip_picture(row)
        upper, lower = picture[:18], picture[18:]
        parts = [upper[:, :18], upper[:, 18:], lower[:, :18], lower[:, 18:]]
        seen = [part for part in parts if (part != 0).any(axis=2).mean() >= 0.5]
        whole, *tiles = model[0].embed_images([picture, *seen])
        expected = whole + 0.5 * np.mean(tiles, axis=0)
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(row["embedding"], expected, atol=5e-4)
        differences.append(np.abs(row["embedding"] - whole).max())
    assert min(differences) > 2e-3, "what is compared is not the same anyway"


def test_a_picture_that_is_a_chip_has_its_vector(tiled, model, tmp_path):
    """In whichever way it is given."""
    snapshot = Index.open(tiled).snapshot
    for row in all_rows(snapshot.store):
        picture = chip_picture(row)
        Image.fromarray(picture).save(tmp_path / "chip.png")
        queries = [
            Query(image=picture),
            Query(image=Image.fromarray(picture)),
            Query(image=tmp_path / "chip.png"),
            Query(like=[Picture(str(tmp_path / "chip.png"))]),
        ]
        for query in queries:
            found = embed_query(lambda: model[0], snapshot, query).vector
            np.testing.assert_allclose(found, row["embedding"], atol=5e-4)


def test_a_picture_of_other_values_than_8_bits_is_cut_when_it_has_one_range(model):
    """Quarters of their own ranges would all be bright."""
    values = np.linspace(0, 60_000, 64 * 64).reshape(64, 64, 1).repeat(3, axis=2).astype(np.uint16)
    as_8_bits = (values / 257).round().astype(np.uint8)
    found = embed_picture(model[0], values, 2)
    np.testing.assert_allclose(found, embed_picture(model[0], as_8_bits, 2), atol=1e-5)


def test_with_one_tile_a_picture_is_given_as_it_is():
    class Model:
        def embed_images(self, images):
            self.images = images
            return np.float32([[1, 0]])

    model = Model()
    embed_picture(model, "what the model reads itself", 1)
    assert model.images == ["what the model reads itself"]


def test_an_index_with_tiles_is_one_like_others(tiled, model, write_scenes, build_index, tmp_path):
    cut = {"tiling": Tiling(size=37, edges="pad"), "reading": Reading(), "tiles": 2}
    write_scenes(tmp_path / "scenes", 1, first=3)
    assert build_index(tmp_path / "scenes", **cut).num_new == 1
    index = Index.open(tiled, model=model[0])
    assert index.info()["tiles"] == 2
    assert verify(index.store) == []
    assert len(index.search("a river", k=50)) > 9
    with pytest.raises(ConfigError, match=r"tiles 2, and 1 was asked for; .*`harma index reembed`"):
        build_index(tmp_path / "scenes", **{**cut, "tiles": 1})


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_build_that_was_killed_is_completed_with_the_same_tiles(
    write_scenes, build_index, tmp_path, monkeypatch, step
):
    write_scenes(tmp_path / "scenes", 4)
    build_index(tmp_path / "scenes", directory=tmp_path / "whole", tiles=2)
    calls = iter(range(1, 1000))
    original = Store.add_chips

    def dying(self, *args):
        if next(calls) == step:
            raise Killed
        original(self, *args)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "COMMIT_CHIPS", 5)
        patched.setattr(Store, "add_chips", dying)
        with pytest.raises(Killed):
            build_index(tmp_path / "scenes", tiles=2)
    with pytest.raises(ConfigError, match="made with tiles 2, and 3 was asked for"):
        build_index(tmp_path / "scenes", tiles=3)
    build_index(tmp_path / "scenes", tiles=2)
    vectors = []
    for name in ("whole", "index"):
        rows = all_rows(Store(tmp_path / name))
        vectors.append({row["id"]: row["embedding"] for row in rows})
        assert len(rows) == len(vectors[-1]) == 36
    assert vectors[0].keys() == vectors[1].keys()
    for chip_id, vector in vectors[0].items():
        np.testing.assert_allclose(vectors[1][chip_id], vector, atol=5e-4)
