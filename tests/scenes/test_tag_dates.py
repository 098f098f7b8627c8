"""Dates in metadata of rasters."""

from datetime import UTC, datetime

import pytest

from harma.scenes.dates import date_in_tags
from harma.scenes.period import Period
from harma.scenes.raster import open_scene
from harma.scenes.tag_dates import TAKEN, period_in_tags


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


def test_dates_in_metadata():
    assert date_in_tags({"ACQUISITIONDATETIME": "2015-09-26T10:30:00Z"}) == datetime(
        2015, 9, 26, 10, 30, tzinfo=UTC
    )
    assert date_in_tags({"date_acquired": "2015-09-26"}) == datetime(2015, 9, 26, tzinfo=UTC)
    assert date_in_tags({"DateTime": "2015:09:26 10:30:00"}) == datetime(
        2015, 9, 26, 10, 30, tzinfo=UTC
    )
    assert date_in_tags({"DATE": "yesterday"}) is None
    assert date_in_tags({"TIFFTAG_DATETIME": "2015:09:26 10:30:00"}) is None, (
        "that is when the file was written"
    )


def test_the_time_of_taking_comes_before_other_dates():
    tags = {"DATE": "2001-01-01", "PRODUCT_START_TIME": "2003-01-01", "SENSING_TIME": "2002-01-01"}
    assert date_in_tags(tags).year == 2002
    assert date_in_tags({**tags, "SENSING_TIME": "unknown"}).year == 2003


def test_every_name_of_the_time_of_taking_in_its_order():
    names = [first for first, *_ in TAKEN if first != "NITF_IDATIM"]
    tags = {name.lower(): str(2001 + number) for number, name in enumerate(names)}
    for number, name in enumerate(names):
        assert date_in_tags(tags).year == 2001 + number
        del tags[name.lower()]
    assert date_in_tags(tags) is None


@pytest.mark.parametrize(
    ("tags", "expected", "tag"),
    [
        # Planet, STAC-like, Maxar (GDAL's IMAGERY), Landsat's MTL, HLS
        (
            {"acquired": "2021-06-01T10:30:15.104Z"},
            Period.moment(at(2021, 6, 1, 10, 30, 15, 104_000)),
            "ACQUIRED",
        ),
        (
            {"start_datetime": "2018-07-01", "end_datetime": "2018-07-31"},
            Period.month(at(2018, 7, 1)),
            "START_DATETIME",
        ),
        ({"datetime": "2018-07-01/2018-07-31"}, Period.month(at(2018, 7, 1)), "DATETIME"),
        (
            {"ACQUISITIONDATETIME": "2018-07-01 15:30:12"},
            Period.moment(at(2018, 7, 1, 15, 30, 12)),
            "ACQUISITIONDATETIME",
        ),
        (
            {"DATE_ACQUIRED": "2019-04-01", "SCENE_CENTER_TIME": '"10:17:39.1234560Z"'},
            Period.moment(at(2019, 4, 1, 10, 17, 39, 123_456)),
            "DATE_ACQUIRED",
        ),
        ({"DATE_ACQUIRED": "2019-04-01"}, Period.day(at(2019, 4, 1)), "DATE_ACQUIRED"),
        (
            {"SENSING_TIME": "2020-05-02T10:30:31.459Z; 2020-05-02T10:30:46Z"},
            Period.moment(at(2020, 5, 2, 10, 30, 31, 459_000)),
            "SENSING_TIME",
        ),
        # MODIS' HDF, NetCDF, Sentinel-1, SPOT, NITF
        (
            {
                "RANGEBEGINNINGDATE": "2020-05-02",
                "RANGEBEGINNINGTIME": "00:00:00",
                "RANGEENDINGDATE": "2020-05-17",
                "RANGEENDINGTIME": "23:59:59",
            },
            Period(at(2020, 5, 2), at(2020, 5, 17, 23, 59, 59)),
            "RANGEBEGINNINGDATE",
        ),
        (
            {
                "NC_GLOBAL#time_coverage_start": "2020-05-02T12:30:20.3Z",
                "NC_GLOBAL#time_coverage_end": "2020-05-02T12:39:52.1Z",
            },
            Period(at(2020, 5, 2, 12, 30, 20, 300_000), at(2020, 5, 2, 12, 39, 52, 100_000)),
            "TIME_COVERAGE_START",
        ),
        (
            {
                "ACQUISITION_START_TIME": "2020-01-01T10:10:10",
                "ACQUISITION_STOP_TIME": "2020-01-01T10:10:35",
            },
            Period(at(2020, 1, 1, 10, 10, 10), at(2020, 1, 1, 10, 10, 35)),
            "ACQUISITION_START_TIME",
        ),
        (
            {"IMAGING_DATE": "2012-07-18", "IMAGING_TIME": "10:57:12.3Z"},
            Period.moment(at(2012, 7, 18, 10, 57, 12, 300_000)),
            "IMAGING_DATE",
        ),
        ({"NITF_IDATIM": "20150926103000"}, Period.moment(at(2015, 9, 26, 10, 30)), "NITF_IDATIM"),
        ({"NITF_IDATIM": "20150926------"}, Period.day(at(2015, 9, 26)), "NITF_IDATIM"),
        # an end before the start is none
        (
            {"start_datetime": "2018-07-01", "end_datetime": "2017-07-31"},
            Period.day(at(2018, 7, 1)),
            "START_DATETIME",
        ),
    ],
)
def test_metadata_of_agencies(tags, expected, tag):
    assert period_in_tags(tags) == (expected, tag)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"TIFFTAG_DATETIME": "2021:06:01 10:30:15"},
        {"HLS_PROCESSING_TIME": "2020-05-02"},
        {"NITF_IDATIM": "--------------"},
        {"NITF_IDATIM": "20021216151629"},
        {"DATE_ACQUIRED": "", "SCENE_CENTER_TIME": "10:17:39Z"},
        {"GENERATION_TIME": "2020-05-02T10:30:31Z"},
        {"time_coverage_end": "2020"},
    ],
)
def test_metadata_without_a_date(tags):
    assert period_in_tags(tags) is None


LANDSAT = """GROUP = L1_METADATA_FILE
  GROUP = PRODUCT_METADATA
    SPACECRAFT_ID = "LANDSAT_8"
    FILE_DATE = 2018-07-01T10:00:00Z
    DATE_ACQUIRED = 2018-06-13
    SCENE_CENTER_TIME = "18:45:21.1234567Z"
  END_GROUP = PRODUCT_METADATA
END_GROUP = L1_METADATA_FILE
END
"""
MAXAR = """version = "28.3";
BEGIN_GROUP = IMAGE_1
\tsatId = "WV03";
\tfirstLineTime = 2019-01-28T03:34:57.123456Z;
END_GROUP = IMAGE_1
END;
"""
RAPIDEYE = """<?xml version="1.0"?><re:EarthObservation
 xmlns:re="http://schemas.rapideye.de/products/productMetadataGeocorrected"
 xmlns:gml="http://www.opengis.net/gml" xmlns:eop="http://earth.esa.int/eop"><gml:using>
<eop:EarthObservationEquipment><eop:acquisitionParameters><re:Acquisition>
<re:acquisitionDateTime>2011-05-17T11:22:33.123456Z</re:acquisitionDateTime>
</re:Acquisition></eop:acquisitionParameters></eop:EarthObservationEquipment></gml:using>
</re:EarthObservation>"""
PLEIADES = """<Dimap_Document><Dataset_Sources><Source_Identification><Strip_Source>
<MISSION>PHR</MISSION><MISSION_INDEX>1A</MISSION_INDEX><IMAGING_DATE>2012-07-18</IMAGING_DATE>
<IMAGING_TIME>10:57:12.3Z</IMAGING_TIME></Strip_Source></Source_Identification></Dataset_Sources>
</Dimap_Document>"""
GDAL = (
    "<PAMDataset><Metadata><MDI key='acquired'>2021-06-01T10:30:15Z</MDI></Metadata></PAMDataset>"
)


@pytest.mark.parametrize(
    ("name", "beside", "text", "expected"),
    [
        ("x_B4.TIF", "x_MTL.txt", LANDSAT, at(2018, 6, 13, 18, 45, 21, 123_456)),
        ("a.tif", "a.IMD", MAXAR, at(2019, 1, 28, 3, 34, 57)),
        ("a.tif", "a_metadata.xml", RAPIDEYE, at(2011, 5, 17, 11, 22, 33)),
        ("IMG_PHR1A_x_R1C1.TIF", "DIM_PHR1A_x.XML", PLEIADES, at(2012, 7, 18, 10, 57, 12)),
        ("a.tif", "a.tif.aux.xml", GDAL, at(2021, 6, 1, 10, 30, 15)),
    ],
)
def test_sidecars(make_raster, name, beside, text, expected):
    path = make_raster(name)
    with open_scene(str(path)) as scene:
        assert scene.facts.taken is None
    path.with_name(beside).write_text(text)
    with open_scene(str(path)) as scene:
        assert scene.facts.taken == Period.moment(expected)
        assert scene.facts.date_from.startswith("its metadata (")


def test_dates_of_other_things_in_groups_of_sidecars():
    assert period_in_tags({"PRODUCT.HISTORY.DATE": "2020-01-01"}) is None
    assert period_in_tags({"ACQUISITIONDATETIME": "1970-01-01 00:00:00"}) is None
    assert period_in_tags({"IMAGE_1.firstLineTime": "2020-01-01T00:00:00Z"}) is not None
