"""The disk cache of what frozen towers make of captions and images: a folder of bounded size.

Runs share it. An entry is written whole or not at all and is never changed; its name is a hash of
all that it was made from, so that it is found by whoever would make the same. The entries that were
used longest ago go when there are too many. The folder may be deleted at any time.
"""

import contextlib
import hashlib
import logging
import os
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from harma.errors import StorageError
from harma.ground.files import replacing
from harma.ground.outputs import check_no_address

logger = logging.getLogger(__name__)

SUFFIX = ".safetensors"
NAME = "outputs"


class FrozenCache:
    """A folder of tensors by name.

    Args:
        directory: of the files; None takes `harma/frozen` in the user's cache folder.
        most_bytes: of all files together.
    """

    def __init__(self, directory: str | Path | None, most_bytes: int) -> None:
        if directory:
            check_no_address(directory, "train.frozen_cache_dir")
        self.directory = Path(directory).expanduser() if directory else default_directory()
        self.most_bytes = most_bytes

    def get(self, name: str, rows: int) -> Tensor | None:
        """An entry of as many rows; None where there is none, or a damaged one."""
        file = self._file(name)
        try:
            outputs = load_file(file)[NAME]
            # Used now: others go before it.
            os.utime(file)
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, KeyError) as error:
            logger.warning("%s is damaged (%s), and made again", file, error)
            return None
        return outputs if len(outputs) == rows else None

    def put(self, name: str, outputs: Tensor) -> None:
        """Keep an entry, unless it is larger than all that may be kept.

        Raises:
            StorageError: the folder cannot be written.
        """
        if outputs.nbytes > self.most_bytes:
            return
        try:
            self._make_room(outputs.nbytes)
            with replacing(self._file(name)) as temporary:
                save_file({NAME: outputs.contiguous()}, temporary)
        except OSError as error:
            raise StorageError(
                f"the cache {self.directory} cannot be written ({error.strerror or error}); give"
                " another train.frozen_cache_dir, or set train.frozen_cache to memory"
            ) from error

    def num_bytes(self) -> int:
        """How large all entries are together."""
        return sum(size for _, size, _ in self._entries())

    def _make_room(self, num_bytes: int) -> None:
        """Let those go that were used longest ago."""
        entries = sorted(self._entries())
        total = num_bytes + sum(size for _, size, _ in entries)
        for _, size, file in entries:
            if total <= self.most_bytes:
                return
            # Who reads it now goes on reading: it is open, or was not there yet.
            file.unlink(missing_ok=True)
            total -= size

    def _entries(self) -> list[tuple[float, int, Path]]:
        """When each was used last, its bytes and its file."""
        entries: list[tuple[float, int, Path]] = []
        for file in self.directory.glob(f"*{SUFFIX}"):
            # Another run may have let it go.
            with contextlib.suppress(FileNotFoundError):
                status = file.stat()
                entries.append((status.st_mtime, status.st_size, file))
        return entries

    def _file(self, name: str) -> Path:
        return self.directory / f"{name}{SUFFIX}"


def default_directory() -> Path:
    """`harma/frozen` in the user's cache folder (`XDG_CACHE_HOME`, else `~/.cache`)."""
    # Set but empty means not set, as the XDG specification has it.
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "harma" / "frozen"


def entry_name(*parts: str | bytes) -> str:
    """The name of an entry that is made from these parts, in this order."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        # Lengths first: no two lists of parts are one text.
        digest.update(f"{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()[:40]
