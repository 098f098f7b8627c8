import sys
import textwrap
from importlib import import_module

import pytest

from harma.ground import deferred_imports
from harma.ground.deferred_imports import (
    DeferredName,
    complete,
    deferring,
    late_package,
    waiting_for,
)

# A library that draws in a heavy one, as open_clip draws in timm.
MODULES = {
    "heavy/__init__.py": """
        number = 7

        class Base:
            kind = "heavy"

            def __init__(self, size):
                self.size = size
        """,
    "heavy/deep/__init__.py": "",
    "heavy/deep/inner.py": "def double(number):\n    return 2 * number",
    "light/__init__.py": """
        from light import broad
        from light.narrow import Narrow

        __version__ = "2"
        __all__ = ["Narrow"]
        """,
    "light/broad.py": "loaded = True",
    "light/narrow.py": """
        from typing import Optional

        import heavy
        from heavy import Base
        from heavy.deep.inner import double

        class Narrow:
            def of(self, given: Optional[Base] = None) -> Base:
                return Base(double(heavy.number))
        """,
    "broken/__init__.py": "import nowhere_at_all",
    "broken/part.py": "value = 1",
    "eager/__init__.py": "from heavy import number\n\nkept = number + 1",
}


@pytest.fixture(autouse=True)
def packages(tmp_path, monkeypatch):
    """The packages of `MODULES`, imported by nobody yet."""
    for name, text in MODULES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    yield
    assert sys.meta_path == finders
    tops = {name.partition("/")[0] for name in MODULES}
    for name in list(sys.modules):
        if name.partition(".")[0] in tops:
            del sys.modules[name]


def loaded(name):
    """Whether a module itself is imported, and no stand-in."""
    return "deferred" not in type(sys.modules.get(name)).__name__.lower() and name in sys.modules


class TestDeferring:
    def test_a_library_is_imported_without_what_it_draws_in(self):
        with deferring("heavy"):
            narrow = import_module("light.narrow")
        assert not [name for name in sys.modules if name.startswith("heavy")]
        made = narrow.Narrow().of()
        assert made.size == 14
        # The class itself, as whoever imports it now has it.
        assert type(made) is import_module("heavy").Base

    def test_names_are_what_they_stand_for(self):
        with deferring("heavy"):
            from heavy import Base
        assert isinstance(Base, DeferredName)
        assert Base.kind == "heavy"
        assert Base.__name__ == "Base"
        assert repr(Base) == "<deferred heavy.Base>"
        assert not isinstance(3, Base)
        assert isinstance(Base(1), Base)

        class Own(Base):
            pass

        assert issubclass(Own, Base)
        assert Own(5).size == 5
        assert Own.__mro__[1] is sys.modules["heavy"].Base

    def test_a_module_asked_later_is_the_module(self):
        with deferring("heavy"):
            import heavy
            import heavy.deep.inner
        assert heavy.deep.inner.double(4) == 8
        assert heavy.number == 7
        with pytest.raises(AttributeError):
            heavy.nothing  # noqa: B018

    def test_what_is_used_at_import_ends_the_waiting(self):
        # `number + 1` is no call: the name has no such operator, and says so.
        with deferring("heavy"), pytest.raises(TypeError):
            import_module("eager")
        with deferring("heavy"):
            from heavy import Base

            assert Base(3).size == 3
            # From then on imports are imports.
            assert loaded("heavy")

    def test_what_is_imported_already_is_taken(self):
        heavy = import_module("heavy")
        with deferring("heavy"):
            narrow = import_module("light.narrow")
        assert narrow.Base is heavy.Base

    def test_what_is_not_installed_fails_as_ever(self):
        with deferring("nowhere_at_all"), pytest.raises(ModuleNotFoundError):
            import_module("nowhere_at_all")

    def test_an_error_ends_it_too(self):
        with pytest.raises(ZeroDivisionError), deferring("heavy"):
            raise ZeroDivisionError
        assert import_module("heavy").number == 7

    def test_others_are_imported_as_ever(self):
        with deferring("heavy"):
            assert import_module("light.broad").loaded


class TestLatePackage:
    def test_its_modules_are_imported_without_it(self):
        package = late_package("light")
        with deferring("heavy"):
            narrow = import_module("light.narrow")
        assert "light.broad" not in sys.modules
        assert package.narrow is narrow
        # What walks over all modules asks for such names.
        assert not hasattr(package, "__warningregistry__")
        assert "light.broad" not in sys.modules

    @pytest.mark.parametrize("name", ["Narrow", "__version__", "broad", "__all__"])
    def test_whoever_asks_for_a_name_gets_all_of_it(self, name):
        package = late_package("light")
        assert hasattr(package, name)
        assert "light.broad" in sys.modules
        assert type(package) is type(sys)
        assert import_module("light") is package

    def test_names_are_imported_and_listed(self):
        late_package("light")
        from light import Narrow

        assert Narrow().of().size == 14
        del sys.modules["light"]
        late = late_package("light")
        assert {"Narrow", "broad"} <= set(dir(late))

    def test_a_name_that_it_has_not(self):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            late_package("light").nothing  # noqa: B018

    def test_one_that_is_imported_is_given_as_it_is(self):
        package = import_module("light")
        assert late_package("light") is package
        complete(package)

    def test_one_that_is_not_installed(self):
        with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
            late_package("nowhere_at_all")

    def test_one_that_cannot_be_imported_is_tried_again(self):
        package = late_package("broken")
        assert import_module("broken.part").value == 1
        with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
            package.name  # noqa: B018
        assert "broken" not in sys.modules


class TestWaitingFor:
    @pytest.mark.parametrize("distribution", deferred_imports.WAITING)
    def test_of_the_versions_that_are_tested_with(self, distribution):
        # One that fails here was raised: see that all tests pass with the packages deferred (those
        # of tests/cli/test_start.py name them), and add the version.
        assert waiting_for(distribution)

    def test_of_another_version_nothing_waits(self, monkeypatch):
        monkeypatch.setattr(deferred_imports, "version", lambda name: "99.0")
        assert waiting_for("lancedb") == ()

    def test_of_one_that_is_not_installed(self, monkeypatch):
        monkeypatch.setitem(deferred_imports.WAITING, "no-such-library", (("1",), ("heavy",)))
        assert waiting_for("no-such-library") == ()
