"""Why a text finds a chip: the relevance map, for the page."""

from typing import Any

import numpy as np
from PIL import Image

from harma.errors import ConfigError
from harma.model.embedding import Embedder

# Cells along each side: 65 embeddings of the chip.
GRID = 8


def explained(model: Embedder, picture: Image.Image, text: str) -> dict[str, Any]:
    """A relevance map (`harma.serve.answers.RelevanceMap`).

    Args:
        model: of the index.
        picture: of the chip.
        text: what was looked for.

    Raises:
        ConfigError: the text is empty, or the model reads bands.
    """
    # Torch and matplotlib come with it.
    from harma.evaluation.relevance import relevance

    if model.preprocess.bands is not None:
        raise ConfigError(
            f"the index's model reads {model.preprocess.bands}, of which no map is made here; use"
            " `harma explain` with the file of the scene"
        )
    found = relevance(model, picture, text, grid=GRID)
    falls = np.clip(found.cells, 0, None)
    strongest = float(falls.max())
    if strongest > 0:
        falls = falls / strongest
    sentence = "No part of the chip speaks for the text: covered, none lowers the score."
    if found.peak is not None:
        sentence = (
            f"The score {found.cosine:.3f} falls most, by {found.peak.fall:.3f}, where the part in"
            f" row {found.peak.row + 1} and column {found.peak.column + 1} of {GRID} is covered."
        )
    return {
        "rows": GRID,
        "columns": GRID,
        "values": falls.astype(float).round(4).tolist(),
        "score": round(found.cosine, 6),
        "sentence": sentence,
    }
