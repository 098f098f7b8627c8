"""Which model made an embedding: only embeddings of the same one compare."""

import hashlib
import json
from dataclasses import asdict

from harma.backbones.weights.state import hash_weights
from harma.errors import ConfigError
from harma.model.model import HarMA


def model_id(model: HarMA) -> str:
    """A fingerprint of everything that makes a model's embeddings: weights, adapters' options, preprocessing."""
    adapters = model.adapters
    content = {
        "weights": hash_weights(
            {**model.backbone.weights(), **(model.adapter_state() if adapters else {})}
        ),
        "adapters": asdict(adapters) if adapters else None,
        "preprocess": model.preprocess.to_dict(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[
        :16
    ]


def check_model(name: str, expected: str, model: HarMA) -> None:
    """Whether a model is the one an index was made with.

    Args:
        name: of the index's model.
        expected: its fingerprint.
        model: to search or build with.

    Raises:
        ConfigError: it is another one.
    """
    own = model_id(model)
    if own != expected:
        raise ConfigError(
            f"the index was made with the model {name} ({expected}); this one is {own}. Their"
            " embeddings do not compare. Use that model, or `harma index reembed`"
        )
