"""Planet's deliveries are a scene a strip."""

from datetime import UTC, datetime

import pytest

from harma.scenes.sources import find_scenes

STRIP = "20210601_103015_1040"


@pytest.mark.parametrize(
    ("files", "shown", "sensor"),
    [
        ("{0}_3B_AnalyticMS.tif {0}_3B_udm2.tif", "AnalyticMS", "planetscope"),
        (
            "{0}_3B_AnalyticMS_SR_8b_clip.tif {0}_3B_udm2_clip.tif",
            "AnalyticMS_SR_8b_clip",
            "planetscope-8band",
        ),
        ("{0}_3B_AnalyticMS.tif {0}_3B_AnalyticMS_SR.tif", "AnalyticMS_SR", "planetscope"),
        (
            "{0}_3B_AnalyticMS_DN_udm.tif {0}_3B_AnalyticMS.tif",
            "3B_AnalyticMS",
            "planetscope",
        ),
        ("{0}_3B_Visual.tif {0}_3B_AnalyticMS.tif {0}_3B_udm2.tif", "Visual", "planetscope-visual"),
        (
            "20190101_123456_ssc1_u0001_analytic.tif 20190101_123456_ssc1_u0001_udm2.tif",
            "",
            "skysat",
        ),
        (
            "20190101_123456_ssc1_u0001_visual.tif 20190101_123456_ssc1_u0001_panchromatic_dn.tif",
            "visual",
            "skysat",
        ),
        (
            "2328007_2010-09-21_RE4_3A_Analytic.tif 2328007_2010-09-21_RE4_3A_udm.tif",
            "",
            "rapideye",
        ),
        ("20230601_103015_34_2440_3B_AnalyticMS_8b.tif", "8b", "planetscope-8band"),
    ],
)
def test_one_picture_of_a_strip(files, shown, sensor, write_raster, tmp_path):
    names = files.format(STRIP).split()
    for name in names:
        write_raster(name, 1, 2, 3, 4)
    (tmp_path / f"{STRIP}_metadata.json").write_text("{}")
    (tmp_path / f"{STRIP}_3B_AnalyticMS_metadata.xml").write_text("<a/>")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert shown.lower() in source.name.lower()
    assert "udm" not in source.name
    assert source.sensor == sensor
    assert len(found.left_out) == len(names) - 1
    for why in found.left_out.values():
        assert "Planet" in why


def test_strips_are_told_apart_and_dated(write_raster, tmp_path):
    for strip in (STRIP, "20210601_103017_1040", "20210601_103015_1041"):
        write_raster(f"{strip}_3B_AnalyticMS.tif", 1, 2, 3, 4)
        write_raster(f"{strip}_3B_udm2.tif", 1)
    sources = find_scenes([tmp_path]).sources
    assert len(sources) == 3
    assert sources[0].taken.start == datetime(2021, 6, 1, 10, 30, 15, tzinfo=UTC)


def test_a_mask_that_is_named_is_left_out_with_a_word(write_raster, tmp_path):
    picture = write_raster(f"{STRIP}_3B_AnalyticMS.tif", 1, 2, 3, 4)
    mask = write_raster(f"{STRIP}_3B_udm2.tif", 1)
    found = find_scenes([picture, mask])
    assert [source.name for source in found.sources] == [str(picture)]
    assert found.left_out == {str(mask): "a mask or a preview of a Planet product"}


def test_metadata_beside_a_picture_is_a_file_of_it(write_raster, tmp_path):
    write_raster(f"{STRIP}_3B_AnalyticMS.tif", 1, 2, 3, 4)
    beside = tmp_path / f"{STRIP}_3B_AnalyticMS_metadata.xml"
    beside.write_text("<a/>")
    (source,) = find_scenes([tmp_path]).sources
    assert source.files == (str(beside),)
