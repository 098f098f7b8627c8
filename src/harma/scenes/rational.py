"""Rational polynomial coefficients (RPCs): what places Maxar's, Pléiades' and SPOT's raw images."""

import math
from collections.abc import Callable

from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer

from harma.errors import DataError
from harma.scenes.control_points import Placement
from harma.scenes.edge import library_call
from harma.scenes.mapping import GdalMapping, Transformer

# A typed name of what rasterio does not type.
_Transformer: Callable[..., Transformer] = RPCTransformer


def fit_coefficients(coefficients: RPC, height: float | None) -> Placement:
    """The mapping of rational polynomial coefficients, in longitude and latitude (WGS84).

    Args:
        coefficients: of the raster.
        height: of the ground above the ellipsoid, metres; None: the middle height that the
            coefficients were made for.

    Raises:
        DataError: they determine no place.
    """
    scales = (
        coefficients.line_scale,
        coefficients.samp_scale,
        coefficients.lat_scale,
        coefficients.long_scale,
        coefficients.height_scale,
    )
    if not all(math.isfinite(scale) and scale != 0 for scale in scales):
        raise DataError("its rational polynomial coefficients determine no place: a scale is 0")
    ground = coefficients.height_off
    if height is not None:
        ground = height
    with library_call("its rational polynomial coefficients cannot be used"):
        transformer = _Transformer(coefficients)
    said = f"rational polynomial coefficients at {ground:g} m above the ellipsoid"
    return Placement(GdalMapping(transformer, ground), said)
