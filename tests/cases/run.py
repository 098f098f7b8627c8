"""The 30 cases of ../shared/cases, run as their own check.py runs them.

    python tests/cases/run.py [NUMBER …]

prints a line per case, `03 right: …` or `03 WRONG: …`. check.py is run unchanged; it was written
for an earlier HarMA, so names of that time are given to what they mean today.
"""

import importlib
import importlib.util
import runpy
import sys
from pathlib import Path

import torch

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
CHECK = CASES / "check.py"
# Modules that check.py imports, and where what it takes from them is now.
MOVED = {
    "harma.saved": "harma.model.saved",
    "harma.data.check": "harma.curation.check",
}
SEED = 0


class Chips:
    """The table of chips as an index had it: read whole.

    Args:
        store: of the index.
    """

    def __init__(self, store):
        self.store = store

    def to_arrow(self):
        """All columns of all chips."""
        from harma.index.schema import chip_schema

        return self.store.rows(chip_schema(self.store.settings.embed_dim).names)


def prepare():
    """Give names of an earlier HarMA to what they mean today."""
    # Its model is drawn at random: the same one in each run.
    torch.manual_seed(SEED)
    for name, now in MOVED.items():
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = importlib.import_module(now)
    from harma.index.store import Store

    if not hasattr(Store, "chips"):
        Store.chips = property(Chips)


def load():
    """check.py as a module: case 7 is its function c07, which gives (right, what came out)."""
    prepare()
    spec = importlib.util.spec_from_file_location("check_cases", CHECK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    prepare()
    runpy.run_path(str(CHECK), run_name="__main__")
