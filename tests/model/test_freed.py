"""Models that nobody uses any more."""

import gc
import weakref

import pytest

from harma.backbones import load_backbone
from harma.methods.table import METHODS, make_config
from harma.model.model import HarMA

OPTIONS = {"mrs-adapter": {"shared_dim": 8}}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["tiny_config", "tiny_dual"])
def test_weights_go_with_the_model(kind, method, request):
    """They may be gigabytes, and the garbage collector does not know."""
    if kind == "tiny_dual" and method == "mrs-adapter":
        pytest.skip("the tower has blocks of several widths")
    options = OPTIONS.get(method, {})
    model = HarMA(load_backbone(request.getfixturevalue(kind)), make_config(method, options))
    there = [weakref.ref(parameter) for parameter in model.parameters()]
    gc.collect()
    gc.disable()
    try:
        del model
        assert all(one() is None for one in there)
    finally:
        gc.enable()
