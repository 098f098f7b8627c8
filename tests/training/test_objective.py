"""The weighted sum of losses."""

import pytest
import torch
from torch.nn import functional as F

from harma.errors import ConfigError
from harma.losses import affiliation_loss, contrastive_loss, triplet_loss
from harma.training.objective import Objective

LABELS = torch.tensor([0, 1, 1, 0, 2])
IMAGES = torch.tensor([0, 0, 1, 2, 3])


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(0)
    I, T = (torch.randn(5, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    return F.normalize(I, dim=-1), F.normalize(T, dim=-1)


def mean_product(I, T, *, labels, power=1):
    """A loss of one's own."""
    return ((I * T).sum(-1) * labels).mean() ** power


def test_the_total_is_the_weighted_sum_of_what_each_loss_is_given(pairs):
    objective = Objective(
        {
            "contrastive": {"weight": 2.0, "smoothing": 0.1},
            "triplet": 0.5,
            "affiliation": {"weight": 0.25, "temperature": 0.5},
            f"{__name__}.mean_product": {"weight": 3.0, "power": 2},
            "weighted_triplet": 0.0,
        }
    )
    total, parts = objective(
        *pairs,
        temperature=torch.tensor(0.1),
        image_index=IMAGES,
        caption_index=torch.arange(5),
        labels=LABELS,
    )
    expected = {
        "contrastive": contrastive_loss(*pairs, 0.1, IMAGES, smoothing=0.1),
        "triplet": triplet_loss(*pairs),
        # Its temperature is its own, not the trained one.
        "affiliation": affiliation_loss(*pairs, LABELS, temperature=0.5),
        f"{__name__}.mean_product": mean_product(*pairs, labels=LABELS, power=2),
    }
    assert {name: part.item() for name, part in parts.items()} == pytest.approx(
        {name: part.item() for name, part in expected.items()}
    )
    weighted = [w * part for w, part in zip((2.0, 0.5, 0.25, 3.0), expected.values(), strict=True)]
    assert total.item() == pytest.approx(sum(weighted).item())


@pytest.mark.parametrize("terms", [{}, {"contrastive": 0.0}, {"contrastive": {"weight": 0}}])
def test_a_sum_of_no_losses(terms):
    with pytest.raises(ConfigError, match="loss.terms has no loss with a weight"):
        Objective(terms)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), "much", True])
def test_weights_that_are_none(weight):
    message = r"loss.terms.contrastive: weight is .*; it must be a number from 0"
    with pytest.raises(ConfigError, match=message):
        Objective({"contrastive": weight})


def test_an_option_that_a_loss_does_not_have():
    message = r"loss.terms.triplet has no option margn; allowed are weight, \['margin', 'hardest'"
    with pytest.raises(ConfigError, match=message):
        Objective({"triplet": {"margn": 1}})
    with pytest.raises(ConfigError, match="contrastive has no option temperature"):
        Objective({"contrastive": {"temperature": 1}})


def test_a_mapping_without_weight_counts_once():
    assert Objective({"contrastive": {}}).terms[0].weight == 1


def test_what_the_sum_needs():
    plain = Objective({"triplet": 1.0, "affiliation": 1.0})
    assert (plain.needs_temperature, plain.needs_views) == (False, False)
    assert plain.taking_labels == ["affiliation"]
    other = Objective({"contrastive": 1.0, "intra_modal_triplet": 0.1})
    assert (other.needs_temperature, other.needs_views) == (True, True)
    assert other.taking_labels == []
