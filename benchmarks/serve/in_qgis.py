"""QGIS as a client of a server: collections as layers, a box of them, tiles of a scene.

QGIS brings its own Python, so this is run by that one, beside a server that runs elsewhere:

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 benchmarks/serve/in_qgis.py ADDRESS [BOX]

ADDRESS is the server's, http://127.0.0.1:8000; BOX is west,south,east,north.
It prints a line for each layer: features, fields, seconds.
"""

import json
import sys
import time
import urllib.request

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsFeatureRequest,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

SIDE = 512


def main(base, box):
    application = QgsApplication([], False)
    application.initQgis()
    print(f"QGIS {Qgis.QGIS_VERSION}")
    for collection in _json(f"{base}/collections")["collections"]:
        _read(base, collection, None)
        if box is not None:
            _read(base, collection, QgsRectangle(*box))
    for index in _json(f"{base}/v1/indexes")["indexes"]:
        sources = _json(f"{base}/v1/indexes/{index['id']}/sources?k=1000")["sources"]
        placed = [source for source in sources if source["tiles"]]
        if placed:
            _draw(placed[0])
    application.exitQgis()


def _json(address):
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def _read(base, collection, box):
    """All features of a collection, or those of a box."""
    start = time.perf_counter()
    layer = QgsVectorLayer(f"url='{base}/' typename='{collection['id']}'", "hits", "OAPIF")
    assert layer.isValid(), layer.error().message()
    request = QgsFeatureRequest()
    if box is not None:
        request.setFilterRect(box)
    features = list(layer.getFeatures(request))
    seconds = time.perf_counter() - start
    where = "" if box is None else " in the box"
    names = [field.name() for field in layer.fields()]
    kinds = {feature.geometry().type() for feature in features if feature.hasGeometry()}
    print(
        f"{collection['title']}{where}: {len(features):,} features of {len(names)} fields,"
        f" kinds of geometry {sorted(map(int, kinds))}, {seconds:.2f} s"
    )
    print("   ", ", ".join(names))
    if features:
        print("   ", dict(zip(names, map(str, features[0].attributes()), strict=True)))


def _draw(source):
    """A scene, by its tiles."""
    start = time.perf_counter()
    address = source["tiles"].replace("?", "%3F").replace("=", "%3D")
    uri = f"type=xyz&url={address}&zmin={source['min_zoom']}&zmax={source['max_zoom']}"
    layer = QgsRasterLayer(uri, "scene", "wms")
    assert layer.isValid(), layer.error().message()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setExtent(_in_metres(layer, QgsRectangle(*source["bbox"])))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    colors = {image.pixel(x, y) for x in range(0, SIDE, 8) for y in range(0, SIDE, 8)}
    seconds = time.perf_counter() - start
    print(f"tiles of {source['name']}: {len(colors)} colours at 4,096 places, {seconds:.2f} s")


def _in_metres(layer, box):
    from qgis.core import QgsCoordinateReferenceSystem, QgsCoordinateTransform, QgsProject

    degrees = QgsCoordinateReferenceSystem("EPSG:4326")
    transform = QgsCoordinateTransform(degrees, layer.crs(), QgsProject.instance())
    return transform.transformBoundingBox(box)


if __name__ == "__main__":
    sides = None
    if len(sys.argv) > 2:
        sides = [float(side) for side in sys.argv[2].split(",")]
    main(sys.argv[1].rstrip("/"), sides)
