"""The header of a raster: size, place, bands, types and metadata (tags), as GDAL gives them."""

from typing import NamedTuple

from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.rpc import RPC

from harma.scenes.band_names import wavelength_in_tags, wavelengths_in_list
from harma.scenes.bands import BandFacts
from harma.scenes.edge import library_call
from harma.scenes.geolocation import points_of_arrays


class Header(NamedTuple):
    """What a raster says of itself, read at once: any part of it may be damaged."""

    driver: str
    width: int
    height: int
    crs: CRS | None
    transform: Affine
    gcps: tuple[list[GroundControlPoint], CRS | None]
    coefficients: RPC | None
    interpretation: tuple[str, ...]
    descriptions: tuple[str | None, ...]
    types: tuple[str, ...]
    scaling: tuple[tuple[float, float], ...]
    subdatasets: list[str]
    tags: dict[str, str]
    wavelengths: tuple[float | None, ...]

    def band_facts(self, source: str) -> BandFacts:
        """What is said of its bands, by it and by its name."""
        return BandFacts(
            source, self.interpretation, self.descriptions, self.wavelengths, self.tags
        )


def read_header(dataset: DatasetReader) -> Header:
    """What an opened raster says of itself.

    Raises:
        DataError: a part of it is damaged.
    """
    with library_call("what it says of itself cannot be read"):
        # Some sensors' files name the date, the satellite and the bands in namespaces of their own.
        tags = {**dataset.tags(), **dataset.tags(ns="IMAGERY"), **dataset.tags(ns="IMD")}
        # What is placed otherwise needs no coefficients, however damaged they are.
        coefficients = dataset.rpcs if dataset.transform.is_identity else None
        gcps = dataset.gcps
        if dataset.transform.is_identity and not gcps[0] and coefficients is None:
            gcps = points_of_arrays(dataset) or gcps
        return Header(
            driver=dataset.driver,
            width=dataset.width,
            height=dataset.height,
            crs=dataset.crs,
            transform=dataset.transform,
            gcps=gcps,
            coefficients=coefficients,
            interpretation=tuple(color.name for color in dataset.colorinterp),
            descriptions=dataset.descriptions,
            types=dataset.dtypes,
            scaling=tuple(zip(dataset.scales, dataset.offsets, strict=True)),
            subdatasets=dataset.subdatasets,
            tags=tags,
            wavelengths=_wavelengths(dataset, tags),
        )


def _wavelengths(dataset: DatasetReader, tags: dict[str, str]) -> tuple[float | None, ...]:
    """Of each band, as the file lists them or each band's tags state it."""
    listed = wavelengths_in_list({**tags, **dataset.tags(ns="ENVI")}, dataset.count)
    if any(listed):
        return tuple(listed)
    found = []
    for band in dataset.indexes:
        of_band = {**dataset.tags(band), **dataset.tags(band, ns="IMAGERY")}
        found.append(wavelength_in_tags(of_band))
    return tuple(found)
