"""Synthetic scenes as a data set."""

import json

import pytest
from PIL import Image

from harma.curation.check import check_data
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.data.synthetic import make_scenes
from harma.errors import ConfigError, DataError

SMALL = {"train": 6, "val": 3, "test": 4, "size": 32, "captions": 3}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_scenes(tmp_path_factory.mktemp("scenes") / "summer", **SMALL)


def test_the_data_set_is_read_like_any_other(made):
    description = load_description(made)
    report = check_data(description, made.parent)
    assert not report.problems
    assert report.sizes == {"train": (6, 18), "val": (3, 9), "test": (4, 12)}
    split = load_split(description, "train", made.parent)
    assert split.labels is not None
    assert Image.open(split.images[0]).size == (32, 32)


def test_the_same_arguments_give_the_same_files(made, tmp_path):
    again = make_scenes(tmp_path / "again", **SMALL)
    for path in made.parent.rglob("*"):
        if path.is_file():
            assert (
                path.read_bytes() == (again.parent / path.relative_to(made.parent)).read_bytes()
            ), path.name


def test_splits_share_no_scene(made):
    seen = [path.read_bytes() for path in (made.parent / "images").iterdir()]
    assert len(set(seen)) == len(seen)


def test_more_scenes_leave_the_first_as_they_were(made, tmp_path):
    more = make_scenes(tmp_path / "more", **{**SMALL, "train": 8})
    first = [json.loads((data.parent / "train.json").read_text())[:18] for data in (made, more)]
    assert first[0] == first[1]


def test_a_finished_data_set_is_kept_and_another_one_replaces_it(tmp_path):
    data = make_scenes(tmp_path / "a", **SMALL)
    stamp = (data.parent / "train.json").stat().st_mtime_ns
    make_scenes(tmp_path / "a", **SMALL)
    assert (data.parent / "train.json").stat().st_mtime_ns == stamp
    make_scenes(tmp_path / "a", **SMALL, seed=1)
    assert (data.parent / "train.json").stat().st_mtime_ns != stamp


def test_other_peoples_files_are_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("important")
    with pytest.raises(
        DataError, match="holds other files too .mine.txt.; choose another directory"
    ):
        make_scenes(tmp_path, **SMALL)
    assert (tmp_path / "mine.txt").read_text() == "important"


def test_an_interrupted_one_leaves_nothing(tmp_path, monkeypatch):
    def stop(done, total):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_scenes(tmp_path / "a", **SMALL, progress=stop)
    assert not list(tmp_path.iterdir())


def test_progress_counts_every_image(tmp_path):
    seen = []
    make_scenes(tmp_path / "a", **SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, 13) for i in range(13)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"look": "autumn"}, "look is 'autumn'; allowed are summer, infrared, drought, winter"),
        ({"train": 0}, "train is 0; it must be 1 or more"),
        ({"captions": 11}, "captions is 11; a scene has at most 10"),
        ({"captions": 0}, "captions is 0; it must be 1 or more"),
        ({"size": 15}, "size is 15; it must be 16 to 4096"),
        ({"size": 4097}, "size is 4097; it must be 16 to 4096"),
        ({"seed": -1}, "seed is -1; it must not be negative"),
    ],
)
def test_bad_arguments(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_scenes(tmp_path / "a", **{**SMALL, **changes})


def test_pictures_that_are_missing_are_drawn_anew(tmp_path):
    data = make_scenes(tmp_path / "a", **SMALL)
    (data.parent / "images" / "val_00001.png").unlink()
    make_scenes(tmp_path / "a", **SMALL)
    assert (data.parent / "images" / "val_00001.png").is_file()


def test_a_folder_that_says_nothing_of_itself_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    make_scenes(tmp_path / "a", **SMALL)  # an empty one is taken
    for record in ("{}", "[]", None):
        (tmp_path / "a" / "made_from.json").unlink(missing_ok=True)
        if record:
            (tmp_path / "a" / "made_from.json").write_text(record)
        with pytest.raises(DataError, match="holds no synthetic scenes; choose another directory"):
            make_scenes(tmp_path / "a", **SMALL)


def test_the_smallest_and_the_most_are_made(tmp_path):
    few = {"train": 1, "val": 1, "test": 1, "size": 16, "captions": 10}
    data = make_scenes(tmp_path / "a", **few)
    rows = json.loads((data.parent / "train.json").read_text())
    assert len({row["caption"] for row in rows}) == 10
    assert {row["image_id"] for row in rows} == {0}
    (row,) = json.loads((data.parent / "val.json").read_text())
    assert (row["image"], len(row["caption"])) == ("val_00000.png", 10)
