"""Which model made an embedding: only embeddings of the same one compare."""

import hashlib
import json
from dataclasses import asdict

from harma.backbones.weights import hash_weights
from harma.model import HarMA


def model_id(model: HarMA) -> str:
    """A fingerprint of everything that makes a model's embeddings: weights, adapters' options, preprocessing."""
    adapters = model.adapters
    content = {
        "weights": hash_weights({**model.backbone.weights(), **(model.adapter_state() if adapters else {})}),
        "adapters": asdict(adapters) if adapters else None,
        "preprocess": model.preprocess.to_dict(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
