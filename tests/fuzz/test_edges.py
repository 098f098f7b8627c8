"""A few inputs of every edge, of a fixed seed: each is right, or an error that says what is wrong.

Many more, of any seed: `make fuzz`.
"""

import pytest
from tests.fuzz.edge import edge_names
from tests.fuzz.pool import judged

# Over all edges a few hundred; of models, which take long to open, fewer.
INPUTS = 40
OF_MODELS = {"adapters": 3, "configs": 10, "indexes": 20, "weights": 10}
SEED = 20


@pytest.mark.parametrize("name", edge_names())
def test_nothing_gets_through(name, tmp_path):
    failed = [
        f"{outcome.label} {outcome.verdict.kind}: {outcome.verdict.cause}\n{outcome.verdict.detail}"
        for outcome in judged(name, SEED, range(OF_MODELS.get(name, INPUTS)), tmp_path)
        if not outcome.verdict.passes
    ]
    assert not failed, "\n".join([*failed, "again: python -m tests.fuzz --again EDGE:SEED:NUMBER"])
