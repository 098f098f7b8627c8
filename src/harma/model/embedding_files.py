"""Files of embeddings: .npy with the names of its rows beside it, or Parquet."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError, MissingDependencyError
from harma.ground.files import replacing
from harma.ground.version import __version__
from harma.model.fingerprint import model_id
from harma.model.opened import OpenedModel

SUFFIXES = (".npy", ".parquet")
# What a file of embeddings says of itself.
FORMAT = "harma-embeddings"


def facts_of(model: OpenedModel, *, name: str, kind: str) -> dict[str, str]:
    """What is kept beside embeddings, so that nobody compares them with those of another model.

    Args:
        model: made them.
        name: what it was opened as.
        kind: of the rows: "images" or "captions".
    """
    return {
        "kind": kind,
        "model": name,
        "model_id": model_id(model),
        "precision": model.precision,
        "harma_version": __version__,
    }


def check_output(path: Path) -> None:
    """Check that embeddings can be kept under a name; ask before the long work.

    Raises:
        ConfigError: the ending is of no format.
        MissingDependencyError: the format needs a part that is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"the output is called {path.name}; allowed are names that end in"
            f" {' or '.join(SUFFIXES)}"
        )
    # Its absence is said now, not after an hour of embedding.
    if path.suffix.lower() == ".parquet":
        _pyarrow()


def _pyarrow() -> tuple[ModuleType, ModuleType]:
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
    # A list of fixed size, so that readers see (n, E) without looking at every row.
    flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
    vectors = pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])
    table = pa.table({"name": column, "embedding": vectors}).replace_schema_metadata(dict(facts))
    with replacing(path) as temporary:
        parquet.write_table(table, temporary)
