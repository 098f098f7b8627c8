"""The wheel: what a person installs has the page, the recipes and the land, and no tests."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "harma"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # What `pip wheel --no-deps` calls; offline.
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = folder.glob("harma-*.whl")
    return file


def test_every_file_of_the_package_is_in_it(wheel):
    kept = {
        str(path.relative_to(PACKAGE.parent))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == kept


@pytest.mark.parametrize(
    "name",
    [
        "harma/serve/page/index.html",
        "harma/serve/page/harma.js",
        "harma/serve/page/land-50m.json",
        "harma/index/land.wkt",
        "harma/index/templates/hits.html.jinja",
        "harma/training/recipes/demo_clip.yaml",
        "harma/data/sets/rsitmd.yaml",
        "harma/py.typed",
    ],
)
def test_what_is_read_at_run_time_is_in_it(wheel, name):
    with zipfile.ZipFile(wheel) as archive:
        assert archive.getinfo(name).file_size > 0 or name.endswith("py.typed")


def test_nothing_else_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (info,) = [name for name in names if name.endswith("entry_points.txt")]
        assert "harma = harma.cli:main" in archive.read(info).decode()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"harma"}
    assert not [name for name in names if "test_" in name or name.endswith(".ipynb")]
    # The page, its land, and code.
    assert wheel.stat().st_size < 3_000_000
