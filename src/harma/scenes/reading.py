"""What a person asks of the reading of scenes: bands, stretch, nodata, CRS, heights, dates."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harma.errors import ConfigError
from harma.scenes.bands import Bands, check_bands_name
from harma.scenes.date_pattern import check_date_pattern
from harma.scenes.model_bands import ModelBands
from harma.scenes.ranges import KindRange
from harma.scenes.stretch_rule import AUTO_RULE, StretchRule

if TYPE_CHECKING:
    from rasterio.crs import CRS

LARGEST_HEIGHT = 12_000


@dataclass(frozen=True)
class Reading:
    """How scenes are read.

    Attributes:
        bands: "auto", a preset of `harma.scenes.bands`, or numbers from 1.
        stretch: which values become black and white, where they are not 8 bit.
        nodata: value that is no data, in place of what the file says.
        crs: of rasters that have a place but name no coordinate reference system, as pyproj reads
            it (EPSG:25832).
        height: of the ground above the ellipsoid, metres, where rational polynomial coefficients
            (RPCs) place a raster; None: as they say themselves.
        date_from: finds the date in a scene's path; see `harma.scenes.date_pattern`.
        ranges: of the kinds of scenes that are shown in one range, as far as they are known.
        values: the bands that the model reads; None: it sees the pictures that people see.

    Raises:
        ConfigError: a value is not usable.
    """

    bands: str | Bands = "auto"
    stretch: StretchRule = AUTO_RULE
    nodata: float | None = None
    crs: str | None = None
    height: float | None = None
    date_from: str | None = None
    ranges: tuple[KindRange, ...] = ()
    values: ModelBands | None = None

    def __post_init__(self) -> None:
        self._check_kinds()
        # Asked for, so that one that is not understood is told now.
        _ = self.stated_crs
        check_height(self.height)
        check_date_pattern(self.date_from)

    def _check_kinds(self) -> None:
        """Check of which kinds the values are: files say them too, of any kind."""
        for name in ("nodata", "height"):
            check_number(name, getattr(self, name))
        for name in ("crs", "date_from"):
            text = getattr(self, name)
            if text is not None and not isinstance(text, str):
                raise ConfigError(f"{name} is {text!r}; it must be a text")
        self._check_bands()

    def _check_bands(self) -> None:
        if isinstance(self.bands, str):
            check_bands_name(self.bands)
        elif not all(map(_is_band, self.bands)):
            raise ConfigError(f"bands is {list(self.bands)}; they must be whole numbers from 1")

    @property
    def stated_crs(self) -> "CRS | None":
        """The coordinate reference system of those that name none."""
        if self.crs is None:
            return None
        # Late: settings of an index are read without GDAL and PROJ, which take a third of a second.
        from harma.scenes.systems import parse_crs

        return parse_crs(self.crs)

    def __str__(self) -> str:
        """What is not as usual; ranges are found, and nobody says them."""
        usual = Reading()
        said = []
        for name, value in vars(self).items():
            # As text: a nodata value may be NaN, which is not equal to itself.
            if name != "ranges" and str(value) != str(getattr(usual, name)):
                said.append(f"{name} {value}")
        return ", ".join(said) or "as the files say"


def check_number(name: str, value: object) -> None:
    """Check that a value is a number, or is not given.

    Raises:
        ConfigError: it is something else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not is_number:
        raise ConfigError(f"{name} is {value!r}; it must be a number")


def _is_band(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def check_height(height: float | None) -> None:
    """Check that a height of the ground is one of the Earth.

    Raises:
        ConfigError: it is not.
    """
    if height is not None and not -LARGEST_HEIGHT <= height <= LARGEST_HEIGHT:
        raise ConfigError(
            f"height is {height}; give metres above the ellipsoid, from -{LARGEST_HEIGHT:,} to"
            f" {LARGEST_HEIGHT:,}"
        )
