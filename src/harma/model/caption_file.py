"""The file of a caption memory beside a saved model: captions.safetensors, no pickle.

Embeddings are float16 (N, E); captions are one text of UTF-8, a line each, as bytes in a tensor.
The metadata have one entry, `captions`: the words "harma", the version of the format, and the
fingerprint of the model that embedded them. One, as several come in any order: the same captions
are the same bytes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from harma.errors import DataError, ModelMismatchError, WeightsError
from harma.ground.files import replacing
from harma.ground.messages import first_line
from harma.model.caption_memory import CaptionMemory

CAPTIONS_FILE = "captions.safetensors"
# In the metadata.
ENTRY = "captions"
FORMAT = "harma"
# To be raised when a release writes what older ones would misread.
VERSION = "1"
WITHOUT_IT = "delete it, and the model opens without captions"


class _Header(NamedTuple):
    """What the metadata say; empty words where they say nothing of ours."""

    format: str
    version: str
    model_id: str


def write_captions(path: Path, memory: CaptionMemory) -> None:
    """Write a memory, whole or not at all.

    Raises:
        DataError: a caption has several lines.
    """
    if any("\n" in caption for caption in memory.captions):
        raise DataError(f"a caption has several lines, which {path} has no place for; join them")
    text = "\n".join(memory.captions).encode("utf-8")
    tensors: dict[str, NDArray[Any]] = {
        "embeddings": memory.embeddings.astype(np.float16),
        "captions": np.frombuffer(text, dtype=np.uint8),
    }
    metadata = {ENTRY: f"{FORMAT} {VERSION} {memory.model_id}"}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=metadata)


def read_captions(path: Path, model_id: str, embed_dim: int) -> CaptionMemory:
    """Read a memory.

    Args:
        path: the file.
        model_id: fingerprint of the model that is to use it.
        embed_dim: E, the length of its embeddings.

    Raises:
        WeightsError: the file is damaged, or is something else.
        ModelMismatchError: another model embedded the captions.
    """
    try:
        with safe_open(path, "numpy") as file:
            _check_header(path, _header(file.metadata()), model_id)
            _check_names(path, set(file.keys()))
            embeddings = file.get_tensor("embeddings")
            text = file.get_tensor("captions")
    except (SafetensorError, OSError, TypeError) as error:
        raise _damaged(path, first_line(error)) from error
    if embeddings.dtype != np.float16 or text.dtype != np.uint8 or text.ndim != 1:
        raise _damaged(path, f"its tensors are {embeddings.dtype} and {text.dtype} {text.shape}")
    # A length of 1 would even be added to each number of an embedding.
    if embeddings.ndim != 2 or embeddings.shape[1] != embed_dim:
        raise _damaged(
            path, f"its embeddings are {embeddings.shape}, those of the model {embed_dim} long"
        )
    try:
        captions = text.tobytes().decode("utf-8").split("\n")
        return CaptionMemory(tuple(captions), embeddings.astype(np.float32), model_id)
    except UnicodeDecodeError as error:
        raise _damaged(path, "its captions are not UTF-8") from error
    except DataError as error:
        raise _damaged(path, error.problem) from error


def kept_by(path: Path) -> str | None:
    """Fingerprint of the model that embedded the captions of a file; None: no such file is there.

    Raises:
        WeightsError: the file cannot be read.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, "numpy") as file:
            return _header(file.metadata()).model_id
    except (SafetensorError, OSError) as error:
        raise _damaged(path, first_line(error)) from error


def num_captions(path: Path) -> int:
    """How many captions a file keeps; they are not read. 0: there is no such file.

    Raises:
        WeightsError: the file is damaged, or is something else.
    """
    if not path.is_file():
        return 0
    try:
        with safe_open(path, "numpy") as file:
            _check_names(path, set(file.keys()))
            shape: list[int] = file.get_slice("embeddings").get_shape()
    except (SafetensorError, OSError) as error:
        raise _damaged(path, first_line(error)) from error
    return shape[0] if shape else 0


def _header(metadata: Mapping[str, str] | None) -> _Header:
    words = (metadata or {}).get(ENTRY, "").split()
    return _Header(*words) if len(words) == len(_Header._fields) else _Header("", "", "")


def _check_header(path: Path, header: _Header, model_id: str) -> None:
    if header.format != FORMAT:
        raise WeightsError(f"{path} holds no captions of HarMA's; {WITHOUT_IT}")
    if header.version != VERSION:
        raise WeightsError(
            f"{path} has version {header.version!r}; this HarMA reads version {VERSION}"
        )
    if header.model_id != model_id:
        raise ModelMismatchError(
            f"the captions in {path} were embedded by the model {header.model_id}; this one is"
            f" {model_id}. Copy the file that belongs to it, or {WITHOUT_IT}"
        )


def _check_names(path: Path, names: set[str]) -> None:
    if names != {"embeddings", "captions"}:
        raise _damaged(path, f"it holds {', '.join(sorted(names)) or 'nothing'}")


def _damaged(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"{path} cannot be used ({reason}); copy or make it again, or {WITHOUT_IT}")
