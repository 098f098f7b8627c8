"""The rules of the house: imports point downwards, outside libraries stay in their rooms."""

from pathlib import Path

from benchmarks.house import arrows, circles, read_package

import harma

SOURCE = Path(harma.__file__).parent
MODULES = read_package(SOURCE)
# Lower rooms first; a room may import itself and what stands before it.
ORDER = [
    "errors",
    "ground",
    "losses",
    "metrics",
    "scenes",
    "data",
    "curation",
    "backbones",
    "methods",
    "original",
    "model",
    "index",
    "evaluation",
    "exchange",
    "searches",
    "serve",
    "training",
    "comparison",
    "cli",
]
# The face: the package itself names what lies in the rooms, and imports it when it is asked for.
NO_ROOMS = {"__init__.py", "__main__.py", "py.typed", "__pycache__"}
# Outside library → the rooms or modules that may import it.
HOMES = {
    "open_clip": ("harma.backbones",),
    "timm": ("harma.backbones",),
    "transformers": ("harma.backbones",),
    "peft": ("harma.methods",),
    "onnxruntime": ("harma.model.exported",),
    "openvino": ("harma.model.exported",),
    "nncf": ("harma.model.exported",),
    "lancedb": ("harma.index.store",),
    "lance": ("harma.index.fragments", "harma.index.ann_segments"),
    "obstore": ("harma.ground.storage",),
    "ray": ("harma.index.engines",),
    "fastapi": ("harma.serve",),
    "sqlalchemy": ("harma.searches",),
    "mcp": ("harma.serve",),
    "apprise": ("harma.searches.apprise_notices",),
}


def test_every_entry_of_the_package_is_a_room():
    entries = {
        path.name.removesuffix(".py") for path in SOURCE.iterdir() if path.name not in NO_ROOMS
    }
    assert entries == set(ORDER)
    assert len(entries) + len(NO_ROOMS) - 1 <= 22


def test_imports_point_downwards():
    upwards = [
        (room, other) for room, other in arrows(MODULES) if ORDER.index(other) > ORDER.index(room)
    ]
    assert upwards == []


def test_no_rooms_import_each_other():
    assert circles(arrows(MODULES)) == []


def test_outside_libraries_stay_in_their_rooms():
    strays = []
    for module in MODULES:
        for name in module.imports:
            homes = HOMES.get(name.split(".")[0])
            if homes is not None and not module.name.startswith(homes):
                strays.append(f"{module.name} imports {name}")
    assert strays == []
