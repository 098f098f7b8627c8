"""Where links and assets may lead."""

import pytest

from harma.errors import DataError
from harma.scenes.catalogues.hrefs import resolved


@pytest.mark.parametrize(
    ("href", "base", "expected"),
    [
        ("a.tif", "/data/stac/item.json", "/data/stac/a.tif"),
        ("./../a b.tif", "/data/stac/item.json", "/data/a b.tif"),
        ("/other/a.tif", "/data/item.json", "/other/a.tif"),
        ("file:///other/a%20b.tif", "/data/item.json", "/other/a b.tif"),
        ("https://x.org/a.tif?sig=1", "/data/item.json", "https://x.org/a.tif?sig=1"),
        ("s3://bucket/a.tif", "https://x.org/item.json", "s3://bucket/a.tif"),
        ("../a.tif", "https://x.org/c/i/item.json?sig=1", "https://x.org/c/a.tif"),
        ("/a.tif", "https://x.org/c/item.json", "https://x.org/a.tif"),
        ("../../../../etc/a.tif", "https://x.org/c/item.json", "https://x.org/etc/a.tif"),
        ("//y.org/a.tif", "https://x.org/c/item.json", "https://y.org/a.tif"),
        ("a.tif", "s3://bucket/c/item.json", "s3://bucket/c/a.tif"),
        ("../a.tif", "s3://bucket/c/item.json", "s3://bucket/a.tif"),
    ],
)
def test_where_a_href_leads(href, base, expected):
    assert resolved(href, base) == expected


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "/vsistdin/",
        "/vsizip//etc/a.zip",
        "NETCDF:/etc/x.nc:a",
        "ftp://x.org/a.tif",
        "C:\\Windows\\a.tif",
        "javascript:alert(1)",
        "abfs://container/a.tif",
    ],
)
def test_a_catalogue_of_the_network_names_things_of_the_network(href):
    with pytest.raises(DataError, match="a catalogue of the network may name https://"):
        resolved(href, "https://x.org/item.json")


@pytest.mark.parametrize("href", ["/vsistdin/", "NETCDF:/etc/x.nc:a", "abfs://c/a.tif"])
def test_a_local_catalogue_names_files_and_addresses(href):
    with pytest.raises(DataError, match="allowed are files, https://"):
        resolved(href, "/data/item.json")


@pytest.mark.parametrize("href", ["", " ", "a\0b.tif", "a\nb.tif"])
def test_what_is_no_address(href):
    with pytest.raises(DataError, match="an empty or unprintable address"):
        resolved(href, "/data/item.json")
