"""Rows of the table of chips: records and embeddings as an Arrow table of its columns."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.index.properties import columns_of, property_types
from harma.index.records import ChipRecord
from harma.index.schema import chip_schema


def chip_rows(
    chips: Sequence[ChipRecord],
    embeddings: NDArray[np.float32],
    model_id: str,
    schema: pa.Schema,
) -> pa.Table:
    """Chips as rows of a table.

    Args:
        chips: n of them, whose properties fit its columns.
        embeddings: (n, E).
        model_id: of the model that embedded them.
        schema: of the table: columns of every index, and of properties in any order.
    """
    embed_dim = embeddings.shape[1]
    own = chip_schema(embed_dim)
    flat = pa.array(embeddings.astype(np.float16).reshape(-1))
    columns = {
        "embedding": pa.FixedSizeListArray.from_arrays(flat, embed_dim),
        "model": pa.array([model_id] * len(chips), pa.string()),
    }
    for name in own.names:
        if name not in columns:
            values = [getattr(chip, name) for chip in chips]
            columns[name] = pa.array(values, own.field(name).type)
    columns |= columns_of(chips, property_types(schema, own.names))
    # By name: further columns stand in the order in which they came.
    return pa.table([columns[name] for name in schema.names], schema=schema)
