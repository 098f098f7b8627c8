"""What a backbone is, whatever is attached to it: by what was noted when it was built."""

import copy
import pickle

import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.backbones.views import hooked_view
from harma.errors import ConfigError


@pytest.fixture
def dual(tiny_dual):
    torch.manual_seed(0)
    return load_backbone(tiny_dual)


class Double(nn.Module):
    """Wraps a module and doubles what it gives."""

    def __init__(self, wrapped):
        super().__init__()
        self.wrapped = wrapped

    def forward(self, *args, **kwargs):
        return 2 * self.wrapped(*args, **kwargs)


class Shift(nn.Module):
    """Adds a trained weight."""

    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return x + self.shift


def attach_everywhere(backbone):
    """A child, a wrapper, a parameter, a buffer and a hook, under names of no rule."""
    mlp = backbone.mlp(backbone.blocks("image")[0])
    name, linear = next(iter(mlp.named_children()))
    setattr(mlp, name, Double(linear))
    mlp.surplus = Shift()
    mlp.register_forward_hook(lambda mlp, inputs, output: mlp.surplus(output))
    text = backbone.blocks("text")[1]
    text.register_parameter("prompt", nn.Parameter(torch.ones(3)))
    text.register_buffer("counted", torch.zeros(2))
    norm = next(module for module in text.modules() if isinstance(module, nn.LayerNorm))
    norm.register_forward_hook(lambda norm, inputs, output: 3 * output)


def embedded(backbone, pixels):
    ids = backbone.tokenize(["a red roof", "green field"])
    with torch.no_grad():
        return backbone.encode_image(pixels), backbone.encode_text(ids)


@pytest.mark.parametrize("kind", ["backbone", "dual"])
def test_whatever_is_attached_weights_and_bare_embeddings_are_its_own(
    request, kind, pixels, tmp_path
):
    backbone = request.getfixturevalue(kind)
    before, digest = embedded(backbone, pixels), backbone.weights_hash()
    names = set(backbone.weights())
    parameters = {tower: set(backbone.tower_parameters(tower)) for tower in ("image", "text")}
    with backbone.attaching("everywhere"):
        attach_everywhere(backbone)
    changed = embedded(backbone, pixels)
    assert not any(torch.allclose(x, y, atol=1e-3) for x, y in zip(changed, before, strict=True))
    assert set(backbone.weights()) == names
    assert {t: set(backbone.tower_parameters(t)) for t in parameters} == parameters
    assert backbone.weights_hash() == digest
    for other in (backbone, copy.deepcopy(backbone)):
        with other.bare({}):
            assert all(map(torch.equal, embedded(other, pixels), before))
        assert all(map(torch.equal, embedded(other, pixels), changed))
    backbone.save(tmp_path / "saved")
    assert load_backbone(f"local-dir:{tmp_path / 'saved'}").weights_hash() == digest


def test_weights_are_loaded_into_what_is_its_own(dual):
    state = {name: tensor.clone() for name, tensor in dual.weights().items()}
    attach_everywhere(dual)
    dual.load_weights({name: tensor + 1 for name, tensor in state.items()}, "theirs")
    assert all(torch.equal(tensor, state[name] + 1) for name, tensor in dual.weights().items())
    assert dual.blocks("image")[0].mlp.surplus.shift.item() == 1


def test_a_second_method_is_refused_and_an_error_attaches_nothing(backbone):
    with pytest.raises(KeyError), backbone.attaching("broken"):
        raise KeyError
    with backbone.attaching("first"):
        pass
    with (
        pytest.raises(ConfigError, match="has method first attached already; load it anew"),
        backbone.attaching("second"),
    ):
        pass


def test_hooks_of_others_are_called_in_bare_calls_too(backbone, pixels):
    seen = []
    with backbone.attaching("hooks"):
        backbone.blocks("image")[0].register_forward_hook(lambda *_: seen.append("method"))
    backbone.blocks("image")[0].register_forward_hook(lambda *_: seen.append("user"))
    with backbone.bare({}):
        backbone.encode_image(pixels)
    assert seen == ["user"]
    backbone.encode_image(pixels)
    assert seen == ["user", "method", "user"]


def test_values_from_before_are_those_of_the_bare_backbone_alone(backbone, pixels):
    projection = backbone.projection("image")["visual.proj"]
    before = backbone.encode_image(pixels)
    values = {projection: projection.detach().clone()}
    with torch.no_grad():
        projection.mul_(2)
    with backbone.bare(values):
        assert torch.equal(backbone.encode_image(pixels), before)
        assert torch.equal(backbone.weights()["visual.proj"], values[projection])
        with backbone.bare(values):
            assert backbone.is_bare
        assert backbone.is_bare
    assert not backbone.is_bare
    torch.testing.assert_close(backbone.encode_image(pixels), 2 * before)


def test_a_bare_call_follows_mode_and_device_of_now(dual):
    ids = dual.tokenize(["a red roof"])
    with dual.bare({}):
        dual.train()
        first, second = dual.encode_text(ids), dual.encode_text(ids)
        assert not torch.equal(first, second), "dropout of BERT"
        dual.eval().double()
        assert dual.encode_text(ids).dtype == torch.float64


@pytest.mark.parametrize("kind", ["backbone", "dual"])
def test_what_is_run_again_in_the_backward_pass_is_still_bare(request, kind, pixels):
    """Gradient checkpointing repeats blocks outside the context, on a GPU in another thread."""
    backbone = request.getfixturevalue(kind)
    with backbone.attaching("shifts"):
        for tower in ("image", "text"):
            for block in backbone.blocks(tower):
                backbone.mlp(block).register_forward_hook(lambda m, i, output: output * 1.5)
    # Nothing may be drawn, or it would be drawn anew.
    for module in backbone.modules():
        if isinstance(module, nn.Dropout) or hasattr(module, "drop_prob"):
            module.p = module.drop_prob = 0.0
    backbone.train()
    ids = backbone.tokenize(["a red roof", "green field"])
    gradients = []
    for checkpointed in (False, True):
        backbone.set_gradient_checkpointing(checkpointed)
        backbone.zero_grad()
        with backbone.bare({}):
            embedded_now = backbone.encode_image(pixels), backbone.encode_text(ids)
        sum(x.square().sum() for x in embedded_now).backward()
        gradients.append({n: p.grad for n, p in backbone.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_a_pickled_backbone_knows_what_is_its_own(dual, pixels):
    with dual.attaching("nothing"):
        dual.blocks("text")[0].add_module("surplus", Shift())
    again = pickle.loads(pickle.dumps(dual))
    assert again.weights_hash() == dual.weights_hash()
    assert all(map(torch.equal, embedded(again, pixels), embedded(dual, pixels)))


def test_a_hook_of_one_call_is_in_its_view_alone():
    tree = nn.Sequential(nn.Sequential(nn.Identity(), nn.Identity()), nn.Sequential(nn.Identity()))
    view = hooked_view(tree, tree[0][1], lambda module, inputs: inputs[0] + 1)
    x = torch.zeros(2)
    assert torch.equal(view(x), x + 1)
    assert torch.equal(tree(x), x)
    assert view[1] is tree[1]
    assert view[0][0] is tree[0][0]
    assert hooked_view(tree, nn.Identity(), print) is tree
