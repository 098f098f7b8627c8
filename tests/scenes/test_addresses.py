"""Names of addresses: signatures, tokens and passwords go, what names the file stays."""

import pytest

from harma.scenes.addresses import is_address, opened_by_gdal, unsigned
from harma.scenes.source import source_named
from harma.scenes.sources import find_sources

AZURE = "st=2023-11-21T12%3A03%3A50Z&se=2023-11-22&sp=rl&sv=2021-06-08&sr=c&skoid=a&sktid=b&skt=c"


@pytest.mark.parametrize(
    ("signed", "name"),
    [
        (f"https://naip.blob.core.windows.net/a.tif?{AZURE}&sig=se%2Fcret%3D", ""),
        ("https://b.s3.amazonaws.com/a.tif?X-Amz-Algorithm=A&X-Amz-Signature=s&x-amz-date=1", ""),
        ("https://b.s3.amazonaws.com/a.tif?AWSAccessKeyId=A&Expires=15&Signature=s", ""),
        ("https://storage.googleapis.com/b/a.tif?X-Goog-Credential=a&X-Goog-Signature=s", ""),
        ("https://d1.cloudfront.net/a.tif?Expires=1&Signature=s&Key-Pair-Id=k&Policy=p", ""),
        ("https://api.planet.com/a.tif?api_key=secret", ""),
        ("https://x.org/a.tif?access_token=secret", ""),
        ("https://x.org/get?id=5&token=secret&band=2", "https://x.org/get?id=5&band=2"),
        ("https://x.org/get?se=5&sv=north", "https://x.org/get?se=5&sv=north"),
        ("https://x.org/get?expires=never", "https://x.org/get?expires=never"),
        ("https://user:secret@x.org/a@b.tif", "https://x.org/a@b.tif"),
        ("s3://bucket/a.tif?versionId=3", "s3://bucket/a.tif?versionId=3"),
        ("/vsicurl/https://x.org/a.tif?sig=secret", "/vsicurl/https://x.org/a.tif"),
        (
            "/vsizip/{/vsicurl/https://x.org/a.zip?sig=secret}/b.tif",
            "/vsizip/{/vsicurl/https://x.org/a.zip}/b.tif",
        ),
    ],
)
def test_a_name_is_an_address_without_its_signature(signed, name):
    source = source_named(signed)
    assert source.name == (name or signed.partition("?")[0])
    assert source.opened_as == opened_by_gdal(signed)
    assert source_named(source.name).name == source.name


def test_a_signature_in_a_vrt_is_dropped_and_the_rest_stays_xml():
    xml = (
        "<VRTDataset><SourceFilename>/vsicurl/https://x.org/a.tif?id=1&amp;{}b=2&amp;sig=secret"
        "</SourceFilename></VRTDataset>"
    )
    kept = unsigned(xml.format("sv=3&amp;"))
    assert kept == xml.format("").replace("&amp;sig=secret", "")


def test_what_a_library_says_of_an_address_holds_no_secret():
    said = "'/vsicurl/https://u:secret@x.org/a.tif?se=1&sig=secret' does not exist? (HTTP 403)"
    assert unsigned(said) == "'/vsicurl/https://x.org/a.tif' does not exist? (HTTP 403)"


def test_a_local_name_with_such_signs_stays_as_it_is(tmp_path):
    path = tmp_path / "a?token=5&sig=1.tif"
    path.write_bytes(b"")
    (source,) = find_sources([path])
    assert source.name == source.opened_as == str(path)


def test_the_same_address_with_two_signatures_is_one_source():
    (source,) = find_sources(["https://x.org/a.tif?sig=1", "https://x.org/a.tif?sig=2"])
    assert source.opened_as == "/vsicurl/https://x.org/a.tif?sig=1"


def test_what_is_an_address():
    assert all(map(is_address, ("http://a/b", "https://a/b", "s3://a/b", "gs://a/b")))
    assert not any(map(is_address, ("/data/a.tif", "/vsizip/a.zip/b.tif", "file:///etc/passwd")))
