"""Sensors by the names of files and by tags, and which of their bands are red, green and blue.

Each row names the document of the agency or company that states the order of bands. A name says
what took a scene; that a file holds all its bands, in this order, follows only where the number of
bands is one that is delivered so.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Triple = tuple[int, int, int]

# Nothing else stands before the names that products have.
START = r"(?<![A-Za-z0-9])"
NEVER = r"(?!)"
# Names of files and folders.
REMEMBERED = 1024
# Tags that name a satellite, in lower case; the last part of a dotted key counts.
SENSOR_TAGS = (
    "constellation",
    "mission",
    "platform",
    "satellite",
    "satelliteid",
    "satid",
    "sensor",
    "sensor_id",
    "spacecraft_id",
    "spacecraft_name",
)


@dataclass(frozen=True)
class Sensor:
    """A sensor, or several whose bands are alike.

    Attributes:
        key: what it is called here, in `--bands` too.
        title: what people call it.
        bands: numbers of red, green and blue from 1, which are also those in its bands' names;
            () where it sees no colours.
        layouts: number of bands of a file → red, green and blue, as files are delivered.
        product: regular expression of the names of its products.
        words: regular expression of what else it is called, in tags and in names that people give.
        document: that states the order of bands.
        fill: value of pixels without data in its products, whole numbers of more than 8 bits; None
            where no document states one for all of them.
    """

    key: str
    title: str
    bands: Triple | tuple[()]
    layouts: Mapping[int, Triple]
    product: str
    words: str
    document: str
    fill: float | None = None

    def layout(self, num_bands: int) -> Triple | tuple[()]:
        """Red, green and blue of a file; () if files of so many bands are not delivered."""
        return self.layouts.get(num_bands, ())

    def likely_layout(self, num_bands: int) -> Triple | tuple[()]:
        """The same, where a file may have bands of another kind (masks) after those delivered."""
        shorter = [number for number in self.layouts if number <= num_bands]
        if not shorter:
            return ()
        return self.layouts[max(shorter)]

    def preset(self, num_bands: int) -> Triple | tuple[()]:
        """The same, where a person says that the file is of this sensor."""
        return self.layout(num_bands) or self.bands


# Product names that begin alike are told apart by the order: the first that fits is taken.
SENSORS = (
    Sensor(
        "sentinel-2",
        "Sentinel-2",
        (4, 3, 2),
        {12: (4, 3, 2), 13: (4, 3, 2)},  # B01 B02 B03 B04 …; level 2A is without B10
        rf"{START}(S2[ABCD]_(MSI|OPER|USER|\d{{1,2}}[A-Z]{{3}}_|\d{{8}})|T\d{{2}}[A-Z]{{3}}_\d{{8}}T)"
        rf"|\d{{8}}T\d{{6}}_T\d{{2}}[A-Z]{{3}}",
        rf"sentinel[-_ ]?2(?!\d)|{START}S2[ABCD][-_]",
        "ESA, Sentinel-2 Products Specification Document",
        fill=0,
    ),
    Sensor(
        "sentinel-1",
        "Sentinel-1",
        (),
        {},
        rf"{START}S1[ABCD][-_](IW|EW|WV|S[1-6])",
        r"sentinel[-_ ]?1(?!\d)",
        "ESA, Sentinel-1 Product Specification",
    ),
    Sensor(
        "landsat-8",
        "Landsat 8 and 9",
        (4, 3, 2),
        {7: (4, 3, 2), 11: (4, 3, 2)},  # coastal, blue, green, red, …
        rf"{START}(L[CO]0[89]_|LC[89]\d{{13}})",
        r"landsat[-_ ]?0?[89](?!\d)",
        "USGS, Landsat 8-9 Collection 2 Level 1 and Level 2 Data Format Control Books",
        fill=0,
    ),
    Sensor(
        "landsat-7",
        "Landsat 4, 5 and 7",
        (3, 2, 1),
        {6: (3, 2, 1), 7: (3, 2, 1), 8: (3, 2, 1)},  # blue, green, red, …
        rf"{START}(L(T0[45]|E07)_|LT[45]\d{{13}}|LE7\d{{13}})",
        rf"landsat[-_ ]?0?[457](?!\d)|{START}L[457]_?E?TM",
        "USGS, Landsat 4-7 Collection 2 Level 1 and Level 2 Data Format Control Books",
        fill=0,
    ),
    Sensor(
        "naip",
        "NAIP",
        (1, 2, 3),
        {3: (1, 2, 3), 4: (1, 2, 3)},  # red, green, blue, near infrared
        rf"{START}m_\d{{7}}_(ne|nw|se|sw)_\d{{2}}_",
        rf"{START}naip(?![a-z])",
        "USDA FSA, NAIP four band digital imagery information sheet",
    ),
    Sensor(
        "hls",
        "Harmonized Landsat Sentinel-2",
        (4, 3, 2),
        {},
        rf"{START}HLS\.[LS]30\.",
        rf"{START}HLS[LS]30",
        "NASA, Harmonized Landsat Sentinel-2 Product User Guide",
        fill=-9999,
    ),
    Sensor(
        "planetscope-visual",
        "PlanetScope visual",
        (1, 2, 3),
        {3: (1, 2, 3), 4: (1, 2, 3)},
        rf"{START}\d{{8}}_\d{{6}}_\w{{4,40}}_visual",
        r"planetscope visual",
        "Planet, Imagery Product Specifications",
    ),
    Sensor(
        "skysat",
        "SkySat",
        (3, 2, 1),
        {4: (3, 2, 1)},  # blue, green, red, near infrared
        rf"{START}\d{{8}}_\d{{6}}_ss(c\d+)?_?\w*(analytic|pansharpened)",
        r"skysat",
        "Planet, SkySat Imagery Product Specification",
        fill=0,
    ),
    Sensor(
        "planetscope",
        "PlanetScope",
        (3, 2, 1),
        # Blue, green, red, near infrared; of 8: coastal blue, blue, green I, green, yellow, red, …
        {3: (1, 2, 3), 4: (3, 2, 1), 5: (3, 2, 1), 8: (6, 4, 2)},
        rf"{START}\d{{8}}_\d{{6}}_\w{{4,40}}_analytic|{START}\d+_\d{{7}}_\d{{4}}-\d\d-\d\d_\w{{4}}_",
        r"planetscope|psscene|psorthotile",
        "Planet, PlanetScope Imagery Product Specification",
        fill=0,
    ),
    Sensor(
        "planetscope-8band",
        "PlanetScope of 8 bands",
        (6, 4, 2),
        {8: (6, 4, 2)},
        NEVER,  # its files are named as those of 4 bands are
        r"superdove",
        "Planet, PlanetScope Imagery Product Specification",
        fill=0,
    ),
    Sensor(
        "rapideye",
        "RapidEye",
        (3, 2, 1),
        {3: (1, 2, 3), 5: (3, 2, 1)},  # blue, green, red, red edge, near infrared
        rf"{START}\d{{7}}_\d{{4}}-\d{{2}}-\d{{2}}_RE\d_",
        r"rapideye",
        "Planet, RapidEye Imagery Product Specification",
        fill=0,
    ),
    Sensor(
        "worldview",
        "WorldView, GeoEye, QuickBird, IKONOS",
        (5, 3, 2),
        # Coastal, blue, green, yellow, red, …; of 4: blue, green, red, near infrared.
        {4: (3, 2, 1), 8: (5, 3, 2)},
        rf"{START}\d{{2}}(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\d{{8}}(\d{{6}})?-[MS]\d",
        rf"worldview[-_ ]?[234]|{START}(WV0[234]|GE01|QB02|IK0[12])(?![a-z0-9])|geoeye|quickbird"
        r"|ikonos",
        "Maxar, Imagery Support Data documentation; DigitalGlobe, Core Imagery Products Guide",
        fill=0,
    ),
    Sensor(
        "modis",
        "MODIS",
        (1, 4, 3),
        {7: (1, 4, 3)},
        rf"{START}M[OY]D09",
        rf"{START}modis(?![a-z])",
        "NASA LP DAAC, MOD09 Surface Reflectance User's Guide",
    ),
    Sensor(
        "olci",
        "Sentinel-3 OLCI",
        (8, 6, 4),
        {21: (8, 6, 4)},
        rf"{START}S3[AB]_OL_",
        rf"{START}olci(?![a-z])",
        "ESA, Sentinel-3 OLCI User Guide",
    ),
    Sensor(
        "gaofen",
        "Gaofen-1 and 2",
        (3, 2, 1),
        {4: (3, 2, 1)},  # blue, green, red, near infrared
        rf"{START}GF[12][BCD]?_(PMS\d?|WFV\d?)_",
        rf"{START}gaofen[-_ ]?[12](?!\d)",
        "CRESDA, band settings of Gaofen-1 and Gaofen-2",
    ),
)
BY_KEY = {sensor.key: sensor for sensor in SENSORS}
# What `--bands` takes in place of numbers.
PRESETS = {sensor.key: sensor for sensor in SENSORS if sensor.bands}

MASK_NAME = re.compile(
    r"(^|[^a-z0-9])("
    # Planet, USGS, Sentinel-2, HLS, Maxar, and what people call their own.
    r"udm2?|(dn_)?udm|b?qa|qa_(pixel|radsat|aerosol)|sr_(qa_)?(aerosol|cloud_qa)|(pixel|radsat)_qa"
    r"|scl|cldprb|snwprb|msk_[a-z0-9]+|fmask[0-9]*|cloud_?mask|clouds?_?shadow_?mask|mask|maskfile"
    r"|valid_?mask|clm"
    r")(_(clip|[0-9]+m|cog|file_format|reproject))*$",
    re.IGNORECASE,
)


def is_mask_name(name: str) -> bool:
    """Whether a file's name says that it is a mask or a quality layer, not a picture.

    Args:
        name: of the file, with or without its folder.
    """
    last = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.(tiff?|jp2|img|vrt|png|nc|hdf)$", "", last, flags=re.IGNORECASE)
    return bool(MASK_NAME.search(stem))


def sensor_of(source: str, tags: Mapping[str, str] | None = None) -> Sensor | None:
    """The sensor that a scene's name, folders or tags tell, or None.

    Args:
        source: path, address, or a VRT in XML, which names files too.
        tags: of the file.
    """
    folder, _, name = source.replace("\\", "/").rpartition("/")
    # The name of a product is sure; a folder may hold scenes of others besides.
    return (
        _by_product(name)
        or _of_tags(tags or {})
        or _first(name, (sensor.words for sensor in SENSORS))
        or _of_folder(folder)
    )


def fill_of(key: str) -> float | None:
    """The fill of a sensor's products, or None.

    Args:
        key: of the sensor, or "".
    """
    return BY_KEY[key].fill if key in BY_KEY else None


def sensor_named(text: str) -> str:
    """The key of a sensor that a product or catalogue names, or the text as it is.

    Args:
        text: such as "Sentinel-2B" or "landsat-9".
    """
    if text in BY_KEY:
        return text
    sensor = _of_tags({"platform": text})
    return sensor.key if sensor is not None else text


def _first(text: str, patterns: Iterable[str]) -> Sensor | None:
    for sensor, pattern in zip(SENSORS, patterns, strict=True):
        if re.search(pattern, text, re.IGNORECASE):
            return sensor
    return None


def _of_tags(tags: Mapping[str, str]) -> Sensor | None:
    for key, text in tags.items():
        if key.lower().rpartition(".")[2] in SENSOR_TAGS:
            sensor = _first(text.replace("_", "-"), (sensor.words for sensor in SENSORS))
            if sensor is not None:
                return sensor
    return None


# Every scene is opened more than once, and lies beside many others.
@lru_cache(REMEMBERED)
def _of_folder(folder: str) -> Sensor | None:
    """By the folder of a product: the nearest whose name is that of one."""
    for name in reversed(folder.split("/")):
        sensor = _by_product(name)
        if sensor is not None:
            return sensor
    return None


@lru_cache(REMEMBERED)
def _by_product(name: str) -> Sensor | None:
    return _first(name, (sensor.product for sensor in SENSORS))
