"""Saved searches in the directory of an index: whatever is done with the index, they stay."""

import shutil

import pytest

from harma.index.index import Index
from harma.searches.book import SearchBook
from harma.searches.chips import on_chips
from harma.searches.database import DATABASE_FILE
from harma.searches.records import Mark


@pytest.fixture
def archive(write_scenes, build_index, tmp_path):
    """The directory of an index, whose book is open; the scenes are beside it."""
    write_scenes(tmp_path / "scenes", 2)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


@pytest.fixture
def book(archive):
    index = Index.open(archive)
    chip = index.store.rows(["id"])["id"][0].as_py()
    with SearchBook.open(archive) as book:
        search = book.create("roofs", {"text": "a red roof"}).id
        book.put_marks(search, on_chips(index.store, [Mark(chip, "good")]))
        # While it is open its log lies there, too.
        assert len(list(archive.glob("searches.sqlite*"))) == 3
        yield book


def is_kept(book):
    [search] = book.all()
    return len(book.marks(search.id)) == 1


def test_what_changes_an_index_leaves_them(
    archive, book, build_index, write_scenes, tmp_path, model
):
    write_scenes(tmp_path / "more", 1, first=5)
    build_index(tmp_path / "scenes", tmp_path / "more")
    assert is_kept(book)
    Index.optimize(archive, with_texts=False)
    Index.remove(archive, ["*scene5*"])
    shutil.move(tmp_path / "scenes", tmp_path / "moved")
    Index.relocate(archive, tmp_path / "scenes", tmp_path / "moved")
    index = Index.open(archive)
    assert index.verify() == []
    index.export(tmp_path / "archive.parquet")
    assert index.info()["chips"] == 18
    assert is_kept(book)


def test_embedding_again_leaves_them(archive, book, tmp_path):
    import torch
    from tests.conftest import TINY

    from harma.backbones import load_backbone

    torch.manual_seed(1)
    load_backbone(TINY).save(tmp_path / "other")
    Index.reembed(archive, str(tmp_path / "other"), num_workers=0)
    assert is_kept(book)
    [search] = book.all()
    store = Index.open(archive).store
    # Chips keep their ids.
    from harma.searches.asking import current_marks

    assert current_marks(book, search.id, store).num_gone == 0


def test_a_watch_of_other_tiles_notes_anew_what_is_there(archive, book, model):
    """Its scores are others: what is above the threshold now is no news."""
    from harma.searches.question import question_of
    from harma.searches.records import Watch
    from harma.searches.watches import WatchBook

    [search] = book.all()
    watch = WatchBook(book.database).put(Watch(search.id, None, 0.5))
    before = question_of(book, watch, Index.open(archive).store)
    assert question_of(book, watch, Index.open(archive).store).key == before.key
    Index.reembed(archive, model[1], tiles=2, num_workers=0)
    assert question_of(book, watch, Index.open(archive).store).key != before.key
    assert is_kept(book)


def test_an_index_is_copied_with_them(archive, book, tmp_path):
    shutil.copytree(archive, tmp_path / "while it is open")
    with SearchBook.open(tmp_path / "while it is open") as copied:
        assert is_kept(copied)
    book.close()
    assert [path.name for path in archive.glob("searches.sqlite*")] == [DATABASE_FILE]
    shutil.copytree(archive, tmp_path / "closed")
    with SearchBook.open(tmp_path / "closed") as copied:
        assert is_kept(copied)
        assert copied.all() == book.all()


def test_the_size_of_an_index_is_told_while_files_come_and_go(archive, monkeypatch):
    from pathlib import Path

    index = Index.open(archive)
    size = index.info()["bytes"]
    is_file = Path.is_file
    gone = archive / "searches.sqlite-wal"
    gone.write_bytes(b"x" * 100)

    def and_then_it_is_gone(path):
        found = is_file(path)
        if path == gone:
            path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "is_file", and_then_it_is_gone)
    assert index.info()["bytes"] == size
