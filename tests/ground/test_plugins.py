"""Built-ins by name, a user's own by dotted path."""

import os

import pytest

from harma.errors import ConfigError
from harma.ground.plugins import find, made_by

BUILT_IN = {"one": 1, "two": 2}


def test_a_name_comes_before_a_path():
    assert find("two", BUILT_IN, "loss") == 2
    assert find("math.pi", BUILT_IN, "loss") == pytest.approx(3.14159, abs=1e-5)
    assert find("os.path.join", {"os.path.join": 3}, "loss") == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("three", "loss is 'three'; allowed are one, two, or the dotted path of your own"),
        ("", "loss is ''; allowed"),
        (3, "loss is 3; allowed"),
        (".relative", "loss is '.relative'; allowed"),
        ("..relative.name", "loss is '..relative.name'; allowed"),
        ("math.", "loss is 'math.'; allowed"),
        ("math.nothing", r"'math.nothing', which cannot be imported \(module 'math' has no"),
        ("no_such_package.x", r"cannot be imported \(No module named 'no_such_package'\)"),
    ],
)
def test_names_that_lead_nowhere(name, message):
    with pytest.raises(ConfigError, match=message):
        find(name, BUILT_IN, "loss")


def test_without_built_ins_only_a_path_is_allowed():
    with pytest.raises(ConfigError, match="metric is 'x'; it must be the dotted path"):
        find("x", {}, "metric")


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (os.system, r"adapter is 'os.system', which cannot be called as it has to be \(system"),
        (print, r"cannot be called as it has to be"),
        ("no function", r"cannot be called as it has to be"),
        (lambda width, *, rank: None, "which makes None; it has to make what can be called"),
    ],
)
def test_plug_ins_of_another_kind(plugin, message):
    name = f"os.{getattr(plugin, '__name__', plugin)}"
    with pytest.raises(ConfigError, match=message):
        made_by(plugin, name, "adapter", 3, rank=4)


def test_what_a_plug_in_makes():
    def make(width, *, rank):
        return lambda: width * rank

    assert made_by(make, "a.b", "adapter", 3, rank=4)() == 12
