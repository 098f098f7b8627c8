"""Windows: how a raster is cut into chips, by pixels or metres, with overlap and at its edges."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harma.errors import ConfigError, DataError
from harma.ground.limits import MAX_CHIPS

if TYPE_CHECKING:
    from harma.scenes.place import PixelSize

# Limits that no honest scene meets.
MOST_PIXELS = 100_000  # side of a chip that is given in metres


@dataclass(frozen=True)
class Window:
    """A part of a raster, in its pixels.

    It may reach over the right and lower edge; it is padded then.
    """

    column: int
    row: int
    width: int
    height: int


@dataclass(frozen=True)
class Tiling:
    """How rasters are cut.

    Attributes:
        size: side of a chip, pixels; None with `size_m`. Both None: the whole picture is one chip.
        size_m: side of a chip on the ground, metres.
        stride: from chip to chip, as a share of the side: 1 is edge to edge, 0.5 overlaps by half.
        scales: chips of these multiples of the side, each a layer of its own.
        edges: "shift" moves the last chip of a row back into the raster, "pad" fills it with
            nodata.

    Raises:
        ConfigError: a value is not usable.
    """

    size: int | None = 256
    size_m: float | None = None
    stride: float = 1.0
    scales: tuple[float, ...] = (1.0,)
    edges: Literal["shift", "pad"] = "shift"

    def __post_init__(self) -> None:
        self._check_sides()
        if not 0 < self.stride <= 1:
            raise ConfigError(
                f"stride is {self.stride}; it must be over 0 and at most 1 (a share of the chip's"
                " side)"
            )
        if not self.scales or not all(map(_is_positive, self.scales)):
            raise ConfigError(f"scales are {list(self.scales)}; give one or more numbers over 0")
        if self.edges not in ("shift", "pad"):
            raise ConfigError(f"edges is {self.edges!r}; allowed are shift, pad")

    def _check_sides(self) -> None:
        if self.size is not None and self.size_m is not None:
            raise ConfigError("the chip's side is given in pixels and in metres; give one")
        for name, value in (("size", self.size), ("size_m", self.size_m)):
            if value is not None and not _is_positive(value):
                raise ConfigError(f"{name} is {value}; it must be greater than 0")

    @property
    def is_whole(self) -> bool:
        """Whether pictures stay in one piece."""
        return self.size is None and self.size_m is None

    def side(self, gsd: float | None) -> int:
        """Side of a chip of scale 1, pixels.

        Args:
            gsd: metres per pixel of the raster, or None where it has no place.

        Raises:
            DataError: the side is in metres and the raster has no place, or its pixels are too
                large or absurdly small.
        """
        assert not self.is_whole
        if self.size is not None:
            return self.size
        if gsd is None:
            raise DataError("chips are cut by metres, and it has no georeference; cut it by pixels")
        assert self.size_m is not None
        if gsd * MOST_PIXELS < self.size_m:
            raise DataError(
                f"chips of {self.size_m:g} m are more than {MOST_PIXELS:,} of its pixels"
                f" ({gsd:g} m) wide; take smaller chips"
            )
        side = round(self.size_m / gsd)
        if side < 1:
            raise DataError(
                f"chips of {self.size_m:g} m are smaller than its pixels ({gsd:g} m); take larger"
                " chips"
            )
        return side

    def sides(self, gsd: "float | PixelSize | None") -> tuple[int, int]:
        """Width and height of a chip of scale 1, pixels.

        They are the same but where the side is in metres and pixels are not square on the ground,
        as those of degrees far from the equator.

        Args:
            gsd: metres per pixel, of both directions or each; None where it has no place.

        Raises:
            DataError: as `side`.
        """
        if not isinstance(gsd, tuple):
            side = self.side(gsd)
            return side, side
        if self.size_m is None or gsd.is_square:
            side = self.side(gsd.mean)
            return side, side
        return self.side(gsd.across), self.side(gsd.along)

    def windows(self, width: int, height: int, gsd: "float | PixelSize | None") -> "Windows":
        """The windows of a raster, scale by scale and row by row.

        Every pixel lies in a window of each scale.

        Args:
            width: of the raster, pixels.
            height: of the raster, pixels.
            gsd: metres per pixel, of both directions or each, if known.

        Raises:
            DataError: as `side`, or there are absurdly many.
        """
        if self.is_whole:
            return Windows([_Layer([0], [0], width, height)])
        chip = self.sides(gsd)
        # Each scale is a layer of its own over the whole raster.
        layers: dict[tuple[int, int], _Layer] = {}
        num_chips = 0
        for scale in self.scales:
            across, along = (max(1, round(side * scale)) for side in chip)
            step = max(1, round(across * self.stride))
            step_down = max(1, round(along * self.stride))
            # A virtual raster of a few bytes can say that it is two thousand million pixels wide.
            num_chips += math.ceil(width / step) * math.ceil(height / step_down)
            if MAX_CHIPS.is_over(num_chips):
                raise DataError(
                    f"its {width:,} × {height:,} pixels make more than {MAX_CHIPS.allowed:,} chips;"
                    " take larger chips, name parts of it, or set"
                    f" {MAX_CHIPS.variable} to allow more"
                )
            columns, chip_width = _starts(width, across, step, self.edges)
            rows, chip_height = _starts(height, along, step_down, self.edges)
            layer = _Layer(columns, rows, chip_width, chip_height)
            # Scales that are larger than the raster all give its whole: one chip, not one a scale.
            layers.setdefault((chip_width, chip_height), layer)
        return Windows(list(layers.values()))


@dataclass(frozen=True)
class _Layer:
    """The windows of one scale: where they begin along both sides, and how large they are."""

    columns: list[int]
    rows: list[int]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.columns) * len(self.rows)


class Windows:
    """The windows of a raster by number, each made when it is asked for: a million take no memory.

    Args:
        layers: of each scale.
    """

    def __init__(self, layers: list[_Layer]) -> None:
        self._layers = layers

    def __len__(self) -> int:
        return sum(len(layer) for layer in self._layers)

    def __getitem__(self, index: int) -> Window:
        rest = index
        for layer in self._layers:
            if 0 <= rest < len(layer):
                row, column = divmod(rest, len(layer.columns))
                return Window(layer.columns[column], layer.rows[row], layer.width, layer.height)
            rest -= len(layer)
        raise IndexError(f"there is no window {index}; there are {len(self)}")

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(len(self)))


def _is_positive(value: float) -> bool:
    return 0 < value < math.inf


def _starts(length: int, side: int, step: int, edges: str) -> tuple[list[int], int]:
    """Where chips begin along one direction, and how long they are there."""
    if length <= side:
        return [0], (length if edges == "shift" else side)
    starts = list(range(0, length - side + 1, step))
    # What the last whole chip leaves over gets a chip too, however narrow it is.
    rest = length - (starts[-1] + side)
    if rest > 0 and edges == "shift":
        starts.append(length - side)
    elif rest > 0:
        starts.append(starts[-1] + step)
    return starts, side
