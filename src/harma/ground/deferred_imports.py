"""Deferred imports: what a library draws in though few of its parts use it waits until it is used.

An import of a large library runs all of its modules, and those of every library that one of them
may need some day. Two means against that, neither of which changes a library:

- `deferring`: within this context other packages are stood in for. Their names can be called,
  subclassed, and asked for attributes and instances; each is looked up when that happens.
- `late_package`: the modules of a package can be imported while its `__init__` has not run. It runs
  when somebody asks the package for a name.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

# Distribution → the versions that were seen to work while other packages wait, and those packages:
# parts of the library that HarMA does not use name them, and nothing else of it.
WAITING = {
    "lancedb": (("0.40.0",), ("lance_namespace_urllib3_client",)),
    "open_clip_torch": (("3.3.0",), ("timm", "torchvision", "transformers")),
}
# Dunder names of a package that people ask for; others are asked for by what walks over modules.
ASKED = ("__all__", "__version__")


def waiting_for(distribution: str) -> tuple[str, ...]:
    """The packages that can wait while a library is imported; none of a version that is not known.

    Args:
        distribution: a key of `WAITING`.
    """
    versions, packages = WAITING[distribution]
    try:
        is_known = version(distribution) in versions
    except PackageNotFoundError:
        return ()
    return packages if is_known else ()


class DeferredName:
    """A name of a module that is imported when the name is used.

    Args:
        module: the module's name.
        name: in the module.
        deferral: what defers it.
    """

    __slots__ = ("_deferral", "_module", "_name")

    def __init__(self, module: str, name: str, deferral: "_Deferral") -> None:
        self._module = module
        self._name = name
        self._deferral = deferral

    def resolved(self) -> Any:
        """What the name stands for."""
        # Used while modules are still imported: then it cannot wait, and nor may what it imports.
        self._deferral.close()
        return getattr(import_module(self._module), self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call what the name stands for."""
        return self.resolved()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # Annotations ask for these while modules are imported, and take an answer of none.
        if _is_dunder(name) and self._deferral.is_active:
            raise AttributeError(name)
        return getattr(self.resolved(), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self.resolved())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self.resolved())

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (self.resolved(),)

    def __repr__(self) -> str:
        return f"<deferred {self._module}.{self._name}>"


class _DeferredModule(ModuleType):
    """Stands in for a module, for whoever imported it while it was deferred."""

    _deferral: "_Deferral"

    def __getattr__(self, name: str) -> Any:
        if self._deferral.is_active:
            if _is_dunder(name):
                raise AttributeError(name)
            return DeferredName(self.__name__, name, self._deferral)
        return getattr(import_module(self.__name__), name)


class _Deferral(MetaPathFinder, Loader):
    """Finds stand-ins in place of packages and their modules."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = packages
        self.is_active = True

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in self.packages:
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _DeferredModule(spec.name)
        module._deferral = self
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the module stands for another."""

    def close(self) -> None:
        """Stand in no longer for what is imported from now on."""
        if not self.is_active:
            return
        self.is_active = False
        sys.meta_path.remove(self)
        # Only who imported one keeps it: everybody else gets the module itself.
        standing_in = [name for name, module in sys.modules.items() if _stands_in(module)]
        for name in standing_in:
            del sys.modules[name]


@contextmanager
def deferring(*packages: str) -> Iterator[None]:
    """Within this context imports of packages give stand-ins, unless they are imported already.

    A package that is not installed is not stood in for: its import fails as ever.

    Args:
        packages: top-level names.
    """
    missing = [name for name in packages if name not in sys.modules and find_spec(name)]
    deferral = _Deferral(missing)
    sys.meta_path.insert(0, deferral)
    try:
        yield
    finally:
        deferral.close()


class _LatePackage(ModuleType):
    """A package whose `__init__` runs when one of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        if _is_dunder(name) and name not in ASKED:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        complete(self)
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> list[str]:
        complete(self)
        return sorted(vars(self))


# Threads that ask for a name meanwhile wait for it.
_COMPLETING = RLock()
_RUNNING: list[ModuleType] = []


def late_package(name: str) -> ModuleType:
    """A package, so that its modules can be imported before its `__init__` runs.

    One that is imported already is given as it is.

    Args:
        name: top-level.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = module_from_spec(spec)
    package.__class__ = _LatePackage
    sys.modules[name] = package
    return package


def complete(package: ModuleType) -> None:
    """Run the `__init__` of a late package, if it has not run."""
    with _COMPLETING:
        # Its own modules ask it for names while it runs.
        if not isinstance(package, _LatePackage) or package in _RUNNING:
            return
        spec = package.__spec__
        assert spec is not None
        assert spec.loader is not None
        _RUNNING.append(package)
        try:
            spec.loader.exec_module(package)
        except BaseException:
            # As Python itself does, so that the next import tries again.
            sys.modules.pop(package.__name__, None)
            raise
        finally:
            _RUNNING.remove(package)
        completed: Any = package
        completed.__class__ = ModuleType


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _stands_in(module: object) -> bool:
    return type(module) is _DeferredModule
