"""DIMAP deliveries of Pléiades and SPOT are a scene each."""

from datetime import UTC, datetime

import pytest
import rasterio

from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

# What GDAL needs of a DIMAP 2 document, and what says which band is which.
DIMAP = """<?xml version="1.0"?><Dimap_Document>
<Metadata_Identification><METADATA_FORMAT version="2.0">DIMAP</METADATA_FORMAT>
</Metadata_Identification>
<Raster_Data><Data_Access><DATA_FILE_FORMAT>image/tiff</DATA_FILE_FORMAT><Data_Files>
<Data_File tile_R="1" tile_C="1"><DATA_FILE_PATH href="{image}"/></Data_File></Data_Files>
</Data_Access><Raster_Dimensions><NROWS>20</NROWS><NCOLS>20</NCOLS><NBANDS>{count}</NBANDS>
<Tile_Set><NTILES>1</NTILES><Regular_Tiling><NTILES_SIZE nrows="20" ncols="20"/>
</Regular_Tiling></Tile_Set></Raster_Dimensions>
<Raster_Encoding><DATA_TYPE>INTEGER</DATA_TYPE><NBITS>12</NBITS></Raster_Encoding>
<Raster_Display><Band_Display_Order><RED_CHANNEL>B2</RED_CHANNEL><GREEN_CHANNEL>B1</GREEN_CHANNEL>
<BLUE_CHANNEL>B0</BLUE_CHANNEL></Band_Display_Order></Raster_Display></Raster_Data>
<Raster_Index_List>{indices}</Raster_Index_List></Dimap_Document>"""
INDEX = "<Raster_Index><BAND_ID>{}</BAND_ID><BAND_INDEX>{}</BAND_INDEX></Raster_Index>"


@pytest.fixture
def write_delivery(write_raster, tmp_path):
    def write(folder, product, bands):
        image = f"IMG_{product}_R1C1.TIF"
        write_raster(f"{folder}/{image}", *range(1, len(bands) + 1))
        indices = "".join(INDEX.format(band, number) for number, band in enumerate(bands, 1))
        text = DIMAP.format(image=image, count=len(bands), indices=indices)
        (tmp_path / folder / f"DIM_{product}.XML").write_text(text)
        write_raster(f"{folder}/PREVIEW_{product}.JPG", 1, dtype="uint8", driver="JPEG")
        write_raster(f"{folder}/ICON_{product}.JPG", 1, dtype="uint8", driver="JPEG")

    return write


@pytest.mark.parametrize(
    ("product", "bands", "shown", "sensor"),
    [
        ("PHR1A_PMS_201202250025599_ORT_1", ("B2", "B1", "B0", "B3"), (1, 2, 3), "pleiades"),
        ("PHR1B_MS_201202250025599_SEN_1", ("B0", "B1", "B2", "B3"), (3, 2, 1), "pleiades"),
        ("SPOT7_PMS_201503280901123_ORT_1", ("B2", "B1", "B0", "B3"), (1, 2, 3), "spot"),
        ("SPOT6_MS_201503280901123_ORT_1", ("B3", "B2", "B1", "B0"), (2, 3, 4), "spot"),
        ("PNEO3_PMS-FS_202203280901123_ORT_1", ("B2", "B1", "B0"), (1, 2, 3), "pleiades"),
    ],
)
def test_bands_are_as_the_xml_says(product, bands, shown, sensor, write_delivery, tmp_path):
    write_delivery("IMG_1", product, bands)
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert source.name == str(tmp_path / "IMG_1" / f"DIM_{product}.XML")
    assert source.sensor == sensor
    time = product.split("_")[2][:14]
    assert source.taken.start == datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert str(tmp_path / "IMG_1" / f"IMG_{product}_R1C1.TIF") in source.files
    assert len(found.left_out) == 2
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.facts.bands == shown
        assert scene.facts.crs == "EPSG:32631"


def test_of_a_bundle_the_panchromatic_twin_is_left_out(write_delivery, tmp_path):
    volume = "VOL/IMG_PHR1A"
    write_delivery(f"{volume}_MS_001", "PHR1A_MS_201202250025599_ORT_1", ("B2", "B1", "B0", "B3"))
    write_delivery(f"{volume}_P_001", "PHR1A_P_201202250025329_ORT_1", ("P",))
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert "_MS_" in source.name
    assert len(found.left_out) == 5


def test_a_panchromatic_delivery_alone(write_delivery, tmp_path):
    write_delivery("IMG_1", "PHR1A_P_201202250025329_ORT_1", ("P",))
    (source,) = find_scenes([tmp_path]).sources
    with rasterio.open(source.opened_as) as dataset:
        assert dataset.count == 1


@pytest.mark.parametrize("text", ["", "no XML", "<Dimap_Document/>"])
def test_with_an_xml_that_cannot_be_read_the_tiles_are_scenes(text, write_delivery, tmp_path):
    write_delivery("IMG_1", "PHR1A_P_201202250025329_ORT_1", ("P",))
    next(tmp_path.rglob("*.XML")).write_text(text)
    found = find_scenes([tmp_path])
    assert any("IMG_PHR1A" in source.name for source in found.sources)
