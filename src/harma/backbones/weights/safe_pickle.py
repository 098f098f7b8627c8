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
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from harma.backbones.weights.placeholders import Placeholder
from harma.errors import MissingFileError, WeightsError
from harma.ground.messages import plain_reason

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
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
# An archive of torch.save is stored as it is: what says that it unpacks to more is no such.
MOST_TIMES = 4
# Below it nobody minds.
SMALL = 64 << 20
# What unpickling nonsense ends in, beside UnpicklingError.
NONSENSE = (
    pickle.UnpicklingError,
    struct.error,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    # Lists thousands deep; buffers of absurd sizes.
    RuntimeError,
    MemoryError,
    AssertionError,
)
# What reading safetensors or an archive of weights ends in, where it is damaged.
UNREADABLE = (SafetensorError, *DAMAGE, *NONSENSE)
DAMAGED = "it is damaged, or of another kind"
# How files begin that people take for weights.
NOT_WEIGHTS = {
    b"version https://git-lfs": (
        "a Git LFS pointer, not the weights themselves; fetch them with `git lfs pull`"
    ),
    b"<!DOCTYPE": "a web page, not weights; download the file itself",
    b"<html": "a web page, not weights; download the file itself",
}


# Of mappings in one another, in which weights are looked for.
DEEPEST = 20


class PlainDict(dict[object, object]):
    """What an OrderedDict of a pickle becomes.

    Attributes set on it are dropped, so that none can pose as a method.
    """

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Drop it: torch keeps version numbers of modules there."""


class _Storage(NamedTuple):
    """The numbers of one or several tensors."""

    data: bytearray
    dtype: torch.dtype


class _Admitted:
    """A function that a pickle may call, and do nothing else with."""

    # Wrapped, as a pickle could set attributes of a plain function, which would outlive the file.
    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *args: object) -> object:
        return self._function(*args)

    def __setstate__(self, state: object) -> NoReturn:
        raise pickle.UnpicklingError("the state of a function is set")


def _rebuild_tensor(
    storage: object, offset: Any, size: Any, stride: Any, *others: object
) -> Tensor:
    """`torch._utils._rebuild_tensor_v2`: a view of a storage.

    Hooks, and whether the tensor needs gradients, are left out.
    """
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    if not storage.data and math.prod(size):
        raise pickle.UnpicklingError("a tensor beyond its storage")
    # `torch.frombuffer` refuses a buffer without bytes.
    if not storage.data:
        return torch.empty(size, dtype=storage.dtype)
    # `as_strided` refuses a view that reaches beyond its storage, so that a hostile file reads
    # nothing but itself.
    return torch.frombuffer(storage.data, dtype=storage.dtype).as_strided(size, stride, offset)


def _rebuild_parameter(data: object, *others: object) -> object:
    """`torch._utils._rebuild_parameter`: the tensor in it."""
    return data


ADMITTED: dict[tuple[str, str], Callable[..., object]] = {
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
        # A class, since the pickle goes on to make objects of it.
        return type("Foreign", (Placeholder,), {"name": f"{module}.{name}"})

    def persistent_load(self, pid: object) -> _Storage:
        """The storage of ("storage", type, key, device, length): the archive's `data/<key>`."""
        if not isinstance(pid, tuple) or len(pid) < 3 or pid[0] != "storage":
            raise pickle.UnpicklingError("a reference to something that is not a storage")
        # What follows is not trusted: tensors go to the CPU whatever the device is, and the archive
        # says how long a storage is.
        dtype = pid[1]
        if not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("a reference to something that is not a storage")
        key = str(pid[2])
        # Several tensors may be views of one storage: it is read once.
        if key not in self._storages:
            # Bytes that can be written: torch warns of tensors over others.
            data = bytearray(self._archive.read(f"{self._prefix}data/{key}"))
            self._storages[key] = _Storage(data, dtype)
        return self._storages[key]


def read_weight_file(path: Path, *, foreign: bool = False) -> object:
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
        content = _read_pickle(path, foreign=foreign)
        _check_tensors(content, path)
        return content
    except WeightsError:
        raise
    except UNREADABLE as error:
        reason = plain_reason(error, DAMAGED)
        raise WeightsError(
            f"{path} is not a readable weight file ({reason}); it may be incomplete"
        ) from error


def _check_tensors(content: object, path: Path) -> None:
    """Raise WeightsError for tensors that are no plain numbers, or say to be more than the file.

    A tensor may be a view that repeats one number a billion times.
    """
    size = path.stat().st_size
    total = 0
    for name, tensor in _tensors(content, "", 0):
        is_plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
        if not is_plain or tensor.is_quantized:
            raise WeightsError(f"{path}: {name} is no plain tensor on the CPU; save it as one")
        total += tensor.numel()
    if total > MOST_TIMES * size + SMALL:
        raise WeightsError(
            f"{path} says that it holds {total:,} numbers in {size:,} bytes; it is no file of"
            " weights"
        )


def _tensors(content: object, name: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield name or "it", content
    # Deeper than any trainer keeps weights; what lies there is not read as weights either.
    elif isinstance(content, Mapping) and depth < DEEPEST:
        for key, value in content.items():
            yield from _tensors(value, f"{name}.{key}".removeprefix("."), depth + 1)


def _check_start(path: Path) -> None:
    """Raise WeightsError for what people take for weights, as its first bytes show."""
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    for sign, what in NOT_WEIGHTS.items():
        if start.startswith(sign):
            raise WeightsError(f"{path} is {what}")


def _read_pickle(path: Path, *, foreign: bool) -> object:
    """What `torch.save` wrote: by torch itself if that runs nothing, else by the unpickler here."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _prefix(archive, path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RecursionError) as error:
        if foreign and zipfile.is_zipfile(path):
            return read_archive(path)
        raise WeightsError(f"{path} {_refusal(path, str(error))}") from error


def _refusal(path: Path, message: str) -> str:
    if not zipfile.is_zipfile(path):
        return (
            "is not a readable weight file; allowed are files of torch.save, safetensors and"
            " TorchScript archives"
        )
    # torch's message names the class, and then advises to switch the protection off.
    named = re.search(r"GLOBAL (\S+)", message)
    what = named[1] if named else "foreign objects"
    return (
        f"holds more than weights ({what}) and is not read, since that could run code; save a state"
        " dict or safetensors. A released HarMA checkpoint is converted with `harma import`"
    )


def read_archive(path: Path) -> object:
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
        reason = plain_reason(error, DAMAGED)
        raise WeightsError(
            f"{path} cannot be read as an archive of torch.save ({reason}): it is incomplete, of"
            " another kind, or of torch before 1.6 (then load it where it was written and save it"
            " again)"
        ) from error
    except NONSENSE as error:
        reason = plain_reason(error, "what it says of its tensors makes no sense")
        raise WeightsError(
            f"{path} is damaged, or asks for something that no checkpoint needs: {reason}"
        ) from error


def _prefix(archive: zipfile.ZipFile, path: Path) -> str:
    """The folder that all members of an archive of torch.save lie in.

    Raises:
        WeightsError: it is no such archive, or its numbers have the other order of bytes.
    """
    names = archive.namelist()
    _check_unpacked(archive, path)
    # The folder is called as the file was when it was saved; people rename files.
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
    # Older torch noted no order of bytes; nearly every machine is little-endian.
    if f"{prefix}byteorder" in names and archive.read(f"{prefix}byteorder") != b"little":
        raise WeightsError(
            f"{path} was written on a big-endian machine; load it there and save it as safetensors"
        )
    return prefix


def _check_unpacked(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise WeightsError for an archive that would unpack to many times what it is."""
    unpacked = sum(member.file_size for member in archive.infolist())
    size = path.stat().st_size
    if unpacked > MOST_TIMES * size + SMALL:
        raise WeightsError(
            f"{path} has {size:,} bytes and says that it unpacks to {unpacked:,}; it is no file of"
            " torch.save"
        )


def module_weights(root: object) -> dict[str, Tensor]:
    """The weights in a TorchScript archive, under the names that its `state_dict()` would give.

    Args:
        root: from `read_archive`.
    """
    return dict(_walk(root, "", frozenset()))


def _walk(module: object, prefix: str, above: frozenset[int]) -> Iterator[tuple[str, Tensor]]:
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
