"""Sentinel-2 SAFE folders: Level-2A in three resolutions, Level-1C in the older flat layout."""

from dataclasses import replace

import numpy as np
from affine import Affine
from benchmarks.archive.rasters import relative, write_jp2, write_text
from benchmarks.archive.site import site_of, truth_of

# Band of the instrument → what it sees, and step of pixels against 10 m.
BANDS = {
    "B01": ("coastal", 6),
    "B02": ("blue", 1),
    "B03": ("green", 1),
    "B04": ("red", 1),
    "B05": ("rededge", 2),
    "B06": ("rededge", 2),
    "B07": ("nir", 2),
    "B08": ("nir", 1),
    "B8A": ("nir", 2),
    "B09": ("nir", 6),
    "B11": ("swir1", 2),
    "B12": ("swir2", 2),
}
RESOLUTIONS = {10: 1, 20: 2, 60: 6}
# Since 2022 a thousand is added to the numbers.
SCALE, OFFSET = 10_000, 1000


def write_l2a(root, number, seed):
    """A Level-2A product: bands, true colour, AOT, WVP and SCL in three resolutions, masks."""
    site = site_of(number, seed, pixel=10, north=False)
    tile, start = f"T{site.zone[:2]}{'T' if site.zone[2] == 'N' else 'H'}PH", _clock(site.taken)
    name = f"S2A_MSIL2A_{start}_N0510_R097_{tile}_{start}.SAFE"
    granule = root / name / "GRANULE" / f"L2A_{tile}_A045282_{start}"
    for metres, step in RESOLUTIONS.items():
        folder = granule / "IMG_DATA" / f"R{metres}m"
        pattern = site.pattern.every(step)
        grid = _grid(site, step)
        prefix = f"{tile}_{start}"
        for band, (seen, native) in BANDS.items():
            if native <= step:
                values = pattern.values(seen, SCALE, OFFSET)
                write_jp2(folder / f"{prefix}_{band}_{metres}m.jp2", values, grid)
        write_jp2(folder / f"{prefix}_TCI_{metres}m.jp2", pattern.picture(), grid)
        for layer, number_of_it in (("AOT", 120), ("WVP", 900)):
            values = np.where(pattern.valid, number_of_it, 0).astype("uint16")
            write_jp2(folder / f"{prefix}_{layer}_{metres}m.jp2", values, grid)
        if metres > 10:
            classes = np.where(pattern.valid, 4, 0).astype("uint8")
            write_jp2(folder / f"{prefix}_SCL_{metres}m.jp2", classes, grid)
    pattern, grid = site.pattern.every(2), _grid(site, 2)
    clear = np.zeros(pattern.valid.shape, dtype="uint8")
    for mask in ("MSK_CLDPRB_20m", "MSK_SNWPRB_20m", "MSK_DETFOO_B04", "MSK_QUALIT_B04"):
        write_jp2(granule / "QI_DATA" / f"{mask}.jp2", clear, grid)
    write_jp2(granule / "QI_DATA" / f"{tile}_{start}_PVI.jp2", pattern.picture(), grid)
    write_text(granule / "AUX_DATA" / "AUX_ECMWFT", "aux\n")
    write_text(granule / "MTD_TL.xml", _tile_metadata(site))
    _write_metadata(root / name, "MTD_MSIL2A.xml", "Level-2A", site)
    return truth_of(site, "sentinel-2-l2a", relative([root / name], root), sensor="Sentinel-2")


def write_l1c(root, number, seed):
    """A Level-1C product: thirteen bands and the true colour in one folder, masks in GML."""
    site = site_of(number, seed, pixel=10, north=False)
    tile, start = f"T{site.zone[:2]}{'T' if site.zone[2] == 'N' else 'H'}PJ", _clock(site.taken)
    name = f"S2B_MSIL1C_{start}_N0301_R097_{tile}_{start}.SAFE"
    granule = root / name / "GRANULE" / f"L1C_{tile}_A045282_{start}"
    for band, (seen, step) in {**BANDS, "B10": ("coastal", 6)}.items():
        values = site.pattern.every(step).values(seen, SCALE)
        path = granule / "IMG_DATA" / f"{tile}_{start}_{band}.jp2"
        write_jp2(path, values, _grid(site, step))
    write_jp2(granule / "IMG_DATA" / f"{tile}_{start}_TCI.jp2", site.pattern.picture(), site)
    write_text(granule / "QI_DATA" / "MSK_CLOUDS_B00.gml", "<gml/>\n")
    write_text(granule / "MTD_TL.xml", _tile_metadata(site))
    _write_metadata(root / name, "MTD_MSIL1C.xml", "Level-1C", site)
    return truth_of(site, "sentinel-2-l1c", relative([root / name], root), sensor="Sentinel-2")


def _clock(when):
    return when.strftime("%Y%m%dT%H%M%S")


def _grid(site, step):
    return replace(site, transform=site.transform @ Affine.scale(step))


def _write_metadata(product, file, level, site):
    start = site.taken.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    write_text(
        product / file,
        f"""<?xml version="1.0" encoding="UTF-8"?>
<n1:{level}_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product">
  <n1:General_Info><Product_Info>
    <PRODUCT_START_TIME>{start}</PRODUCT_START_TIME>
    <PRODUCT_STOP_TIME>{start}</PRODUCT_STOP_TIME>
    <PROCESSING_LEVEL>{level}</PROCESSING_LEVEL>
    <Datatake><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
      <DATATAKE_SENSING_START>{start}</DATATAKE_SENSING_START></Datatake>
  </Product_Info></n1:General_Info>
</n1:{level}_User_Product>
""",
    )
    write_text(product / "manifest.safe", "<xfdu/>\n")
    write_text(product / "INSPIRE.xml", "<gmd/>\n")
    write_text(product / "DATASTRIP" / "DS_1" / "MTD_DS.xml", "<ds/>\n")


def _tile_metadata(site):
    start = site.taken.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<tile><SENSING_TIME metadataLevel="Standard">{start}</SENSING_TIME>
  <HORIZONTAL_CS_CODE>EPSG:{site.epsg}</HORIZONTAL_CS_CODE></tile>
"""
