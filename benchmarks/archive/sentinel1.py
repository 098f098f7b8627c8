"""Sentinel-1 GRD: two polarisations placed by control points, stored as the satellite flew."""

from dataclasses import replace

import numpy as np
from affine import Affine
from benchmarks.archive.rasters import relative, write_picture, write_text, write_tiff
from benchmarks.archive.site import grey_marks, site_of, truth_of
from rasterio.control import GroundControlPoint

POINTS_PER_SIDE = 6


def write_grd(root, number, seed):
    """A product whose rows run north (ascending) or whose columns run west (descending)."""
    site = site_of(number, seed, pixel=10, side=96, fill_columns=6)
    west, _, _, north = truth_of(site, "", ()).bounds
    is_ascending = number % 2 == 0
    if number % 5 == 0:
        # A swath across the 180th meridian.
        west = 179.9
    step = 0.002
    turn = Affine.rotation(-12)
    across = 1 if is_ascending else -1
    down = 1 if is_ascending else -1
    to_ground = (
        Affine.translation(west, north) @ Affine.scale(step) @ turn @ Affine.scale(across, down)
    )
    pattern = site.pattern.turned(down=is_ascending, across=not is_ascending)
    site = replace(site, pattern=pattern, epsg=4326, transform=to_ground)
    start = site.taken.strftime("%Y%m%dT%H%M%S")
    name = f"S1A_IW_GRDH_1SDV_{start}_{start}_038146_04809F_{number:04X}.SAFE"
    product = root / name
    for place, polarisation in enumerate(("vv", "vh"), start=1):
        stem = f"s1a-iw-grd-{polarisation}-{start.lower()}-{start.lower()}-038146-04809f-{place:03}"
        values = pattern.values("pan", 3000 / place)
        write_tiff(
            product / "measurement" / f"{stem}.tiff",
            values,
            gcps=_control_points(site),
            crs="EPSG:4326",
        )
        write_text(product / "annotation" / f"{stem}.xml", "<product/>\n")
        write_text(
            product / "annotation" / "calibration" / f"calibration-{stem}.xml", "<calibration/>\n"
        )
    write_picture(product / "preview" / "quick-look.png", pattern.picture())
    write_text(product / "preview" / "map-overlay.kml", "<kml/>\n")
    write_text(product / "manifest.safe", "<xfdu/>\n")
    known = truth_of(site, "sentinel-1-grd", relative([product], root))
    west, south, east, north = known.bounds
    if east > 180:
        # Across the meridian an index's box is the whole round of the Earth.
        known = replace(known, bounds=(-180.0, south, 180.0, north))
    return replace(
        known,
        sensor="Sentinel-1",
        marks=grey_marks(known.marks),
        # Of control points a fit is made.
        tolerance=4 * step,
    )


def _control_points(site):
    points = []
    for row in np.linspace(0, site.pattern.height, POINTS_PER_SIDE):
        for column in np.linspace(0, site.pattern.width, POINTS_PER_SIDE):
            x, y = site.transform @ (column, row)
            wrapped = (x + 180) % 360 - 180
            points.append(GroundControlPoint(row=row, col=column, x=wrapped, y=y, z=0.0))
    return points
