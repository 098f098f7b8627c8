"""Rasters of other formats, and what lies beside rasters: world files, .aux.xml, masks, .prj."""

import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.io import MemoryFile
from tests.fuzz.damage import damaged
from tests.fuzz.made_rasters import LOCAL, NUMBERS

# GDAL's name → suffix.
FORMATS = {
    "JP2OpenJPEG": "jp2",
    "PNG": "png",
    "JPEG": "jpg",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "netCDF": "nc",
    "HFA": "img",
    "NITF": "ntf",
    "ENVI": "bin",
    "PCIDSK": "pix",
    "GPKG": "gpkg",
    "MRF": "mrf",
    "EHdr": "bil",
}
VRTS = (
    '<VRTDataset rasterXSize="{w}" rasterYSize="{h}"><SRS>EPSG:32631</SRS>'
    "<GeoTransform>500000,10,0,5000000,0,-10</GeoTransform>"
    '<VRTRasterBand dataType="{t}" band="1"><SimpleSource>'
    '<SourceFilename relativeToVRT="1">{f}</SourceFilename><SourceBand>1</SourceBand>'
    '<SrcRect xOff="0" yOff="0" xSize="{w}" ySize="{h}"/><DstRect xOff="0" yOff="0" xSize="{w}"'
    ' ySize="{h}"/></SimpleSource></VRTRasterBand></VRTDataset>',
    '<VRTDataset rasterXSize="{w}" rasterYSize="{h}"><VRTRasterBand dataType="{t}" band="1"'
    ' subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">{f}</SourceFilename>'
    "<ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>40</LineOffset>"
    "</VRTRasterBand></VRTDataset>",
    '<VRTDataset rasterXSize="{w}" rasterYSize="{h}"><VRTRasterBand dataType="{t}" band="1"'
    ' subClass="VRTDerivedRasterBand"><PixelFunctionType>sqrt</PixelFunctionType><SimpleSource>'
    '<SourceFilename relativeToVRT="1">{f}</SourceFilename></SimpleSource></VRTRasterBand>'
    "</VRTDataset>",
    "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/${{z}}/${{x}}/${{y}}</ServerUrl>"
    "</Service></GDAL_WMS>",
)
AUX = (
    "<PAMDataset><SRS>{s}</SRS><GeoTransform>{n},{n},{n},{n},{n},{n}</GeoTransform>"
    '<Metadata><MDI key="DATE">2015-99-99</MDI></Metadata><PAMRasterBand band="1">'
    "<NoDataValue>{n}</NoDataValue><Scale>{n}</Scale><ColorInterp>Palette</ColorInterp>"
    "</PAMRasterBand></PAMDataset>",
    '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">other.vrt</MDI></Metadata>'
    "</PAMDataset>",
    '<PAMDataset><Metadata domain="RPC"><MDI key="LINE_OFF">{n}</MDI></Metadata></PAMDataset>',
    '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><PAMDataset>&x;</PAMDataset>',
    "<PAMDataset>",
    "",
)


def write_format(chance: random.Random, folder: Path) -> Path:
    """A raster of another format than TIFF."""
    driver, suffix = chance.choice(list(FORMATS.items()))
    path = folder / f"scene.{suffix}"
    count = chance.choice((1, 3)) if driver != "GIF" else 1
    kind = chance.choice(("uint8", "uint16", "float32"))
    if driver in ("JPEG", "WEBP", "GIF", "BMP", "GPKG"):
        kind = "uint8"
    if driver == "WEBP":
        count = 3
    if driver in ("PNG", "JP2OpenJPEG") and kind == "float32":
        kind = "uint16"
    rng = np.random.default_rng(chance.getrandbits(64))
    values = rng.integers(0, 250, (count, 60, 50)).astype(kind)
    placed: dict[str, Any] = {}
    if driver not in ("GIF",) and chance.random() < 0.7:
        placed = {"crs": "EPSG:32631", "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _write(path, driver, values, placed)
        except (rasterio.errors.RasterioError, CPLE_BaseError):
            # Not every format takes every type and place.
            path.unlink(missing_ok=True)
            _write(path, driver, values.astype("uint8"), {})
    return path


def _write(path: Path, driver: str, values: Any, placed: dict[str, Any]) -> None:
    count, height, width = values.shape
    made = "GTiff" if driver == "netCDF" else driver
    with MemoryFile() as memory:
        target = memory.name if made != driver else path
        with rasterio.open(
            target, "w", driver=made, count=count, height=height, width=width, dtype=values.dtype,
            **placed,
        ) as dataset:  # fmt: skip
            dataset.write(values)
        if made != driver:
            # rasterio writes NetCDF as a copy alone.
            rasterio.shutil.copy(memory.name, path, driver=driver)


def write_vrt(chance: random.Random, folder: Path, file: Path) -> Path:
    """A virtual raster of a file, or of what is none, of any size."""
    sizes = (1, 40, 50, 1000, 100_000, 2**31 - 1, 0, -1)
    text = chance.choice(VRTS).format(
        w=chance.choice(sizes),
        h=chance.choice(sizes),
        t=chance.choice(("Byte", "UInt16", "Float64", "CFloat64", "X")),
        f=chance.choice((file.name, "../../etc/passwd", "/etc/passwd", "none.tif", "scene.vrt")),
    )
    path = folder / chance.choice(("scene.vrt", "other.tif"))
    path.write_text(text)
    return path


def write_beside(chance: random.Random, path: Path) -> None:
    """Something beside a raster."""
    kind = chance.choice(("aux", "aux", "world", "world", "prj", "mask", "overview", "rpc", "hdr"))
    number = chance.choice(NUMBERS)
    if kind == "aux":
        text = chance.choice(AUX).format(n=number, s=chance.choice(("EPSG:4326", LOCAL, "x", "")))
        data = text.encode()
        if chance.random() < 0.3:
            data = damaged(chance, data, head=len(data))
        path.with_name(path.name + ".aux.xml").write_bytes(data)
    elif kind == "world":
        lines = [
            chance.choice(("10", "-10", "0", str(chance.choice(NUMBERS)), "x")) for _ in range(6)
        ]
        path.with_suffix(chance.choice((".wld", ".tfw"))).write_text("\n".join(lines))
    elif kind == "prj":
        path.with_suffix(".prj").write_text(
            chance.choice((LOCAL, "EPSG:32631", "GEOGCS[", "", "\0"))
        )
    elif kind == "rpc":
        path.with_name(path.stem + "_RPC.TXT").write_text(f"LINE_OFF: {number}\nSAMP_OFF: x\n")
    else:
        suffix = {"mask": ".msk", "overview": ".ovr", "hdr": ".hdr"}[kind]
        target = path.with_suffix(suffix) if kind == "hdr" else path.with_name(path.name + suffix)
        data = chance.choice(
            (b"", b"ENVI\nsamples = 1000000", path.read_bytes()[:200], path.read_bytes())
        )
        target.write_bytes(data)
