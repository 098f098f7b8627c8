"""STAC: a static catalogue of items with an asset for each band, and a saved search result."""

import json

import numpy as np
from benchmarks.archive.rasters import relative, write_json, write_tiff
from benchmarks.archive.site import site_of, truth_of

# The catalogue's own files, from the archive's top.
CATALOG = "catalogue/catalog.json"
SEARCH = "catalogue/search.json"
ASSETS = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir"}
STAC = "1.0.0"
TIFF = "image/tiff; application=geotiff; profile=cloud-optimized"


def write_item(root, number, seed):
    """An item of the static catalogue: a file for each band, named by common_name."""
    site = site_of(number, seed, pixel=10)
    name = f"item-{number:03}"
    folder = root / name
    assets = {}
    for band, seen in ASSETS.items():
        write_tiff(folder / f"{band}.tif", site.pattern.values(seen, 10_000), site, nodata=0)
        assets[band] = {
            "href": f"./{band}.tif",
            "type": TIFF,
            "roles": ["data"],
            "eo:bands": [{"name": band, "common_name": seen}],
        }
    write_tiff(folder / "SCL.tif", np.full(site.pattern.valid.shape, 4, "uint8"), site)
    assets["SCL"] = {"href": "./SCL.tif", "type": TIFF, "roles": ["data"]}
    known = truth_of(site, "stac-item", relative([folder], root), sensor="Sentinel-2")
    item = _item(name, site, known, assets)
    item["links"] = [{"rel": "root", "href": "../catalog.json"}]
    write_json(folder / f"{name}.json", item)
    catalog = root / "catalog.json"
    _add_link(catalog, f"./{name}/{name}.json")
    return known


def write_found(root, number, seed):
    """An item of a saved search result: one picture in true colour, and a range of dates."""
    site = site_of(number, seed, pixel=10)
    name = f"found-{number:03}"
    image = root / "assets" / f"{name}.tif"
    write_tiff(image, site.pattern.picture(), site, nodata=0)
    known = truth_of(site, "stac-search", relative([image], root))
    assets = {"visual": {"href": f"./assets/{image.name}", "type": TIFF, "roles": ["visual"]}}
    item = _item(name, site, known, assets)
    if number % 2:
        last = site.taken.replace(hour=23, minute=59, second=59)
        item["properties"].update(
            datetime=None,
            start_datetime=item["properties"]["datetime"],
            end_datetime=last.isoformat().replace("+00:00", "Z"),
        )
        known = truth_of(
            site, "stac-search", known.paths, starts=known.starts, ends=last.isoformat()
        )
    result = root / "search.json"
    found = {"type": "FeatureCollection", "features": []}
    if result.exists():
        found = json.loads(result.read_text())
    found["features"].append(item)
    write_json(result, found)
    return known


def _item(name, site, known, assets):
    west, south, east, north = known.bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": STAC,
        "stac_extensions": [],
        "id": name,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": list(known.bounds),
        "properties": {
            "datetime": site.taken.isoformat().replace("+00:00", "Z"),
            "eo:cloud_cover": float(site.number % 90),
            "platform": "sentinel-2a",
        },
        "links": [],
        "assets": assets,
    }


def _add_link(catalog, href):
    content = {
        "type": "Catalog",
        "stac_version": STAC,
        "id": "made",
        "description": "made for a check",
        "links": [{"rel": "root", "href": "./catalog.json"}],
    }
    if catalog.exists():
        content = json.loads(catalog.read_text())
    content["links"].append({"rel": "item", "href": href, "type": "application/geo+json"})
    write_json(catalog, content)
