"""Searches in every phase of every writer: right for a version, or told to open the index anew."""

import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.errors import HarmaError
from harma.exchange.importing import import_geoparquet
from harma.index import reembed as reembed_module
from harma.index.ask import Vector
from harma.index.index import Index
from harma.index.manage import add_to_index, reembed_index
from harma.index.options import WorkOptions
from harma.index.schema import embeddings_of
from harma.index.store import Store

QUERY = np.random.default_rng(3).standard_normal(16).astype(np.float32)
QUERY /= np.linalg.norm(QUERY)


def look(index):
    """A search of an index, compared with brute force over the version that it holds; the ids."""
    held = index.held()
    hits = list(held.search(like=[Vector(QUERY.tolist())], k=5, overlap=None, exact=True))
    table = held.store.rows(["id", "embedding"])
    best = np.sort(embeddings_of(table) @ QUERY)[::-1][:5]
    np.testing.assert_allclose([hit.score for hit in hits], best, atol=2e-3)
    ids = table["id"].to_pylist()
    assert len(set(ids)) == len(ids)
    return set(ids)


class Readers:
    """Three readers of an index: one opened before, one that refreshes, one that opens anew.

    Args:
        place: of the index.
    """

    def __init__(self, place):
        self.place = place
        self.before = Index.open(place)
        self.shared = Index.open(place)
        self.ids = look(self.before)
        self.num_looks = 0
        self.told = []
        self.seen = []

    def look(self):
        """All three search."""
        self.num_looks += 1
        self.seen.append(look(Index.open(self.place)))
        for index, refreshes in ((self.before, False), (self.shared, True)):
            try:
                if refreshes:
                    index.refresh_if_changed()
                ids = look(index)
            except HarmaError as error:
                self.told.append(str(error))
                continue
            if not refreshes:
                assert ids == self.ids


@pytest.fixture
def archive(build_index, write_scenes, tmp_path):
    """An index of two scenes, and what writers need."""
    build_index(*write_scenes(tmp_path / "scenes", 2))
    write_scenes(tmp_path / "more", 2, first=2)
    shutil.copytree(tmp_path / "scenes", tmp_path / "moved")
    torch.manual_seed(7)
    load_backbone(TINY).save(tmp_path / "model2")
    Index.open(tmp_path / "index").export(tmp_path / "export.parquet")
    return tmp_path / "index"


def add(place, folder):
    add_to_index(place, [folder / "more"], options=WorkOptions(num_workers=0))


def remove(place, folder):
    Index.remove(place, ["*scene1*"])


def optimize(place, folder):
    Index.optimize(place, with_texts=False)


def reembed(place, folder):
    reembed_index(place, folder / "model2", options=WorkOptions(num_workers=0))


def relocate(place, folder):
    Index.relocate(place, folder / "scenes", folder / "moved")


def bring_in(place, folder):
    Index.remove(place, ["*scene1*"])
    import_geoparquet(place, folder / "export.parquet")


@pytest.mark.parametrize("write", [add, remove, optimize, reembed, relocate, bring_in])
def test_searches_in_every_phase(archive, tmp_path, monkeypatch, write):
    # Small commits and an ANN index, as a large archive has them.
    monkeypatch.setattr("harma.index.writer.COMMIT_CHIPS", 4)
    monkeypatch.setattr("harma.index.ann.PAYS", 10)
    readers = Readers(archive)
    writing = Store._writing

    @contextmanager
    def watched(store):
        readers.look()
        with writing(store):
            yield
        readers.look()

    monkeypatch.setattr(Store, "_writing", watched)
    clear = reembed_module._clear

    def cleared(home, settings):
        readers.look()
        clear(home, settings)
        readers.look()

    monkeypatch.setattr(reembed_module, "_clear", cleared)
    write(archive, tmp_path)
    monkeypatch.undo()
    after = look(Index.open(archive))
    assert readers.num_looks >= 4
    for ids in readers.seen:
        # Nothing that stays is missing meanwhile, and nothing is there that never is.
        assert ids <= readers.ids | after
        if write is not bring_in:
            assert ids >= readers.ids & after
    assert bool(readers.told) == (write is reembed)
    assert all("open it again" in told for told in readers.told)
