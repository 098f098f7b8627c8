"""Options of a build as a person gives them; what is not said is as in the index, or a default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from harma.errors import ConfigError
from harma.ground.device import usable_cores
from harma.index.tiles import check_tiles
from harma.scenes.bands import Bands, parse_bands
from harma.scenes.reading import Reading, check_height
from harma.scenes.stretch_rule import StretchRule, parse_stretch
from harma.scenes.systems import parse_crs
from harma.scenes.windows import Tiling

if TYPE_CHECKING:
    # It takes torch, which the command line shall not wait for before it says what is wrong.
    from harma.model.precision import AnyPrecision

# Of a chip: what a new index leaves out if nothing is said.
MAX_NODATA = 0.5
ENGINES = ("local", "ray")
# More readers than these wait for the disk, or for the model.
MOST_READERS = 8


@dataclass(frozen=True, kw_only=True)
class WorkOptions:
    """How chips are embedded; but for `tiles` the index is the same whatever is chosen.

    Attributes:
        batch_size: pictures embedded at once: chips, and their tiles.
        num_workers: processes that read for a model; 0 reads in its own, None takes what the cores
            allow.
        device: auto, cpu, cuda, cuda:1, mps.
        precision: of the computation; None is float32, or that of an exported model. Scores of
            another precision differ by rounding.
        tiles: N x N tiles of a chip are embedded beside it (`harma.index.tiles`); 1 embeds the
            chip alone, None is as in the index, or 1 of a new one.
        engine: who does the work: "local", or "ray" (a Ray cluster; `harma[cluster]`).
        address: of the cluster: "auto" is the one that this machine is part of, "local" starts one
            on it; else host:port or ray://host:port.
        workers: of the cluster, each with a model; None is one a GPU, or as many as the cores
            allow.
        single_writer: whoever says so sees to it that nobody else writes the index: its store in a
            bucket is not probed, now and later.

    Raises:
        ConfigError: a number is out of its range.
    """

    batch_size: int = 64
    num_workers: int | None = None
    device: str = "auto"
    precision: "AnyPrecision | None" = None
    tiles: int | None = None
    engine: str = "local"
    address: str = "auto"
    workers: int | None = None
    single_writer: bool = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"batch_size is {self.batch_size}; it must be 1 or more")
        if self.num_workers is not None and self.num_workers < 0:
            raise ConfigError(f"num_workers is {self.num_workers}; it must be 0 or more")
        if self.engine not in ENGINES:
            raise ConfigError(f"engine is {self.engine!r}; it must be one of {', '.join(ENGINES)}")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers is {self.workers}; it must be 1 or more")
        if self.tiles is not None:
            check_tiles(self.tiles)

    @property
    def reads_here(self) -> bool:
        """Whether processes of this machine read."""
        return self.engine == "local" and self.num_readers > 0

    def tiles_or(self, otherwise: int) -> int:
        """Tiles along each side of a chip; `otherwise` if they are not said."""
        if self.tiles is None:
            return otherwise
        return self.tiles

    @property
    def num_readers(self) -> int:
        """Processes that read on this machine."""
        if self.num_workers is not None:
            return self.num_workers
        return min(MOST_READERS, usable_cores() - 1)


@dataclass(frozen=True, kw_only=True)
class BuildOptions(WorkOptions):
    """How scenes are cut, read and embedded; None is as in the index, or the default of a new one.

    Attributes:
        size: side of a chip, pixels (256).
        size_m: side of a chip on the ground, metres.
        whole: every image is one chip.
        stride: from chip to chip, as a share of the side (1).
        scales: chips of these multiples of the side.
        edges: the last chip of a row: moved back ("shift") or filled ("pad").
        bands: "auto", a preset of `harma.scenes.bands`, or numbers from 1 (auto).
        stretch: values that become black and white, where they are not 8 bit: "auto", two numbers
            or six (two of red, of green and of blue), "archive:0.5,99.5" (percentiles of a sample
            of the archive) or "scene:2,98" (percentiles of each scene and band) (auto).
        nodata: value without data, if not as the files say.
        crs: of rasters that have coordinates and name no coordinate reference system, as pyproj
            reads it.
        height: of the ground above the ellipsoid, metres, where rational polynomial coefficients
            place a raster.
        max_nodata: chips with a larger share of nodata are left out (0.5).
        date_from: finds dates in paths, see `harma.scenes.date_pattern`; "" for none.
        no_thumbnails: a new index keeps none: pictures come from the scenes alone.

    Raises:
        ConfigError: a number is out of its range, or `whole` is given together with a size.
    """

    size: int | None = None
    size_m: float | None = None
    whole: bool = False
    stride: float | None = None
    scales: Sequence[float] | None = None
    edges: Literal["shift", "pad"] | None = None
    bands: str | Bands | None = None
    stretch: str | Sequence[float] | StretchRule | None = None
    nodata: float | None = None
    crs: str | None = None
    height: float | None = None
    max_nodata: float | None = None
    date_from: str | None = None
    no_thumbnails: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.whole and (self.size is not None or self.size_m is not None):
            raise ConfigError("whole makes one chip of every image, which has no size; give one")
        # At once: the model takes long to load.
        if self.crs is not None:
            parse_crs(self.crs)
        check_height(self.height)

    def tiling(self, otherwise: Tiling) -> Tiling:
        """How scenes are cut.

        Args:
            otherwise: for what is not said.

        Raises:
            ConfigError: a value is not usable.
        """
        tiling = otherwise
        # A side in pixels takes the place of one in metres, and the other way round.
        if self.whole or self.size is not None or self.size_m is not None:
            tiling = replace(tiling, size=self.size, size_m=self.size_m)
        if self.stride is not None:
            tiling = replace(tiling, stride=self.stride)
        if self.scales is not None:
            tiling = replace(tiling, scales=tuple(self.scales))
        if self.edges is not None:
            tiling = replace(tiling, edges=self.edges)
        return tiling

    def reading(self, otherwise: Reading) -> Reading:
        """How scenes are read.

        Args:
            otherwise: for what is not said.

        Raises:
            ConfigError: a value is not usable.
        """
        reading = otherwise
        # Text as on the command line, where numbers are text too.
        if isinstance(self.bands, str):
            reading = replace(reading, bands=parse_bands(self.bands))
        elif self.bands is not None:
            reading = replace(reading, bands=self.bands)
        if self.stretch is not None:
            reading = replace(reading, stretch=parse_stretch(self.stretch))
        if self.nodata is not None:
            reading = replace(reading, nodata=self.nodata)
        if self.crs is not None:
            reading = replace(reading, crs=self.crs)
        if self.height is not None:
            reading = replace(reading, height=self.height)
        if self.date_from is not None:
            reading = replace(reading, date_from=self.date_from or None)
        return reading

    def thumbnails_or(self, otherwise: bool) -> bool:
        """Whether chips keep a thumbnail; `otherwise` if nothing is said."""
        return otherwise and not self.no_thumbnails

    def nodata_limit(self, otherwise: float) -> float:
        """Share of nodata above which a chip is left out; `otherwise` if it is not said."""
        if self.max_nodata is None:
            return otherwise
        return self.max_nodata


Options = TypeVar("Options", bound=WorkOptions)


def options_of(kind: type[Options], values: Mapping[str, Any]) -> Options:
    """Options by their names.

    Raises:
        ConfigError: there is no such option; the message lists them.
    """
    allowed = [field.name for field in fields(kind)]
    unknown = sorted(values.keys() - set(allowed))
    if unknown:
        raise ConfigError(f"unknown option {', '.join(unknown)}; allowed are {', '.join(allowed)}")
    return kind(**values)
