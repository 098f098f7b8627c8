"""Losses against plain loops over the formulas of SPEC 2."""

import inspect
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
    duplicate_contrastive_loss,
    intra_modal_triplet_loss,
    relevant_pairs,
    sigmoid_loss,
    triplet_loss,
    weighted_triplet_loss,
)

IMAGE_INDEX = torch.tensor([0, 0, 1, 2, 2, 2])
CAPTION_INDEX = torch.tensor([5, 7, 7, 8, 9, 9])
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
    captions = [
        [0 if excluded(i, j) else max(0, margin + S[i][j] - S[i][i]) for j in range(n)]
        for i in range(n)
    ]
    images = [
        [0 if excluded(i, j) else max(0, margin + S[i][j] - S[j][j]) for j in range(n)]
        for i in range(n)
    ]
    return captions, images


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_weighted_triplet_loss_sums_the_weighted_costs(pairs, gamma):
    captions, images = triplet_costs(*pairs, 0.2)
    expected = (
        sum(
            c * (1 - math.exp(-c)) ** gamma
            for side in (captions, images)
            for row in side
            for c in row
        )
        / 2
    )
    assert weighted_triplet_loss(*pairs, gamma=gamma).item() == pytest.approx(expected, abs=1e-12)


def hardest_costs(captions, images):
    columns = [list(column) for column in zip(*images, strict=True)]
    return [max(row) for row in captions], [max(column) for column in columns]


def test_hardest_keeps_one_negative_for_each_row_and_column(pairs):
    by_row, by_column = hardest_costs(*triplet_costs(*pairs, 0.2))
    expected = sum(by_row) + sum(by_column)
    assert triplet_loss(*pairs, hardest=True).item() == pytest.approx(expected, abs=1e-12)


def test_the_hardest_are_weighted_too_and_what_is_excluded_is_none_of_them(pairs):
    def same_image(i, j):
        return IMAGE_INDEX[i] == IMAGE_INDEX[j]

    by_row, by_column = hardest_costs(*triplet_costs(*pairs, 0.3, same_image))
    expected = sum(c * (1 - math.exp(-c)) ** 1.5 for c in (*by_row, *by_column)) / 2
    options = {"margin": 0.3, "gamma": 1.5, "hardest": True, "exclude_same_image": True}
    loss = weighted_triplet_loss(*pairs, image_index=IMAGE_INDEX, **options)
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_plain_triplet_loss_is_the_sum(pairs):
    captions, images = triplet_costs(*pairs, 0.3)
    expected = sum(map(sum, captions)) + sum(map(sum, images))
    assert triplet_loss(*pairs, margin=0.3).item() == pytest.approx(expected, abs=1e-12)


def test_captions_of_the_same_image_can_be_left_out(pairs):
    captions, images = triplet_costs(*pairs, 0.2, lambda i, j: IMAGE_INDEX[i] == IMAGE_INDEX[j])
    loss = triplet_loss(*pairs, image_index=IMAGE_INDEX, exclude_same_image=True)
    assert loss.item() == pytest.approx(sum(map(sum, captions)) + sum(map(sum, images)), abs=1e-12)
    with pytest.raises(ConfigError, match=r"need image_index"):
        triplet_loss(*pairs, exclude_same_image=True)


# The caption of pair 1 has the text of pair 2's, of another image: each image has both texts.
RELEVANT = {0: {0, 1, 2}, 1: {0, 1, 2}, 2: {1, 2}, 3: {3, 4, 5}, 4: {3, 4, 5}, 5: {3, 4, 5}}


def test_identical_captions_are_relevant_to_each_others_images():
    relevant = relevant_pairs(IMAGE_INDEX, CAPTION_INDEX)
    assert {i: set(row.nonzero().flatten().tolist()) for i, row in enumerate(relevant)} == RELEVANT


def test_duplicate_contrastive_loss_shares_the_target_among_all_that_is_relevant(pairs):
    I, T = pairs
    logits = (I @ T.t() / 0.07).tolist()
    by_image = [sorted(RELEVANT[i]) for i in range(6)]
    by_caption = [[i for i in range(6) if j in RELEVANT[i]] for j in range(6)]
    expected = 0.0
    for matrix, relevant in (
        (logits, by_image),
        ([list(column) for column in zip(*logits, strict=True)], by_caption),
    ):
        for row, own in zip(matrix, relevant, strict=True):
            logp = log_softmax(row)
            expected -= sum(logp[j] / len(own) for j in own) / 6 / 2
    loss = duplicate_contrastive_loss(
        I, T, 0.07, image_index=IMAGE_INDEX, caption_index=CAPTION_INDEX
    )
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_smoothing_spreads_a_share_of_the_target(pairs):
    I, T = pairs
    logits = (I @ T.t() / 0.07).tolist()
    uniform = 0.0
    for matrix in (logits, [list(column) for column in zip(*logits, strict=True)]):
        uniform -= sum(sum(log_softmax(row)) / 6 for row in matrix) / 6 / 2
    for index in (None, IMAGE_INDEX):
        expected = 0.9 * contrastive_loss(I, T, 0.07, index).item() + 0.1 * uniform
        assert contrastive_loss(I, T, 0.07, index, smoothing=0.1).item() == pytest.approx(
            expected, abs=1e-12
        )
    options = {"image_index": IMAGE_INDEX, "caption_index": CAPTION_INDEX}
    plain = duplicate_contrastive_loss(I, T, 0.07, **options).item()
    smoothed = duplicate_contrastive_loss(I, T, 0.07, **options, smoothing=0.25).item()
    assert smoothed == pytest.approx(0.75 * plain + 0.25 * uniform, abs=1e-12)
    with pytest.raises(ConfigError, match="smoothing is -0.1; it must be from 0 to below 1"):
        contrastive_loss(*pairs, 0.1, smoothing=-0.1)
    with pytest.raises(ConfigError, match="smoothing is 1; it must be from 0 to below 1"):
        contrastive_loss(I, T, 0.07, smoothing=1)


def test_identical_captions_can_be_left_out_of_the_negatives(pairs):
    captions, images = triplet_costs(*pairs, 0.2, lambda i, j: j in RELEVANT[i])
    index = {"image_index": IMAGE_INDEX, "caption_index": CAPTION_INDEX}
    loss = triplet_loss(*pairs, exclude_duplicates=True, **index)
    assert loss.item() == pytest.approx(sum(map(sum, captions)) + sum(map(sum, images)), abs=1e-12)
    with pytest.raises(ConfigError, match="needs caption_index"):
        triplet_loss(*pairs, exclude_duplicates=True, image_index=IMAGE_INDEX)


@pytest.mark.parametrize("loss", [triplet_loss, weighted_triplet_loss])
@pytest.mark.parametrize("hardest", [False, True])
def test_the_mean_is_the_sum_over_the_pairs(pairs, loss, hardest):
    mean = loss(*pairs, hardest=hardest, reduction="mean")
    assert mean.item() == pytest.approx(loss(*pairs, hardest=hardest).item() / 6, abs=1e-12)
    with pytest.raises(ConfigError, match="reduction is 'max'; allowed are sum, mean"):
        loss(*pairs, reduction="max")


def test_intra_modal_triplet_loss_compares_each_tower_with_its_own_second_view(pairs):
    I, T = pairs
    views = [F.normalize(x + 0.3 * x.roll(1, 0), dim=-1) for x in pairs]
    expected = 0.0
    for first, second in zip(pairs, views, strict=True):
        queries, candidates = triplet_costs(first, second, 0.2)
        expected += sum(max(row) for row in queries) + sum(
            max(column) for column in zip(*candidates, strict=True)
        )
    loss = intra_modal_triplet_loss(I, T, image_view=views[0], text_view=views[1])
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_affiliation_loss_follows_the_released_code(pairs):
    I, T = pairs
    centers_I, centers_T = (
        torch.stack([x[label == LABELS].mean(0) for label in LABELS]) for x in (I, T)
    )
    P = (I @ centers_T.t() / 0.07).tolist()
    Qt = (T @ centers_I.t() / 0.07).t().tolist()
    expected = -sum(log_softmax(row)[i] for m in (P, Qt) for i, row in enumerate(m)) / 6 / 2
    assert affiliation_loss(I, T, LABELS).item() == pytest.approx(expected, abs=1e-12)


def test_with_a_label_for_each_pair_affiliation_is_one_direction_twice(pairs):
    I, T = pairs
    one_way = F.cross_entropy(I @ T.t() / 0.5, torch.arange(6))
    loss = affiliation_loss(I, T, torch.arange(6), temperature=0.5)
    assert loss.item() == pytest.approx(one_way.item(), abs=1e-12)


CONTEXT = {
    "temperature": 0.3,
    "labels": LABELS,
    "image_index": IMAGE_INDEX,
    "caption_index": CAPTION_INDEX,
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("contrastive", {}),
        ("contrastive", {"smoothing": 0.2}),
        ("diagonal_contrastive", {}),
        ("duplicate_contrastive", {"smoothing": 0.2}),
        ("weighted_triplet", {"gamma": 1.0}),
        ("weighted_triplet", {"gamma": 2.0, "exclude_duplicates": True}),
        ("weighted_triplet", {"hardest": True, "reduction": "mean"}),
        ("triplet", {"exclude_same_image": True}),
        ("triplet", {"hardest": True}),
        ("intra_modal_triplet", {"hardest": False}),
        ("affiliation", {"temperature": 0.5}),
    ],
)
def test_gradients_are_those_of_finite_differences(pairs, name, options):
    """So no part of a loss is detached; through temperature and second views too."""
    parameters = inspect.signature(LOSSES[name]).parameters
    context = {key: CONTEXT[key] for key in CONTEXT if key in parameters} | options
    leaves = [x.clone().requires_grad_() for x in pairs]
    names = []
    if name in ("contrastive", "diagonal_contrastive", "duplicate_contrastive"):
        names = ["temperature"]
        leaves.append(torch.tensor(0.3, dtype=torch.float64, requires_grad=True))
    if name == "intra_modal_triplet":
        names = ["image_view", "text_view"]
        leaves += [F.normalize(x + 0.3 * x.roll(1, 0), dim=-1).requires_grad_() for x in pairs]

    def loss(I, T, *rest):
        return LOSSES[name](I, T, **{**context, **dict(zip(names, rest, strict=True))})

    assert torch.autograd.gradcheck(loss, leaves)


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
    given = {
        "temperature": 0.07,
        "labels": LABELS,
        "image_index": IMAGE_INDEX,
        "caption_index": CAPTION_INDEX,
        "image_view": pairs[0].roll(1, 1),
        "text_view": pairs[1].roll(1, 1),
    }
    wanted = inspect.signature(LOSSES[name]).parameters.keys() - (
        {"temperature"} if name == "affiliation" else set()
    )
    loss = LOSSES[name](I, T, **{key: value for key, value in given.items() if key in wanted})
    loss.backward()
    assert loss.shape == ()
    assert I.grad.abs().sum() > 0
    assert T.grad.abs().sum() > 0


def test_sigmoid_loss_asks_of_every_pair_by_itself(pairs):
    I, T = pairs
    total = 0.0
    for i in range(len(I)):
        for j in range(len(T)):
            logit = float(I[i] @ T[j]) / 0.2 - 3.0
            sign = 1 if IMAGE_INDEX[i] == IMAGE_INDEX[j] else -1
            total += math.log1p(math.exp(-sign * logit))
    given = sigmoid_loss(I, T, 0.2, IMAGE_INDEX, bias=-3.0)
    assert float(given) == pytest.approx(total / len(I), rel=1e-5)
    # Without the indices only the diagonal is positive.
    alone = sigmoid_loss(I, T, 0.2, torch.arange(len(I)), bias=-3.0)
    assert torch.equal(sigmoid_loss(I, T, 0.2, bias=-3.0), alone)
    assert not torch.equal(given, alone)
