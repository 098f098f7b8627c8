"""Reading weight files without running anything in them.

`torch.load(weights_only=True)` comes first; it refuses files that carry foreign objects. Those are
read here: torch keeps tensors in a zip archive: `data.pkl` says what there is, `data/0`, `data/1`,
… hold the numbers. The unpickler rebuilds tensors from those with code of this module only. Every
other name in a pickle becomes an inert `Placeholder`: nothing is imported, looked up or called.
OpenAI's TorchScript archives are read in the same way.
"""

import math
import pickle
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from harma.errors import MissingFileError, WeightsError

# What torch writes for the type of a storage, and the dtype of its numbers.
STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
# What is shown to people as it is.
PLAIN = (str, int, float, bool, type(None))
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
# What unpickling nonsense ends in, beside UnpicklingError.
NONSENSE = (
    pickle.UnpicklingError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
# How files begin that people take for weights.
NOT_WEIGHTS = {
    b"version https://git-lfs": (
        "a Git LFS pointer, not the weights themselves; fetch them with `git lfs pull`"
    ),
    b"<!DOCTYPE": "a web page, not weights; download the file itself",
    b"<html": "a web page, not weights; download the file itself",
}


class Placeholder:
    """Stands for an object of a class that is not admitted.

    It takes what a pickle does to it and does nothing.

    Attributes:
        name: module and name of the class.
        args: what it was called with.
        state: what was set on it; None if nothing was.
        entries: (key, value) pairs set on it, where it stands for a mapping.
        values: what was appended to it, where it stands for a list or set.
    """

    name = "object"

    args: tuple[Any, ...]
    state: Any
    entries: list[tuple[Any, Any]]
    values: list[Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> "Placeholder":
        """Begin here: pickles make most objects without `__init__`."""
        self = super().__new__(cls)
        self.args = args
        self.state = None
        self.entries = []
        self.values = []
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> "Placeholder":
        """Stand for what a call would have given."""
        return Placeholder(*args)

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.entries.append((key, value))

    def append(self, value: Any) -> None:
        """Take an element of a list."""
        self.values.append(value)

    def add(self, value: Any) -> None:
        """Take an element of a set."""
        self.values.append(value)

    def __repr__(self) -> str:
        return f"<{self.name}, not read>"


class PlainDict(dict[Any, Any]):
    """What an OrderedDict of a pickle becomes.

    Attributes set on it are dropped, so that none can pose as a method.
    """

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        """Drop it: torch keeps version numbers of modules there."""


class _Storage(NamedTuple):
    """The numbers of one or several tensors."""

    data: bytearray
    dtype: torch.dtype


class _Admitted:
    """A function that a pickle may call, and do nothing else with."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("the state of a function is set")


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> Tensor:
    """`torch._utils._rebuild_tensor_v2`: a view of a storage.

    Hooks, and whether the tensor needs gradients, are left out.
    """
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    if not storage.data and math.prod(size):
        raise pickle.UnpicklingError("a tensor beyond its storage")
    if not storage.data:
        return torch.empty(size, dtype=storage.dtype)
    return torch.frombuffer(storage.data, dtype=storage.dtype).as_strided(size, stride, offset)


def _rebuild_parameter(data: Any, *others: Any) -> Any:
    """`torch._utils._rebuild_parameter`: the tensor in it."""
    return data


ADMITTED: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("collections", "OrderedDict"): PlainDict,
}


class _Unpickler(pickle.Unpickler):
    """Reads `data.pkl`; see the module's docstring."""

    def __init__(self, archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(archive.open(f"{prefix}data.pkl"))
        self._archive = archive
        self._prefix = prefix
        self._storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) in ADMITTED:
            return _Admitted(ADMITTED[module, name])
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        return type("Foreign", (Placeholder,), {"name": f"{module}.{name}"})

    def persistent_load(self, pid: Any) -> _Storage:
        """The storage of ("storage", type, key, device, length): the archive's `data/<key>`."""
        if not isinstance(pid, tuple) or len(pid) < 3 or pid[0] != "storage":
            raise pickle.UnpicklingError("a reference to something that is not a storage")
        dtype = pid[1]
        if not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("a reference to something that is not a storage")
        key = str(pid[2])
        # Several tensors may be views of one storage: it is read once.
        if key not in self._storages:
            data = bytearray(self._archive.read(f"{self._prefix}data/{key}"))
            self._storages[key] = _Storage(data, dtype)
        return self._storages[key]


def read_weight_file(path: Path, *, foreign: bool = False) -> Any:
    """Read a safetensors file, or what `torch.save` wrote.

    Args:
        path: the file.
        foreign: accept objects of other classes; they become `Placeholder`s.

    Returns:
        What it holds: name → tensor, or anything else that was saved.

    Raises:
        MissingFileError: there is no such file.
        WeightsError: it is damaged or of another kind, or holds foreign objects and `foreign` is
            False.
    """
    if not path.is_file():
        raise MissingFileError(
            f"{path} is not there; give the path of a weight file (.pt, .pth, .bin, .safetensors)"
        )
    _check_start(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return _read_pickle(path, foreign=foreign)
    except WeightsError:
        raise
    except (SafetensorError, EOFError, OSError, *NONSENSE) as error:
        lines = str(error).strip().splitlines() or ["it ends too early"]
        raise WeightsError(
            f"{path} is not a readable weight file ({lines[0]}); it may be incomplete"
        ) from error


def _check_start(path: Path) -> None:
    """Raise WeightsError for what people take for weights, as its first bytes show."""
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    for sign, what in NOT_WEIGHTS.items():
        if start.startswith(sign):
            raise WeightsError(f"{path} is {what}")


def _read_pickle(path: Path, *, foreign: bool) -> Any:
    """What `torch.save` wrote: by torch itself if that runs nothing, else by the unpickler here."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _prefix(archive, path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if foreign and zipfile.is_zipfile(path):
            return read_archive(path)
        raise WeightsError(f"{path} {_refusal(path, str(error))}") from error


def _refusal(path: Path, message: str) -> str:
    if not zipfile.is_zipfile(path):
        return (
            "is not a readable weight file; allowed are files of torch.save, safetensors and"
            " TorchScript archives"
        )
    named = re.search(r"GLOBAL (\S+)", message)
    what = named[1] if named else "foreign objects"
    return (
        f"holds more than weights ({what}) and is not read, since that could run code; save a state"
        " dict or safetensors. A released HarMA checkpoint is converted with `harma import`"
    )


def read_archive(path: Path) -> Any:
    """Read an archive of `torch.save` or TorchScript.

    Args:
        path: the file.

    Returns:
        What it holds; tensors are real, foreign objects are `Placeholder`s.

    Raises:
        MissingFileError: there is no such file.
        WeightsError: it is not such an archive, is damaged, or asks for something that no
            checkpoint needs.
    """
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; give the path of a checkpoint")
    try:
        with zipfile.ZipFile(path) as archive:
            return _Unpickler(archive, _prefix(archive, path)).load()
    except WeightsError:
        raise
    except DAMAGE as error:
        raise WeightsError(
            f"{path} cannot be read as an archive of torch.save ({error}): it is incomplete, of"
            " another kind, or of torch before 1.6 (then load it where it was written and save it"
            " again)"
        ) from error
    except NONSENSE as error:
        raise WeightsError(
            f"{path} is damaged, or asks for something that no checkpoint needs: {error}"
        ) from error


def _prefix(archive: zipfile.ZipFile, path: Path) -> str:
    """The folder that all members of an archive of torch.save lie in.

    Raises:
        WeightsError: it is no such archive, or its numbers have the other order of bytes.
    """
    names = archive.namelist()
    prefixes = [
        name.removesuffix("data.pkl")
        for name in names
        if name.count("/") == 1 and name.endswith("/data.pkl")
    ]
    if len(prefixes) != 1:
        raise WeightsError(
            f"{path} is a zip archive, but not of torch.save: it holds"
            f" {', '.join(names[:5]) or 'nothing'}; unpack it and give the weight file in it"
        )
    prefix = prefixes[0]
    if f"{prefix}byteorder" in names and archive.read(f"{prefix}byteorder") != b"little":
        raise WeightsError(
            f"{path} was written on a big-endian machine; load it there and save it as safetensors"
        )
    return prefix


def module_weights(root: Any) -> dict[str, Tensor]:
    """The weights in a TorchScript archive, under the names that its `state_dict()` would give.

    Args:
        root: from `read_archive`.
    """
    return dict(_walk(root, "", frozenset()))


def _walk(module: Any, prefix: str, above: frozenset[int]) -> Iterator[tuple[str, Tensor]]:
    # A module that holds itself would have no end.
    if not isinstance(module, Placeholder) or id(module) in above:
        return
    if not isinstance(module.state, dict):
        return
    for name, value in module.state.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _walk(value, f"{prefix}{name}.", above | {id(module)})


# -- showing what a checkpoint says of itself ------------------------------------------------------


def plain(value: Any) -> Any:
    """Dicts, lists, strings and numbers in place of placeholders, for showing to people.

    ruamel.yaml's mappings, sequences and numbers come back; of anything else a description stays.
    """
    return _plain(value, {})


def _plain(value: Any, seen: dict[int, Any]) -> Any:
    if isinstance(value, PLAIN):
        return value
    # Each object once: configs may refer to themselves.
    if id(value) not in seen:
        seen[id(value)] = "…"
        seen[id(value)] = _plain_object(value, seen)
    return seen[id(value)]


def _plain_object(value: Any, seen: dict[int, Any]) -> Any:
    if isinstance(value, dict):
        return _plain_dict(value.items(), seen)
    if isinstance(value, list | tuple):
        return [_plain(item, seen) for item in value]
    if not isinstance(value, Placeholder):
        return f"<{type(value).__name__}, not read>"
    if value.entries:
        return _plain_dict(value.entries, seen)
    if value.values:
        return [_plain(item, seen) for item in value.values]
    return _plain_scalar(value)


def _plain_scalar(value: Placeholder) -> Any:
    # A number with a form of its own: ruamel.yaml calls its class with the number last.
    for item in reversed(value.args):
        if isinstance(item, str | int | float):
            return item
    return repr(value)


def _plain_dict(pairs: Iterable[tuple[Any, Any]], seen: dict[int, Any]) -> dict[Any, Any]:
    return {_plain_key(key): _plain(item, seen) for key, item in pairs}


def _plain_key(key: Any) -> Any:
    if isinstance(key, PLAIN):
        return key
    return repr(key)
