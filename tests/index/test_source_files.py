"""Size, time and fingerprint of a source's files."""

import hashlib
import os
from pathlib import Path

import pytest

from harma.index.records import SourceRecord
from harma.index.source_files import (
    change_of,
    files_as_text,
    fingerprint,
    listed_files,
    on_disk,
    source_of,
)
from harma.scenes.source import Source, source_named


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / name for name in ("a.tif", "b.tif", "a.tfw")]
    for number, path in enumerate(paths, 1):
        path.write_bytes(b"x" * number)
        os.utime(path, ns=(number * 10**15, number * 10**15))
    return list(map(str, paths))


def test_one_file_is_what_it_was_before_scenes_had_several(files):
    source = Source(files[0], files[0])
    assert on_disk(source) == (1, 10**15)
    assert fingerprint(source) == hashlib.blake2b(b"x", digest_size=16).hexdigest()


def test_several_files(files):
    source = Source(files[0], files[0], files=tuple(files[1:]))
    size, mtime_ns = on_disk(source)
    assert size == 6
    assert mtime_ns // 10**6 == 3 * 10**9, "the last change, to the millisecond"
    expected = hashlib.blake2b(b"x\0xx\0xxx", digest_size=16).hexdigest()
    assert fingerprint(source) == expected


@pytest.mark.parametrize("number", [0, 1, 2])
def test_any_of_them_may_change(files, number):
    source = Source(files[0], "<VRTDataset/>", files=tuple(files))
    before = on_disk(source)
    content = fingerprint(source)
    os.utime(files[number], ns=(5, 5))
    assert on_disk(source) != before, "an older file in place of a newer one is seen, too"
    assert fingerprint(source) == content
    with Path(files[number]).open("r+b") as file:
        file.write(b"y")
    assert fingerprint(source) != content


def test_addresses_and_what_is_gone(files, tmp_path):
    address = Source("https://example.org/a.tif", "/vsicurl/https://example.org/a.tif")
    assert on_disk(address) == (-1, 0)
    assert (
        fingerprint(address) == hashlib.blake2b(address.name.encode(), digest_size=16).hexdigest()
    )
    gone = Source(str(tmp_path / "gone.tif"), str(tmp_path / "gone.tif"), files=(files[2],))
    assert on_disk(gone) == (-1, 0), "what is left of it does not stand for it"


def test_rasters_of_one_container_or_archive_are_told_apart(tmp_path):
    for holder in ("a/c.nc", "b/c.nc", "a/x.zip"):
        (tmp_path / holder).parent.mkdir(exist_ok=True)
        (tmp_path / holder).write_bytes(b"x")
    contents = {}
    for name in (
        f"NETCDF:{tmp_path}/a/c.nc:Band1",
        f"NETCDF:{tmp_path}/a/c.nc:Band2",
        f"/vsizip/{tmp_path}/a/x.zip/a.tif",
        f"/vsizip/{tmp_path}/a/x.zip/b.tif",
    ):
        contents[fingerprint(source_named(name))] = name
        assert on_disk(source_named(name)).size == 1
    assert len(contents) == 4
    moved = fingerprint(source_named(f"NETCDF:{tmp_path}/b/c.nc:Band1"))
    assert contents[moved].endswith("a/c.nc:Band1"), "a moved one is known by its content"


def test_a_folder_that_is_a_raster_changes_with_what_is_in_it(tmp_path):
    store = tmp_path / "x.zarr"
    (store / "0").mkdir(parents=True)
    (store / "0" / "a").write_bytes(b"xx")
    (store / "b").write_bytes(b"x")
    source = Source(str(store), str(store))
    before = on_disk(source)
    content = fingerprint(source)
    assert before.size == 3
    (store / "0" / "a").write_bytes(b"yy")
    os.utime(store / "0" / "a", ns=(5, 5))
    assert on_disk(source) != before
    assert fingerprint(source) != content


STATISTICS = (
    '<PAMDataset><PAMRasterBand band="1"><Histograms><HistItem><HistMin>1</HistMin></HistItem>'
    '</Histograms><Metadata><MDI key="STATISTICS_MAXIMUM">9</MDI></Metadata></PAMRasterBand>{}'
    "</PAMDataset>"
)


def test_statistics_that_a_viewer_writes_are_no_change(files, tmp_path):
    plain = Source(files[0], files[0])
    beside = tmp_path / "a.tif.aux.xml"
    viewed = Source(files[0], files[0], files=(str(beside),))
    beside.write_text(STATISTICS.format(""))
    assert fingerprint(viewed) == fingerprint(plain)
    assert on_disk(viewed) != on_disk(plain), "so it is looked at"
    beside.write_text(STATISTICS.format("<SRS>EPSG:32631</SRS>"))
    placed = fingerprint(viewed)
    assert placed != fingerprint(plain)
    beside.write_text(STATISTICS.format("<SRS>EPSG:32632</SRS>"))
    assert fingerprint(viewed) != placed
    beside.write_text("no XML")
    assert fingerprint(viewed) != fingerprint(plain)


@pytest.mark.parametrize("names", [(), ("/a",), ("/a", "/b c"), ("/a\nb", "/c"), ("/ü", "/,;|")])
def test_files_are_kept_as_text(names):
    assert listed_files(files_as_text(names)) == names
    assert len(files_as_text(names).splitlines()) == len(names)


def test_a_source_is_opened_as_it_was_indexed():
    record = SourceRecord(
        "/a.tif", 1, 2, "c", opened_as="<VRT/>", files="/a.tif\n/b.tif", sensor="hls"
    )
    source = source_of(record)
    assert source == Source("/a.tif", "<VRT/>", files=("/a.tif", "/b.tif"), sensor="hls")
    plain = source_of(SourceRecord("https://x.org/a.tif", -1, 0, "c"))
    assert plain == Source("https://x.org/a.tif", "/vsicurl/https://x.org/a.tif")


@pytest.fixture
def indexed(tmp_path):
    """A source of one file, and its record."""
    file = tmp_path / "a.tif"
    file.write_bytes(b"abc")
    source = source_named(str(file))
    seen = on_disk(source)
    return source, SourceRecord(source.name, seen.size, seen.mtime_ns, fingerprint(source))


def test_whether_a_source_is_as_it_was_indexed(indexed):
    source, record = indexed
    file = Path(source.name)
    assert change_of(source, record) == ""
    os.utime(file, (1, 1))
    assert change_of(source, record) == "", "touched"
    file.write_bytes(b"abd")
    assert change_of(source, record) == "it has changed since it was indexed"
    file.unlink()
    assert change_of(source, record) == "it is not there"
    assert change_of(source, None) == "it has changed since it was indexed"


@pytest.mark.parametrize("put", [os.mkfifo, lambda place: place.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_no_files(indexed, put):
    source, record = indexed
    Path(source.name).unlink()
    put(Path(source.name))
    assert on_disk(source) == (-1, 0)
    assert change_of(source, record) == "it is not there"


@pytest.mark.parametrize("name", ["é" * 300, "/" + "x" * 5000, "a/" * 4000, "a\0b"])
def test_names_of_other_programs_that_no_file_can_have(name):
    source = Source(name, name)
    assert on_disk(source).size == -1
    assert fingerprint(source) == fingerprint(Source(name, name))
