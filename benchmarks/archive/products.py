"""The products of the archive: key → where it lies and what writes a scene of it."""

from benchmarks.archive import (
    aerial,
    catalogue,
    commercial,
    gridded,
    landsat,
    sentinel1,
    sentinel2,
)

# Key → (folder from the archive's top, function of root, number and seed).
PRODUCTS = {
    "sentinel-2-l2a": ("disk/sentinel-2", sentinel2.write_l2a),
    "sentinel-2-l1c": ("disk/sentinel-2", sentinel2.write_l1c),
    "landsat-8-9": ("disk/landsat", landsat.write_oli),
    "landsat-5-7": ("disk/landsat", landsat.write_tm),
    "hls-l30": ("disk/hls", landsat.write_l30),
    "hls-s30": ("disk/hls", landsat.write_s30),
    "planetscope-4": ("disk/planet", commercial.write_planet_4),
    "planetscope-8": ("disk/planet", commercial.write_planet_8),
    "maxar-4": ("disk/maxar", commercial.write_maxar_4),
    "maxar-8": ("disk/maxar", commercial.write_maxar_8),
    "maxar-pan": ("disk/maxar", commercial.write_maxar_pan),
    "naip": ("disk/naip", aerial.write_naip),
    "sentinel-1-grd": ("disk/sentinel-1", sentinel1.write_grd),
    "drone-mosaic": ("disk/drone", aerial.write_drone_mosaic),
    "drone-photo": ("disk/drone", aerial.write_drone_photo),
    "netcdf": ("disk/netcdf", gridded.write_netcdf),
    "scan": ("disk/scans", aerial.write_scan),
    "png-export": ("disk/exports", aerial.write_png_export),
    "vrt-mosaic": ("disk/mosaics", gridded.write_vrt),
    "stac-item": ("catalogue", catalogue.write_item),
    "stac-search": ("catalogue", catalogue.write_found),
}
