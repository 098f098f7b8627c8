"""The moving average of weights."""

import pytest
import torch
from torch import nn

from harma.training.averages import AveragedWeights


def test_the_average_follows_its_definition_and_is_lent_to_the_model():
    weight = nn.Parameter(torch.zeros(2))
    averages = AveragedWeights({"w": weight}, 0.5)
    expected = 0.0
    for step, value in enumerate(
        [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0], start=1
    ):
        weight.data.fill_(value)
        averages.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert averages.averages["w"].tolist() == pytest.approx([expected] * 2)
    with averages.applied():
        assert weight.tolist() == pytest.approx([expected] * 2)
    assert weight.tolist() == [512.0, 512.0]


def test_its_state_comes_back_and_a_wrong_one_is_refused():
    weight = nn.Parameter(torch.zeros(2))
    averages, again = (AveragedWeights({"w": weight}, 0.9) for _ in range(2))
    weight.data.fill_(3.0)
    averages.update()
    again.load(averages.state())
    assert torch.equal(again.averages["w"], averages.averages["w"])
    assert again.num_steps == 1
    state = averages.state()
    for damage in (
        {"v": torch.zeros(2)},
        {"w": torch.zeros(3)},
        {"w": torch.tensor([torch.nan, 1.0])},
        {"w": torch.tensor([1.0, torch.inf])},
    ):
        with pytest.raises(ValueError, match="averaged weight"):
            again.load({**state, **damage})
    with pytest.raises(ValueError, match="averaged weights"):
        again.load({"w": torch.zeros(2)})
