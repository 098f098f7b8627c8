"""The index as people use it: what it says of itself, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import chip, made_settings, make_store

from harma.errors import ConfigError, QueryError
from harma.index.ask import Query, Vector
from harma.index.index import Index
from harma.index.store import Store


def test_the_facts_of_an_index(tmp_path):
    store = make_store(tmp_path / "index", 200, dim=8)
    index = Index(store)
    rows = store.rows(["xmin", "ymin", "xmax", "ymax", "datetime"]).to_pylist()
    placed = [row for row in rows if row["xmin"] is not None]
    dates = [row["datetime"] for row in rows if row["datetime"] is not None]
    assert 0 < len(placed) < 200
    info = index.info()
    assert (info["chips"], info["placed"], len(index)) == (200, len(placed), 200)
    assert info["bounds"] == [
        min(row["xmin"] for row in placed),
        min(row["ymin"] for row in placed),
        max(row["xmax"] for row in placed),
        max(row["ymax"] for row in placed),
    ]
    assert info["dates"] == [str(min(dates)), str(max(dates))]


def test_an_export_does_not_lie_in_the_index(tmp_path):
    index = Index(make_store(tmp_path / "index", 10, dim=8))
    (tmp_path / "link").symlink_to(tmp_path / "index")
    for folder in ("index", "link"):
        with pytest.raises(ConfigError, match="lies inside the index"):
            index.export(tmp_path / folder / "a.parquet")
    assert index.export(tmp_path / "a.parquet") == 10


def test_an_index_of_another_programs_embeddings_takes_vectors_alone(tmp_path):
    settings = replace(made_settings(8), model="clay", model_id="foreign-0")
    store = Store.create(tmp_path / "index", settings)
    store.add_chips([chip(id="a"), chip(id="b", column=9)], np.eye(2, 8, dtype=np.float32))
    index = Index(store)
    with pytest.raises(QueryError, match="of clay, which HarMA cannot load"):
        index.search("a river")
    hits = index.search(like=[Vector(np.eye(2, 8)[1])])
    assert [hit.id for hit in hits] == ["b", "a"]


def test_what_is_added_is_seen_after_a_refresh(tmp_path):
    index = Index(make_store(tmp_path / "index", 10, dim=8))
    writer = Store(tmp_path / "index")
    writer.add_chips([chip(id="new")], np.eye(1, 8, dtype=np.float32))
    assert len(index) == 10
    index.refresh()
    assert len(index) == 11


def test_pages_follow_each_other(tmp_path):
    index = Index(make_store(tmp_path / "index", 60, dim=8))
    vector = Vector(np.arange(8.0))
    whole = [hit.id for hit in index.search(like=[vector], k=20)]
    pages = []
    for offset in (0, 7, 14):
        pages += [hit.id for hit in index.search(like=[vector], k=7, offset=offset)]
    assert pages[:20] == whole


def test_queries_are_embedded_by_what_is_put_before_the_model(tmp_path):
    class Known:
        embed_dim = 8

        def embed_texts(self, texts):
            return np.tile(np.eye(2, 8, dtype=np.float32)[1], (len(texts), 1))

    store = Store.create(tmp_path / "index", made_settings(8))
    store.add_chips([chip(id="a"), chip(id="b", column=9)], np.eye(2, 8, dtype=np.float32))
    index = Index(store)
    index.embedder = Known()
    assert [hit.id for hit in index.search("a river")] == ["b", "a"]


class Expandable:
    """Embeds a submarine on axis 1, all else on axis 0; phrases join its short texts."""

    embed_dim = 8
    captions = None

    def __init__(self):
        self.texts = []

    def embed_texts(self, texts):
        self.texts += texts
        places = [int(text == "submarines near a pier") for text in texts]
        return np.eye(2, 8, dtype=np.float32)[places]


def test_hits_say_what_joined_the_text(tmp_path):
    store = Store.create(tmp_path / "index", made_settings(8))
    store.add_chips([chip(id="a"), chip(id="b", column=9)], np.eye(2, 8, dtype=np.float32))
    index = Index(store)
    index.embedder = Expandable()
    hits = index.search("submarines near a pier")
    assert [round(hit.score, 2) for hit in hits] == [0.71, 0.71]
    (told,) = hits.expanded
    assert told.terms == ("submarine", "pier")
    hits = index.search("submarines near a pier", expand="off")
    assert [round(hit.score, 2) for hit in hits] == [1, 0]
    assert hits.expanded == []
    doubtful = index.find_doubtful(Query("submarines near a pier", like=[Vector(np.eye(8)[2])]))
    assert doubtful.expanded == [told]
    with pytest.raises(QueryError, match="expand is 'yes'; allowed are auto, off"):
        index.search("a pier", expand="yes")


def test_after_the_warm_up_no_phrase_is_embedded(tmp_path):
    index = Index(make_store(tmp_path / "index", 10, dim=8))
    index.embedder = Expandable()
    index.warm_up()
    num_texts = len(index.embedder.texts)
    assert num_texts > 100
    index.search("a pier, a silo")
    assert index.embedder.texts[num_texts:] == ["a pier, a silo"]


def test_an_index_is_warmed_up(tmp_path):
    class Counted:
        texts = ()

        def embed_texts(self, texts):
            self.texts += tuple(texts)

    index = Index(make_store(tmp_path / "index", 10, dim=8))
    index.embedder = Counted()
    index.warm_up()
    assert len(index.embedder.texts) == 1
