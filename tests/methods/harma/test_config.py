import pytest

from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig


def test_towers_are_kept_in_one_order():
    assert AdapterConfig(shared_towers=["text", "image"]).shared_towers == ("image", "text")
    assert AdapterConfig(shared_towers=[]).shared_towers == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shared_towers": ("audio",)}, r"shared_towers is \['audio'\]; allowed are"),
        ({"shared_towers": ("text", "text")}, "allowed are"),
        ({"variant": "paper"}, "variant is 'paper'; allowed are document, released"),
        ({"text_attention": "none"}, "text_attention is 'none'; allowed are full, causal"),
        ({"num_heads": True}, "num_heads is True; it must be a number"),
        ({"gate_init": False}, "gate_init is False; it must be a number"),
        ({"bottleneck_dim": 128.0}, "bottleneck_dim is 128.0; it must be a number"),
        ({"num_heads": 0}, "num_heads is 0; it must be at least 1"),
        (
            {"bottleneck_dim": 100},
            "bottleneck_dim is 100 with 8 heads; it must be a multiple of 16",
        ),
        ({"bottleneck_dim": 0}, "multiple of 16"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        AdapterConfig(**options)


def test_without_sharing_half_the_bottleneck_is_not_needed():
    assert AdapterConfig(bottleneck_dim=24, shared_towers=()).bottleneck_dim == 24


def test_gates_train_or_do_not():
    assert AdapterConfig().train_gates
    with pytest.raises(ConfigError, match="train_gates is 'no'; it must be true or false"):
        AdapterConfig(train_gates="no")


def test_a_start_of_gates_may_be_a_whole_number():
    assert isinstance(AdapterConfig(gate_init=1).gate_init, float)
