"""Marks help, and never harm: benchmarks/marks in small, on scenes that the package draws.

No model is trained here: pictures are told by what is where in them in coarse colours, and the text
of a class by pictures of another drawing, from which it is far, as texts of CLIP are.
"""

import numpy as np
import pytest
from benchmarks.marks.comparing import difference, mean
from benchmarks.marks.rules import RULES
from benchmarks.marks.sets import LabelledSet
from benchmarks.marks.walk import CHECKED, Archive, walk

from harma.data.synthetic.drawing import draw_scene
from harma.data.synthetic.looks import LOOKS
from harma.data.synthetic.scenes import GROUNDS, LINES, make_scene

CLASSES = (*GROUNDS, *LINES)
SIDE = 32


def drawn(count, seed):
    """Scenes as embeddings (n, E) before they are normalised, and their labels (n, C)."""
    rows, labels = [], []
    for number in range(count):
        scene = make_scene(np.random.default_rng((seed, number)))
        picture = np.asarray(draw_scene(scene, LOOKS["summer"], SIDE), dtype=np.float64)
        coarse = picture.reshape(8, SIDE // 8, 8, SIDE // 8, 3).mean(axis=(1, 3))
        rows.append(coarse.ravel())
        labels.append([name in (scene.ground, scene.line) for name in CLASSES])
    return np.stack(rows), np.array(labels)


@pytest.fixture(scope="module")
def labelled():
    rows, labels = drawn(500, 1)
    others, other_labels = drawn(150, 2)
    # A part that all pictures have in common, and one that all texts have: CLIP's are apart.
    centred = (rows - others.mean(axis=0)) / 255
    embeddings = np.column_stack([centred, np.ones(len(rows)), np.zeros(len(rows))])
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    noise = np.random.default_rng(3).normal(size=(len(CLASSES), centred.shape[1]))
    texts = []
    for own, its_noise in zip(other_labels.T, noise, strict=True):
        seen = (others[own].mean(axis=0) - others.mean(axis=0)) / 255
        rough = seen / np.linalg.norm(seen) + its_noise / np.linalg.norm(its_noise)
        texts.append([*rough, 0.0, 2.0])
    texts = np.array(texts) / np.linalg.norm(texts, axis=1, keepdims=True)
    return LabelledSet(
        "drawn", embeddings.astype(np.float32), labels, texts.astype(np.float32), list(CLASSES)
    )


@pytest.fixture(scope="module")
def figures(labelled):
    archive = Archive(labelled)
    pairs = list(zip(labelled.labels.T, labelled.texts, strict=True))
    names = ("text only", "sums (before)", "HarMA")
    return {name: [walk(archive, *pair, RULES[name]) for pair in pairs] for name in names}


def test_marks_do_no_harm_and_help(figures):
    gains = [line[0] for line in difference(figures["HarMA"], figures["text only"], "shares")]
    assert min(gains) >= 0
    assert gains[-1] > 0.05
    before = [line[0] for line in difference(figures["HarMA"], figures["sums (before)"], "shares")]
    assert min(before[CHECKED.index(20) :]) > 0


def test_the_text_alone_is_not_so_good_that_nothing_can_be_learnt(figures):
    """Else the test above could not fail."""
    _, shares = mean(figures["text only"], "shares")
    assert 0.2 < shares[0] < 0.7


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("HarMA", "text only")])
def test_every_rule_of_the_table_ranks(labelled, name):
    found = walk(Archive(labelled), labelled.labels[:, 0], labelled.texts[0], RULES[name])
    assert np.isfinite(found.shares).all()
    assert (found.num_good <= CHECKED).all()


def test_a_difference_is_that_of_the_classes():
    """Of two classes +0.1 and of one -0.1; the interval holds their mean."""

    class Figure:
        def __init__(self, share):
            self.shares = np.array([share])

    first = [Figure(share) for share in (0.5, 0.7, 0.2)]
    second = [Figure(share) for share in (0.4, 0.6, 0.3)]
    ((gain, low, high, p, below),) = difference(first, second, "shares")
    assert gain == pytest.approx(0.1 / 3)
    assert low <= gain <= high
    assert 0 < p <= 1
    assert below == 1
