"""Which assets of an item are the picture, by the items that agencies and services publish."""

import pytest

from harma.errors import DataError
from harma.scenes.catalogues.assets import asset_of, choose

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
JP2 = "image/jp2"


def bands(*colors, form="1.0"):
    if form == "1.0":
        return {"eo:bands": [{"name": f"B{n}", "common_name": c} for n, c in enumerate(colors, 1)]}
    return {"bands": [{"name": f"B{n}", "eo:common_name": c} for n, c in enumerate(colors, 1)]}


def assets_of(assets):
    made = []
    for key, (kind, roles, said) in assets.items():
        suffix = "jp2" if kind == JP2 else "tif"
        values = {"type": kind, "roles": roles, **said}
        made.append(asset_of(key, values, f"https://x.org/{key}.{suffix}"))
    return made


def chosen(assets, sensor="", asked=()):
    choice = choose(assets_of(assets), sensor, asked)
    return [asset.key for asset in choice.assets], choice.bands


PREVIEWS = {
    "thumbnail": ("image/jpeg", ["thumbnail"], bands("red", "green", "blue")),
    "rendered_preview": ("image/png", ["overview"], {}),
    "preview": (JP2, [], {}),
    "metadata": ("application/xml", ["metadata"], {}),
    "tilejson": ("application/json", ["tiles"], {}),
}
EARTH_SEARCH = {
    **PREVIEWS,
    "aot": (COG, ["data", "reflectance"], {}),
    "blue": (COG, ["data", "reflectance"], {**bands("blue"), "gsd": 10}),
    "green": (COG, ["data", "reflectance"], {**bands("green"), "gsd": 10}),
    "red": (COG, ["data", "reflectance"], {**bands("red"), "gsd": 10}),
    "nir": (COG, ["data", "reflectance"], {**bands("nir"), "gsd": 10}),
    "scl": (COG, ["data"], {}),
    "red-jp2": (JP2, ["data", "reflectance"], {**bands("red"), "gsd": 10}),
    "green-jp2": (JP2, ["data", "reflectance"], {**bands("green"), "gsd": 10}),
    "blue-jp2": (JP2, ["data", "reflectance"], {**bands("blue"), "gsd": 10}),
}


@pytest.mark.parametrize(
    ("assets", "sensor", "keys", "numbers"),
    [
        # Earth Search: Sentinel-2 with its true-colour image, and without.
        (
            {**EARTH_SEARCH, "visual": (COG, ["visual"], bands("red", "green", "blue"))},
            "sentinel-2",
            ["visual"],
            (),
        ),
        (EARTH_SEARCH, "sentinel-2", ["red", "green", "blue"], ()),
        # Planetary Computer: Sentinel-2 without TCI, keys as the sensor has them.
        (
            {key: (COG, ["data"], {}) for key in ("B02", "B03", "B04", "B08", "SCL", "WVP")},
            "sentinel-2",
            ["B04", "B03", "B02"],
            (),
        ),
        # NAIP: four bands in one file.
        (
            {**PREVIEWS, "image": (COG, ["data"], bands("red", "green", "blue", "nir"))},
            "naip",
            ["image"],
            (1, 2, 3),
        ),
        # PlanetScope: blue comes first.
        (
            {
                "ortho_analytic_4b": (COG, ["data"], bands("blue", "green", "red", "nir")),
                "ortho_udm2": (COG, ["data"], {}),
            },
            "planetscope",
            ["ortho_analytic_4b"],
            (3, 2, 1),
        ),
        (
            {
                "ortho_analytic_4b": (COG, ["data"], bands("blue", "green", "red", "nir")),
                "ortho_visual": (COG, ["visual"], {}),
            },
            "planetscope",
            ["ortho_visual"],
            (),
        ),
        # STAC 1.1.
        (
            {"data": (COG, ["data"], bands("nir", "red", "green", "blue", form="1.1"))},
            "",
            ["data"],
            (2, 3, 4),
        ),
        # Landsat 9 and 5, whose bands of one name are others.
        (
            {key: (COG, ["data"], {}) for key in ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "QA_PIXEL")},
            "landsat-8",
            ["SR_B4", "SR_B3", "SR_B2"],
            (),
        ),
        (
            {key: (COG, ["data"], {}) for key in ("SR_B1", "SR_B2", "SR_B3", "SR_B4")},
            "landsat-7",
            ["SR_B3", "SR_B2", "SR_B1"],
            (),
        ),
        # The finest of several.
        (
            {
                "TCI_60m": (COG, ["visual"], {"gsd": 60}),
                "TCI_10m": (COG, ["visual"], {"gsd": 10}),
                "TCI_20m": (COG, ["visual"], {"gsd": 20}),
            },
            "",
            ["TCI_10m"],
            (),
        ),
        # Sentinel-1.
        (
            {key: (COG, ["data"], {}) for key in ("vh", "vv")}
            | {"schema-noise-vv": ("application/xml", ["metadata"], {})},
            "sentinel-1",
            ["vv"],
            (),
        ),
        # Open aerial imagery: the only picture, beside what is none.
        ({**PREVIEWS, "cog": (COG, [], {})}, "", ["cog"], ()),
    ],
)
def test_which_asset_is_the_picture(assets, sensor, keys, numbers):
    assert chosen(assets, sensor) == (keys, numbers)


def test_bands_of_several_files_are_parts_in_the_order_of_colours():
    choice = choose(assets_of(EARTH_SEARCH), "sentinel-2")
    assert [(part.path, part.color) for part in choice.parts] == [
        (f"https://x.org/{color}.tif", color) for color in ("red", "green", "blue")
    ]


@pytest.mark.parametrize(
    "assets",
    [
        PREVIEWS,
        {},
        {"one": (COG, ["data"], {}), "two": (COG, ["data"], {})},
        {"udm2": (COG, ["mask"], {})},
        {"report": ("application/pdf", ["data"], {})},
    ],
)
def test_where_none_can_be_told(assets):
    listed = ", ".join(assets) or "none"
    with pytest.raises(DataError, match="is said to be a picture; name one") as caught:
        chosen(assets)
    assert f"({listed})" in str(caught.value)


def test_an_asset_of_no_type_is_known_by_its_name():
    for name, expected in (("a.tif?sig=x.json", True), ("a.json", False), ("a.JP2", True)):
        assert asset_of("x", {}, f"https://x.org/{name}").is_raster == expected
