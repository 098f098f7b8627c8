"""Signatures that run out: a second try with a fresh list, then a named problem."""

import json
import pickle

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests.index.made import all_rows
from tests.servers import FolderServer

from harma.errors import DataError, MissingFileError
from harma.index.store import Store
from harma.scenes import fresh as module
from harma.scenes.fresh import FreshLists, may_be_mended, told
from harma.scenes.products.product import BandPart
from harma.scenes.source import Source
from harma.scenes.sources import find_sources


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.0)


class Signing(FolderServer):
    """Serves files to the present signature alone, which is good for some requests.

    A list (list.csv) and a catalogue (items.json) name the files with the present signature.
    """

    def __init__(self, folder, *, good_for, signs_again=True):
        self.good_for = good_for
        self.signs_again = signs_again
        self.left = good_for
        self.number = 1
        super().__init__(
            folder, admits=self._admits, answers={"/items.json": lambda _: (200, self.items())}
        )

    def _admits(self, said):
        if said.get("sig") != f"secret{self.number}" or self.left == 0:
            return False
        self.left -= 1
        return True

    def sign(self):
        if self.left == 0 and self.signs_again:
            self.number += 1
            self.left = self.good_for
        return f"secret{self.number}"

    def items(self):
        signature = self.sign()
        features = []
        for path in sorted(self.folder.glob("*.tif")):
            href = f"{self.base}/{path.name}?sig={signature}"
            assets = {"visual": {"href": href, "type": "image/tiff"}}
            features.append({"type": "Feature", "id": path.stem, "assets": assets})
        return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.fixture
def scenes(tmp_path):
    """Two scenes of noise in tiles, so that their chips are many requests."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "scenes"
    folder.mkdir()
    for name in ("a", "b"):
        with rasterio.open(
            folder / f"{name}.tif",
            "w",
            driver="GTiff",
            width=512,
            height=512,
            count=3,
            dtype="uint8",
            tiled=True,
            blockxsize=64,
            blockysize=64,
            crs="EPSG:32631",
            transform=Affine(10, 0, 500_000, 0, -10, 5_000_000),
        ) as dataset:
            dataset.write(rng.integers(1, 255, (3, 512, 512), dtype="uint8"))
    return folder


@pytest.mark.parametrize("good_for", [10, 11, 12, 14, 15])
def test_a_signature_that_runs_out_is_taken_anew_from_the_catalogue(
    scenes, good_for, build_index, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "FRESH", -1.0)
    server = Signing(scenes, good_for=good_for)
    try:
        outcome = build_index(f"{server.base}/items.json")
    finally:
        server.close()
    assert outcome.problems == {}
    assert server.number > 1
    rows = all_rows(Store(tmp_path / "index"))
    assert len(rows) == outcome.num_added == 2 * 16 * 16
    assert "secret" not in str([row["source"] for row in rows])


def test_one_that_is_not_renewed_is_a_named_problem(scenes, build_index, tmp_path, caplog):
    server = Signing(scenes, good_for=6, signs_again=False)
    try:
        with caplog.at_level("DEBUG"):
            outcome = build_index(f"{server.base}/items.json")
    finally:
        server.close()
    assert set(outcome.problems) == {f"{server.base}/a.tif", f"{server.base}/b.tif"}
    for problem in outcome.problems.values():
        assert "HTTP response code: 403" in problem
        assert "its signature or token is missing or has expired" in problem
    assert all_rows(Store(tmp_path / "index")) == []
    kept = (tmp_path / "index/problems.json").read_text()
    assert "secret" not in kept + str(outcome) + caplog.text


def test_a_list_is_read_again(scenes, tmp_path, build_index):
    server = Signing(scenes, good_for=10**6)
    listed = tmp_path / "list.csv"
    listed.write_text(f"path\n{server.base}/a.tif?sig=old\n")
    (source,) = find_sources([listed])
    listed.write_text(f"path\n{server.base}/a.tif?sig=secret1\n")
    try:
        now = FreshLists().again(source)
        assert now.opened_as.endswith("a.tif?sig=secret1")
        assert (now.name, now.found_in) == (source.name, str(listed))
    finally:
        server.close()


def test_a_list_is_read_again_once_a_minute(tmp_path, monkeypatch):
    listed = tmp_path / "list.txt"
    listed.write_text("https://x.org/a.tif?sig=1\nhttps://x.org/b.tif?sig=1\n")
    one, other = find_sources([listed])
    fresh = FreshLists()
    listed.write_text("https://x.org/a.tif?sig=2\n")
    assert fresh.again(one).opened_as.endswith("sig=2")
    # No longer in the list: as it was.
    assert fresh.again(other) == other
    listed.write_text("https://x.org/a.tif?sig=3\n")
    assert fresh.again(one).opened_as.endswith("sig=2")
    monkeypatch.setattr(module, "FRESH", -1.0)
    assert fresh.again(one).opened_as.endswith("sig=3")
    listed.unlink()
    assert fresh.again(one) == one


def test_what_a_second_try_may_mend():
    remote = Source("https://x.org/a.tif", "/vsicurl/https://x.org/a.tif")
    stacked = Source("https://x.org/a.tif", "", parts=(BandPart("/vsis3/x/a.tif", "red"),))
    local = Source("/data/a.tif", "/data/a.tif")
    broken = DataError("it cannot be read (HTTP response code: 403)")
    assert may_be_mended(remote, broken)
    assert may_be_mended(stacked, broken)
    assert not may_be_mended(local, broken)
    assert not may_be_mended(remote, MissingFileError("it is not there"))
    assert not may_be_mended(remote, DataError("it cannot be read (HTTP response code: 404)"))


def test_only_a_refusal_is_told_with_what_to_do():
    assert told("it cannot be read (HTTP response code: 403)").endswith("in the index stays")
    assert told("it is damaged") == "it is damaged"


def test_lists_travel_to_other_processes_empty():
    lists = FreshLists()
    assert isinstance(pickle.loads(pickle.dumps(lists)), FreshLists)


def test_it_travels_to_another_process_without_what_it_has_read():
    import pickle

    lists = FreshLists()
    lists._lists["a.txt"] = None
    assert pickle.loads(pickle.dumps(lists))._lists == {}
