"""Cache of decoded images in memory or on disk, so that later epochs do not decode again."""

import hashlib
import logging
import math
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import get_worker_info

from harma.errors import ConfigError, MissingFileError, StorageError
from harma.ground.files import replacing
from harma.ground.outputs import check_no_address
from harma.ground.progress import Advance
from harma.ground.tar_members import stat_of
from harma.scenes.picture import rgb_array
from harma.scenes.rendering import is_plain_picture, read_rgb, read_values

if TYPE_CHECKING:
    # It takes rasterio, which is no part of the plain install.
    from harma.scenes.model_bands import ModelBands
    from harma.scenes.reading import Reading

logger = logging.getLogger(__name__)

Decoded = NDArray[np.uint8] | NDArray[np.float32]
"""A picture (H, W, 3), or values of bands (H, W, N)."""

MODES = ("none", "memory", "disk")
# Part of every key: a change of how pictures are decoded must not meet old entries.
DECODING = 1
# Images in memory share few large blocks: where workers do not inherit memory, each block is sent
# to them by a file handle, and thousands of those are more than a process may have.
BLOCK_BYTES = 256 * 2**20
# Images decoded ahead of what is kept.
PORTION = 256


class _InMemory(NamedTuple):
    """Where an image lies in memory: block and first byte, its shape (H, W, C) and type."""

    block: int
    start: int
    shape: tuple[int, ...]
    dtype: torch.dtype


class ImageCache:
    """Decoded images by path.

    Args:
        mode: "none" decodes each time. "memory" keeps images in this process: `preload` them before
            worker processes start, which then share them; what a worker decodes itself is not kept.
            "disk" keeps a file for each image, shared by all processes that use the directory;
            files of images that changed are never read again, and the directory can be deleted at
            any time.
        directory: of the files; None takes `harma/images` in the user's cache folder.
        reading: how rasters are read, of which a data set may consist; see `read_rgb`. Where it
            names the bands of a model (`Reading.values`), images are their values.

    Raises:
        ConfigError: the mode is unknown.
    """

    def __init__(
        self,
        mode: Literal["none", "memory", "disk"] = "none",
        directory: str | Path | None = None,
        reading: "Reading | None" = None,
    ) -> None:
        if mode not in MODES:
            raise ConfigError(f"data.cache is {mode!r}; allowed are {', '.join(MODES)}")
        if directory:
            check_no_address(directory, "data.cache_dir")
        self.mode = mode
        self.directory = Path(directory).expanduser() if directory else default_directory()
        self.reading = reading
        self._blocks: list[Tensor] = []
        self._used = 0  # bytes of the last block
        self._places: dict[Path, _InMemory] = {}
        self._warned = False

    @property
    def values(self) -> "ModelBands | None":
        """The bands that images are the values of; None: they are pictures."""
        return None if self.reading is None else self.reading.values

    def get(self, path: Path) -> Tensor:
        """The image as uint8 (3, H, W), or values as float32 (N, H, W); do not write into it.

        In memory the channels of a pixel lie side by side (the tensor is a transposed view).

        Raises:
            MissingFileError: there is no such file.
            DataError: it cannot be decoded.
            StorageError: the cache cannot be written.
        """
        if self.mode == "memory" and path in self._places:
            return self._from_memory(path)
        array = self._decode(path)
        if self.mode == "memory":
            self._keep_or_warn(path, array)
        return torch.from_numpy(array).permute(2, 0, 1)

    def preload(
        self, paths: Iterable[Path], *, num_workers: int = 1, progress: Advance | None = None
    ) -> None:
        """Decode images now, in threads. Without effect if the mode is "none".

        Args:
            paths: of the images; what is there already is not decoded again.
            num_workers: threads.
            progress: called with (images done, images in all).

        Raises:
            MissingFileError: a file is not there.
            DataError: an image cannot be decoded.
            StorageError: the cache cannot be written.
        """
        todo = [path for path in dict.fromkeys(paths) if path not in self._places]
        if self.mode == "none" or not todo:
            return
        done = 0
        with ThreadPoolExecutor(max(1, num_workers)) as pool:
            # In portions: the pool would decode everything ahead of what is kept.
            for start in range(0, len(todo), PORTION):
                portion = todo[start : start + PORTION]
                for path, array in zip(portion, pool.map(self._decode, portion), strict=True):
                    if self.mode == "memory":
                        self._keep(path, array)
                    done += 1
                    if progress is not None:
                        progress(done, len(todo))

    def _decode(self, path: Path) -> Decoded:
        if self.mode == "disk":
            return self._through_disk(path)
        return self._read(path)

    def _read(self, path: Path) -> Decoded:
        """What a model sees: pixels side by side (H, W, C)."""
        if self.reading is not None and self.values is not None:
            return read_values(path, self.reading)
        return rgb_array(read_rgb(path, self.reading))

    # -- memory ------------------------------------------------------------------------------------

    def _keep_or_warn(self, path: Path, array: Decoded) -> None:
        """Keep an image, but not in a worker: each would hold a copy of its own."""
        if get_worker_info() is None:
            self._keep(path, array)
        elif not self._warned:
            self._warned = True
            logger.warning(
                "data.cache is memory, but %s was not preloaded: worker processes decode it each"
                " time",
                path,
            )

    def _keep(self, path: Path, array: Decoded) -> None:
        image = torch.from_numpy(array)
        flat = image.reshape(-1).view(torch.uint8)
        if not self._blocks or self._used + len(flat) > self._blocks[-1].numel():
            # An image larger than a block has a block of its own size.
            self._blocks.append(torch.empty(max(BLOCK_BYTES, len(flat)), dtype=torch.uint8))
            self._used = 0
        place = _InMemory(len(self._blocks) - 1, self._used, array.shape, image.dtype)
        end = self._used + len(flat)
        self._blocks[-1][self._used : end] = flat
        self._places[path] = place
        self._used = end

    def _from_memory(self, path: Path) -> Tensor:
        block, start, shape, dtype = self._places[path]
        num_bytes = math.prod(shape) * dtype.itemsize
        flat = self._blocks[block][start : start + num_bytes]
        return flat.view(dtype).view(shape).permute(2, 0, 1)

    # -- disk --------------------------------------------------------------------------------------

    def _through_disk(self, path: Path) -> Decoded:
        entry = self._entry(path)
        array = _read_entry(entry)
        if array is None:
            array = self._read(path)
            _write_entry(entry, array)
        return array

    def _entry(self, path: Path) -> Path:
        """The file of an image."""
        name = hashlib.sha256(self.key(path).encode("utf-8", "surrogateescape")).hexdigest()[:40]
        # A folder for each first two digits: some file systems are slow with a million files in
        # one.
        return self.directory / name[:2] / f"{name}.npy"

    def key(self, path: Path) -> str:
        """What the pixels of an image depend on.

        Another size or time is another image: what was made of the old one is never taken for it.

        Raises:
            MissingFileError: there is no such file.
        """
        try:
            stat = stat_of(path)
        except OSError as error:
            raise MissingFileError(f"image {path} is not there ({error.strerror})") from error
        key = f"{DECODING}\0{path.absolute()}\0{stat.st_size}\0{stat.st_mtime_ns}"
        # The same raster is another picture in another range.
        if not is_plain_picture(path):
            key += f"\0{self.reading!r}"
        return key


def default_directory() -> Path:
    """`harma/images` in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`)."""
    # Set but empty means not set, as the XDG specification has it.
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "harma" / "images"


def _read_entry(entry: Path) -> Decoded | None:
    """The image of an entry, mapped into memory.

    None if it is not there, or damaged by something else than us.
    """
    try:
        # "c": writable for torch, but writes never reach the file.
        array = np.load(entry, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TokenError):
        return None
    # Which of the two it is follows from the key, of which the reading is a part.
    if not isinstance(array, np.ndarray) or array.dtype not in (np.uint8, np.float32):
        return None
    if array.ndim != 3 or not array.size or (array.dtype == np.uint8 and array.shape[2] != 3):
        return None
    return np.asarray(array)


def _write_entry(entry: Path, array: Decoded) -> None:
    """Write an entry whole or not at all; threads and processes may write the same one."""
    try:
        with replacing(entry) as temporary, temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)
    except OSError as error:
        raise StorageError(
            f"the image cache {entry.parent.parent} cannot be written ({error.strerror or error}); "
            "give another data.cache_dir, or set data.cache to none"
        ) from error
