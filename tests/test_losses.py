"""Losses against plain loops over the formulas of SPEC 2."""

import math

import pytest
import torch
from torch.nn import functional as F

from harma.errors import ConfigError, DataError
from harma.losses import (
    LOSSES,
    affiliation_loss,
    contrastive_loss,
    diagonal_contrastive_loss,
    triplet_loss,
    weighted_triplet_loss,
)

IMAGE_INDEX = torch.tensor([0, 0, 1, 2, 2, 2])
LABELS = torch.tensor([3, 3, 1, 1, 3, 0])


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(0)
    I, T = (torch.randn(6, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    return F.normalize(I, dim=-1), F.normalize(T, dim=-1)


def log_softmax(row):
    peak = max(row)
    total = math.log(sum(math.exp(x - peak) for x in row)) + peak
    return [x - total for x in row]


def test_contrastive_loss_is_the_soft_cross_entropy_in_both_directions(pairs):
    I, T = pairs
    logits = (I @ T.t() / 0.07).tolist()
    expected = 0.0
    for matrix in (logits, [list(column) for column in zip(*logits, strict=True)]):
        for i, row in enumerate(matrix):
            logp = log_softmax(row)
            same = [j for j in range(6) if IMAGE_INDEX[j] == IMAGE_INDEX[i]]
            expected -= sum(logp[j] / len(same) for j in same) / 6 / 2
    assert contrastive_loss(I, T, 0.07, IMAGE_INDEX).item() == pytest.approx(expected, abs=1e-12)


def test_contrastive_loss_without_image_index_has_diagonal_targets(pairs):
    I, T = pairs
    unique = torch.arange(6)
    assert torch.allclose(contrastive_loss(I, T, 0.07), contrastive_loss(I, T, 0.07, unique))
    assert torch.equal(diagonal_contrastive_loss(I, T, 0.07), contrastive_loss(I, T, 0.07))


def triplet_costs(I, T, margin, excluded=lambda i, j: i == j):
    S = (I @ T.t()).tolist()
    n = len(S)
    captions = [[0 if excluded(i, j) else max(0, margin + S[i][j] - S[i][i]) for j in range(n)] for i in range(n)]
    images = [[0 if excluded(i, j) else max(0, margin + S[i][j] - S[j][j]) for j in range(n)] for i in range(n)]
    return captions, images


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_weighted_triplet_loss_sums_the_weighted_costs(pairs, gamma):
    captions, images = triplet_costs(*pairs, 0.2)
    expected = sum(c * (1 - math.exp(-c)) ** gamma for side in (captions, images) for row in side for c in row) / 2
    assert weighted_triplet_loss(*pairs, gamma=gamma).item() == pytest.approx(expected, abs=1e-12)


def test_hardest_keeps_one_negative_for_each_row_and_column(pairs):
    captions, images = triplet_costs(*pairs, 0.2)
    expected = sum(max(row) for row in captions) + sum(max(column) for column in zip(*images, strict=True))
    assert triplet_loss(*pairs, hardest=True).item() == pytest.approx(expected, abs=1e-12)


def test_plain_triplet_loss_is_the_sum(pairs):
    captions, images = triplet_costs(*pairs, 0.3)
    expected = sum(map(sum, captions)) + sum(map(sum, images))
    assert triplet_loss(*pairs, margin=0.3).item() == pytest.approx(expected, abs=1e-12)


def test_captions_of_the_same_image_can_be_left_out(pairs):
    captions, images = triplet_costs(*pairs, 0.2, lambda i, j: IMAGE_INDEX[i] == IMAGE_INDEX[j])
    loss = triplet_loss(*pairs, image_index=IMAGE_INDEX, exclude_same_image=True)
    assert loss.item() == pytest.approx(sum(map(sum, captions)) + sum(map(sum, images)), abs=1e-12)
    with pytest.raises(ConfigError, match="needs image_index"):
        triplet_loss(*pairs, exclude_same_image=True)


def test_affiliation_loss_follows_the_released_code(pairs):
    I, T = pairs
    centers_I, centers_T = (torch.stack([x[label == LABELS].mean(0) for label in LABELS]) for x in (I, T))
    P = (I @ centers_T.t() / 0.07).tolist()
    Qt = (T @ centers_I.t() / 0.07).t().tolist()
    expected = -sum(log_softmax(row)[i] for m in (P, Qt) for i, row in enumerate(m)) / 6 / 2
    assert affiliation_loss(I, T, LABELS).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("hardest", [False, True])
def test_gradients_are_finite_where_costs_are_zero(hardest):
    I = torch.eye(4, 8, requires_grad=True)
    loss = weighted_triplet_loss(I, torch.eye(4, 8), margin=0.2, gamma=1.0, hardest=hardest)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(I.grad).all()


def test_wrong_input_is_named(pairs):
    I, T = pairs
    with pytest.raises(DataError, match=r"two \(B, E\) tensors.*\(6, 5\) and \(4, 5\)"):
        contrastive_loss(I, T[:4], 0.07)
    with pytest.raises(ConfigError, match=r"gamma is 0.5; it must be 0 or at least 1"):
        weighted_triplet_loss(I, T, gamma=0.5)
    with pytest.raises(DataError, match="needs a label for every pair"):
        affiliation_loss(I, T, torch.tensor([0, 1, 2, -1, 0, 1]))
    with pytest.raises(DataError, match=r"shape \(6,\); got \(5,\)"):
        affiliation_loss(I, T, LABELS[:5])


@pytest.mark.parametrize("name", LOSSES)
def test_every_built_in_loss_is_a_finite_scalar_with_a_gradient(pairs, name):
    I, T = (x.clone().requires_grad_() for x in pairs)
    extra = (
        {"temperature": 0.07} if name.endswith("contrastive") else {"labels": LABELS} if name == "affiliation" else {}
    )
    loss = LOSSES[name](I, T, **extra)
    loss.backward()
    assert loss.shape == ()
    assert I.grad.abs().sum() > 0
    assert T.grad.abs().sum() > 0
