"""Embedding many files, and keeping the embeddings in a file."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harma.data.images import read_image, to_uint8_rgb
from harma.errors import ConfigError, DataError, HarmaError, MissingDependencyError
from harma.ground.files import replacing
from harma.model.embedding import Embedder, embed_pixels, eval_transform_of

Progress = Callable[[int, int], None]
FORMATS = (".npy", ".parquet")
# What a file of embeddings says of itself.
FORMAT = "harma-embeddings"


@dataclass(frozen=True, eq=False)
class EmbeddedFiles:
    """Files and their embeddings.

    Attributes:
        paths: of the images that could be read, n, in the order given.
        embeddings: L2-normalised, (n, E).
        problems: path → why it could not be read.
    """

    paths: tuple[Path, ...]
    embeddings: NDArray[np.floating]
    problems: dict[Path, str]


class _Files(Dataset[tuple[Tensor | None, str]]):
    """Image files as pixels (3, H, W), or as the reason why there are none."""

    def __init__(self, paths: Sequence[Path], transform: Callable[[Tensor], Tensor]) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor | None, str]:
        try:
            return self.transform(to_uint8_rgb(read_image(self.paths[index]))), ""
        except HarmaError as error:
            return None, str(error)


def _together(items: list[tuple[Tensor | None, str]]) -> tuple[Tensor | None, list[str]]:
    """A batch: pixels (n, 3, H, W) of what could be read, and for each image its problem or ""."""
    readable = [pixels for pixels, _ in items if pixels is not None]
    return torch.stack(readable) if readable else None, [problem for _, problem in items]


def embed_files(
    model: Embedder,
    paths: Sequence[Path],
    *,
    dtype: Literal["float16", "float32"] = "float32",
    batch_size: int = 64,
    num_workers: int = 0,
    skip_unreadable: bool = False,
    progress: Progress = lambda done, total: None,
) -> EmbeddedFiles:
    """Embed image files; of pixels only a few batches are held at a time.

    Args:
        model: embeds; in evaluation mode, as `harma.load` gives it.
        paths: image files.
        dtype: of the embeddings; float16 takes half the room.
        batch_size: images at once.
        num_workers: processes that decode; 0 decodes in this one.
        skip_unreadable: leave images that cannot be read out, and say so in `problems`.
        progress: called with (images done, images in all).

    Raises:
        DataError: images cannot be read; the message names all of them. After the first the others
            are only decoded.
    """
    loader = DataLoader(
        _Files(paths, eval_transform_of(model.preprocess)),
        batch_size=batch_size,
        num_workers=num_workers,
        collate_fn=_together,
        pin_memory=model.device.type == "cuda",
    )
    embeddings = np.empty((len(paths), model.embed_dim), dtype=dtype)
    kept: list[Path] = []
    problems: dict[Path, str] = {}
    done = 0
    for pixels, reasons in loader:
        own = paths[done : done + len(reasons)]
        problems |= {path: reason for path, reason in zip(own, reasons, strict=True) if reason}
        if pixels is not None and (skip_unreadable or not problems):
            embeddings[len(kept) : len(kept) + len(pixels)] = embed_pixels(model, pixels)
            kept += [path for path, reason in zip(own, reasons, strict=True) if not reason]
        done += len(reasons)
        progress(done, len(paths))
    if problems and not (skip_unreadable and kept):
        raise _unreadable(problems, len(paths))
    return EmbeddedFiles(tuple(kept), embeddings[: len(kept)], problems)


def _unreadable(problems: Mapping[Path, str], total: int) -> DataError:
    listed = "".join(f"\n  {reason}" for reason in problems.values())
    return DataError(
        f"{len(problems):,} of {total:,} images cannot be read; replace them, or leave them out "
        f"(--skip-unreadable) if others remain:{listed}"
    )


# -- files of embeddings
# ----------------------------------------------------------------------------------------------


def check_output(path: Path) -> None:
    """Whether embeddings can be kept under a name; ask before the long work.

    Raises:
        ConfigError: the ending is of no format.
        MissingDependencyError: the format needs a part that is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(
            f"the output is called {path.name}; allowed are names that end in"
            f" {' or '.join(FORMATS)}"
        )
    if path.suffix.lower() == ".parquet":
        _pyarrow()


def _pyarrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingDependencyError(
            "Parquet needs pyarrow: pip install 'harma[search]'"
        ) from error


def write_embeddings(
    path: Path, names: Sequence[str], embeddings: NDArray[np.floating], about: Mapping[str, str]
) -> list[Path]:
    """Keep embeddings, whole or not at all.

    Args:
        path: .npy: the array, with `NAME.npy.json` beside it: names and facts. .parquet: the
            columns name and embedding, with the facts in the file's metadata.
        names: of the rows, n.
        embeddings: (n, E), float16 or float32.
        about: facts to keep: which model they are by.

    Returns:
        The files written.

    Raises:
        ConfigError: the ending is of no format.
        DataError: a name cannot be written.
    """
    check_output(path)
    facts = {"format": FORMAT, **about}
    if path.suffix.lower() == ".parquet":
        _write_parquet(path, names, embeddings, facts)
        return [path]
    beside = path.with_name(f"{path.name}.json")
    # The array comes last: where it is, its names are.
    with replacing(path) as array, replacing(beside) as listed:
        # In ASCII, since names of files need not be Unicode.
        listed.write_text(
            json.dumps({**facts, "shape": embeddings.shape, "names": list(names)}) + "\n", "ascii"
        )
        with array.open("wb") as file:
            np.save(file, embeddings, allow_pickle=False)
    return [path, beside]


def _write_parquet(
    path: Path, names: Sequence[str], embeddings: NDArray[np.floating], facts: Mapping[str, str]
) -> None:
    pa, parquet = _pyarrow()
    try:
        column = pa.array(list(names), pa.string())
    except UnicodeEncodeError as error:
        raise DataError(
            f"the name {error.object!r} is not Unicode, which Parquet needs; write .npy"
        ) from error
    flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
    table = pa.table({"name": column, "embedding": vectors}).replace_schema_metadata(dict(facts))
    with replacing(path) as temporary:
        parquet.write_table(table, temporary)
