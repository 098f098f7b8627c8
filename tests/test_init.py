"""The public face: what `import harma` promises."""

import subprocess
import sys

import pytest

import harma
from harma import errors


def test_all_names_are_sorted_and_there():
    assert harma.__all__ == sorted(harma.__all__)
    assert len(set(harma.__all__)) == len(harma.__all__)
    assert dir(harma) == harma.__all__
    for name in harma.__all__:
        assert getattr(harma, name) is not None


def test_what_one_builds_trains_and_searches_with_is_there():
    verbs = {"train", "resume", "evaluate", "compare", "load", "save", "classify"}
    assert verbs | {"HarMA", "Index", "losses", "metrics", "__version__"} <= set(harma.__all__)
    for method in (
        "open",
        "build",
        "add",
        "remove",
        "verify",
        "optimize",
        "reembed",
        "export",
        "search",
    ):
        assert callable(getattr(harma.Index, method))


def test_every_error_is_public():
    own = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.HarmaError)
    }
    assert own <= set(harma.__all__)


def test_each_error_is_also_a_builtin_and_names_its_source():
    for name in set(vars(errors)) & set(harma.__all__):
        kind = getattr(errors, name)
        error = kind("it is damaged; copy it again", source="scene.tif")
        assert str(error) == "scene.tif: it is damaged; copy it again"
        assert error.problem == "it is damaged; copy it again"
        assert str(kind("nothing is there")) == "nothing is there"
        assert kind is errors.HarmaError or len(kind.__mro__) > len(errors.HarmaError.__mro__) + 1


def test_importing_is_light():
    heavy = (
        "import sys, harma;"
        "print([name for name in ('torch', 'lancedb', 'rasterio') if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", heavy], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="searchh"):
        _ = harma.searchh
