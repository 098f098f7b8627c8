"""Formats: which files of a folder are rasters or pictures, by suffix, and which are told of."""

# What a folder is searched for. Files of other kinds are read when they are named.
SCENE_SUFFIXES = (
    ".tif",
    ".tiff",
    ".gtiff",
    ".tif8",
    ".vrt",
    ".jp2",
    ".j2k",
    ".jpf",
    ".jpx",
    ".j2c",
    ".jpc",
    ".img",
    ".ntf",
    ".nitf",
    ".nsf",
    ".mbtiles",
    ".gpkg",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".gif",
)
# Values without a header, read where a header lies beside them.
WITH_HEADER = (".bil", ".bip", ".bsq", ".dat", ".raw", ".bin")
# Files of many variables: one raster, bands to be put together, or to be named one by one.
CONTAINERS = (".nc", ".nc4", ".h5", ".hdf5", ".he5", ".hdf", ".zarr")
FOLDERS_OF_A_RASTER = (".zarr",)
FOLDERS_OF_A_SCENE = (".safe", *FOLDERS_OF_A_RASTER)
# Files that may hold no raster at all, or several: looked into.
MAYBE = (".gpkg", ".mbtiles", *CONTAINERS)
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
# Nobody looks for an elevation model or a weather forecast by describing it.
NO_PICTURES = (
    ".asc",
    ".bt",
    ".dt0",
    ".dt1",
    ".dt2",
    ".grb",
    ".grb2",
    ".grib",
    ".grib2",
    ".hgt",
)
# Rasters that are mostly maps, models or planets; and pictures of other trades.
SELDOM = (
    ".adf",
    ".bag",
    ".cub",
    ".ers",
    ".fit",
    ".fits",
    ".flt",
    ".grd",
    ".kmz",
    ".lbl",
    ".n1",
    ".pbm",
    ".pgm",
    ".pnm",
    ".ppm",
    ".rst",
    ".sdat",
    ".tga",
    ".toc",
)
# Formats whose files name others, wherever they lie.
NAMING_OTHERS = (".mrf", ".pix")
# Formats of imagery whose readers are no part of rasterio's wheels.
NO_READER = (
    ".arw",
    ".avif",
    ".cr2",
    ".cr3",
    ".dng",
    ".ecw",
    ".heic",
    ".heif",
    ".jxl",
    ".kea",
    ".nef",
    ".sid",
)
# Why files of a folder that are like imagery are not read; of texts, lists and sidecars nobody is
# told.
LEFT_OUT = {
    **dict.fromkeys(
        NO_PICTURES, "elevation or weather data, no picture; name the file to have it read"
    ),
    **dict.fromkeys(
        SELDOM, "a format that a folder is not searched for; name the file to have it read"
    ),
    **dict.fromkeys(
        NAMING_OTHERS,
        "a format whose files name others; name it, with --follow, to have it read",
    ),
    **dict.fromkeys(
        NO_READER, "a format that this GDAL cannot read; write it as GeoTIFF (gdal_translate)"
    ),
    **dict.fromkeys(
        ARCHIVES,
        "an archive; unpack it, or name it (.zip and .tar alone) to have the scenes in it read",
    ),
}


def suffix_of(path: str) -> str:
    """The suffix of a path, in lower case; "" if it has none."""
    # Not by `Path`, which takes ten times as long: this is asked of every file of an archive.
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    if not dot:
        return ""
    return f".{suffix.lower()}"
