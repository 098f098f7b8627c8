"""Keeping decoded images, so that later epochs do not decode again."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from harma.data.images import read_image, to_uint8_rgb
from harma.errors import ConfigError
from harma.files import replacing

MODES = ("none", "memory", "disk")


class ImageCache:
    """Decoded images by path.

    Args:
        mode: "none" decodes each time; "memory" keeps images in this process (workers forked later share what is
            there); "disk" keeps a file for each, shared by all processes.
        directory: of the files; None takes `~/.cache/harma/images`.

    Raises:
        ConfigError: the mode is unknown.
    """

    def __init__(self, mode: Literal["none", "memory", "disk"] = "none", directory: str | Path | None = None) -> None:
        if mode not in MODES:
            raise ConfigError(f"data.cache is {mode!r}; allowed are {', '.join(MODES)}")
        self.mode = mode
        self.directory = Path(directory) if directory else Path.home() / ".cache" / "harma" / "images"
        self._images: dict[Path, Tensor] = {}

    def get(self, path: Path) -> Tensor:
        """The image as uint8 (3, H, W); do not write into it.

        Raises:
            DataError: it cannot be decoded.
        """
        if self.mode == "none":
            return to_uint8_rgb(read_image(path))
        if self.mode == "disk":
            return self._from_disk(path)
        if path not in self._images:
            self._images[path] = to_uint8_rgb(read_image(path))
        return self._images[path]

    def preload(self, paths: tuple[Path, ...]) -> None:
        """Decode images now, so that worker processes share them (memory only)."""
        if self.mode == "memory":
            for path in paths:
                self.get(path)

    def _from_disk(self, path: Path) -> Tensor:
        stat = path.stat()
        # Another size or time is another image: stale files are never read.
        key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
        file = self.directory / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
        try:
            return torch.from_numpy(np.load(file, allow_pickle=False))
        except (FileNotFoundError, ValueError, EOFError):
            # Not there yet, or damaged by something else than us: we rename whole files only.
            image = to_uint8_rgb(read_image(path))
            with replacing(file) as temporary, temporary.open("wb") as stream:
                np.save(stream, image.numpy())
            return image
