"""Parts of a VRT, on this machine and in a bucket."""

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.scenes.vrt_parts import parts_of, strangers_in

NAMED = """<VRTDataset><VRTRasterBand>
<SimpleSource><SourceFilename relativeToVRT="1">in/a.tif</SourceFilename></SimpleSource>
<SimpleSource><SourceFilename relativeToVRT="1">../b.tif</SourceFilename></SimpleSource>
<SimpleSource><SourceFilename relativeToVRT="0">{}</SourceFilename></SimpleSource>
</VRTRasterBand></VRTDataset>"""


def test_local_parts(tmp_path):
    path = tmp_path / "x/all.vrt"
    path.parent.mkdir()
    path.write_text(NAMED.format("/data/c.tif"))
    parts = [str(tmp_path / "x/in/a.tif"), str(tmp_path / "b.tif"), "/data/c.tif"]
    assert parts_of(str(path)) == parts
    assert strangers_in(str(path), parts) == []
    assert strangers_in(str(path), parts[:2]) == ["/data/c.tif"]


def test_what_is_elsewhere_or_no_vrt_has_no_parts(tmp_path):
    path = tmp_path / "all.vrt"
    path.write_text("<VRTDataset><SourceFilename>/vsis3/b/a.tif</SourceFilename></VRTDataset>")
    assert parts_of(str(path)) == []
    path.write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><VRTDataset/>")
    assert parts_of(str(path)) == []
    assert strangers_in(str(path), ()) == [str(path)]


@pytest.mark.parametrize("named", ["/vsis3/{}/c.tif", "/data/c.tif"])
def test_parts_in_a_bucket(named, bucket):  # noqa: F811
    bucket.write("x/all.vrt", NAMED.format(named.format(bucket.name)).encode())
    at = bucket.address
    expected = [f"{at}/x/in/a.tif", f"{at}/b.tif"]
    # A file of whatever machine opens it is none of the bucket's.
    if named.startswith("/vsi"):
        expected.append(f"{at}/c.tif")
    assert parts_of(f"{at}/x/all.vrt") == expected


def test_one_that_is_not_there(bucket):  # noqa: F811
    assert parts_of(f"{bucket.address}/none.vrt") == []
