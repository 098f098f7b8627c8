"""GDAL as a client, in a process of its own.

GDAL's calls keep other threads of their process waiting, and the server may be one of them.
"""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
import pyogrio
asked = json.loads(sys.argv[1])
if asked["do"] == "layers":
    said = pyogrio.list_layers(asked["address"])[:, 0].tolist()
else:
    bbox = asked["bbox"]
    frame = pyogrio.read_dataframe(asked["address"], bbox=tuple(bbox) if bbox else None)
    said = {"crs": frame.crs.to_epsg() if frame.crs else None, "count": len(frame),
            "columns": {name: [None if v != v else v for v in map(str, frame[name])]
                        for name in frame.columns if name != "geometry"},
            "kinds": sorted({str(kind) for kind in frame.geom_type.dropna()})}
print(json.dumps(said))
"""
SECONDS = 120


def _run(**asked):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked)],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def list_layers(address):
    """The names of the layers of an address."""
    return _run(do="layers", address=address)


def read_layer(address, bbox=None):
    """A layer: its reference system, number of features, columns of texts, kinds of geometry."""
    return _run(do="read", address=address, bbox=bbox)
