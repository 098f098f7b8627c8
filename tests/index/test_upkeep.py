"""Taking sources out of an index, and making it quick again."""

import pytest
from tests.index.made import all_rows, chip_ids, fill, make_store

from harma.errors import ConfigError, MissingFileError, NotFoundError
from harma.index.store import Store
from harma.index.upkeep import optimize, remove


def test_optimizing_and_removing_keep_the_rest(archive, tmp_path):
    assert optimize(archive, None, lambda *told: None) == "exact: every chip is compared"
    assert len(chip_ids(archive)) == 27
    assert remove(archive, ["*scene1_*"]) == (1, 9)
    assert len(chip_ids(archive)) == 18
    with pytest.raises(NotFoundError, match="nothing was removed"):
        remove(archive, ["*scene2_*", "nowhere"])
    assert len(chip_ids(archive)) == 18


def test_one_pattern_in_place_of_a_list_removes_nothing(archive):
    """A star among its letters would match every source."""
    with pytest.raises(ConfigError, match=r"give a list, such as \['\*scene1_\*'\]"):
        remove(archive, "*scene1_*")
    assert len(chip_ids(archive)) == 27


def test_brackets_in_names_mean_themselves(write_scenes, build_index, tmp_path):
    first, second = write_scenes(tmp_path / "scenes", 2)
    named = first.rename(first.with_name("b[1].tif"))
    second.rename(second.with_name("b1.tif"))
    build_index(tmp_path / "scenes")
    remove(tmp_path / "index", [str(named)])
    left = {row["source"] for row in all_rows(Store(tmp_path / "index"))}
    assert {name.rpartition("/")[2] for name in left} == {"b1.tif"}


def test_removing_takes_the_problem_too(archive, build_index, tmp_path):
    scene = sorted((tmp_path / "scenes").iterdir())[0]
    scene.write_bytes(b"")
    build_index(tmp_path / "scenes")
    assert (archive / "problems.json").exists()
    assert remove(archive, [str(scene), "*scene1_*"]) == (2, 18)
    assert not (archive / "problems.json").exists()


def test_where_there_is_no_index_nothing_is_made(tmp_path):
    with pytest.raises(MissingFileError, match="is no index"):
        remove(tmp_path / "none", ["a"])
    with pytest.raises(MissingFileError, match="is no index"):
        optimize(tmp_path / "none", None, lambda *told: None)
    assert not (tmp_path / "none").exists()


def test_optimizing_joins_files_however_few_and_tells_of_it(tmp_path):
    store = make_store(tmp_path / "index", 10, dim=4)
    fill(store, 10, seed=1)
    assert store.num_files() == 2
    told = []
    optimize(tmp_path / "index", None, lambda *what: told.append(what))
    assert Store(tmp_path / "index").num_files() == 1
    assert told == [("joining files", 0, 1)]
