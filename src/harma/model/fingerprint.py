"""The fingerprint of a model: only embeddings of the same one compare."""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from harma.errors import ModelMismatchError
from harma.model.exported.facts import LEAST_COSINE, told_cosines
from harma.model.exported.model import ExportedModel
from harma.scenes.model_bands import ModelBands

if TYPE_CHECKING:
    from harma.model.model import HarMA
    from harma.model.opened import OpenedModel


def model_id(model: "OpenedModel") -> str:
    """A fingerprint of everything that makes a model's embeddings.

    Of its weights, the options of its method, and its preprocessing. That of an exported model is
    the one of the model that was exported, if their embeddings are near enough.
    """
    if isinstance(model, ExportedModel):
        return model.model_id
    return _id_of_weights(model)


def _id_of_weights(model: "HarMA") -> str:
    # Not at the top: they take torch, which an exported model needs not.
    from harma.backbones.weights.state import hash_weights
    from harma.methods.table import METHODS, method_of

    weights = model.backbone.weights()
    options: dict[str, object] | None = None
    content: dict[str, object] = {}
    if model.adapters is not None:
        weights |= model.adapter_state()
        options = asdict(model.adapters)
        method = method_of(model.adapters)
        # The names of weights tell the built-in methods apart; their fingerprints are older.
        if method not in METHODS:
            content["method"] = method
    content |= {
        "weights": hash_weights(weights),
        "adapters": options,
        "preprocess": model.preprocess.to_dict(),
    }
    # Sorted, and tuples as lists: the text, and so the fingerprint, is one for one model.
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_model(
    name: str, expected: str, model: "OpenedModel", bands: ModelBands | None = None
) -> None:
    """Check that a model is the one an index was made with.

    Args:
        name: of the index's model.
        expected: its fingerprint.
        model: to search or build with.
        bands: that the index's model reads; None: pictures.

    Raises:
        ModelMismatchError: it is another one.
    """
    fingerprint = model_id(model)
    if fingerprint == expected:
        return
    if bands != model.preprocess.bands:
        raise ModelMismatchError(
            f"the index was made with {_told(bands)}, and this model reads"
            f" {_told(model.preprocess.bands)}. Use the model {name} ({expected}), or `harma index"
            " reembed`"
        )
    if isinstance(model, ExportedModel) and model.facts.source_id == expected:
        raise ModelMismatchError(
            f"{model.directory} is an export of the index's model whose embeddings are not near"
            f" enough to its own ({told_cosines(model.facts)}; {LEAST_COSINE} at least), so that"
            " they count as those of another model. Export in a higher precision, or `harma index"
            " reembed`"
        )
    raise ModelMismatchError(
        f"the index was made with the model {name} ({expected}); this one is {fingerprint}."
        " Their embeddings do not compare. Use that model, or `harma index reembed`"
    )


def _told(bands: ModelBands | None) -> str:
    return "pictures (red, green, blue)" if bands is None else f"the bands {bands}"
