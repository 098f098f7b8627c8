import numpy as np
import pytest

from harma.curation.audit import bounds
from harma.curation.audit import candidates as module
from harma.curation.audit.candidates import BOXES, PER_PAIR, find_candidates
from harma.curation.audit.descriptors import descriptors, frequencies
from harma.curation.audit.looks import LOOK_SIDE, small_grey
from harma.curation.audit.turns import TURNS, turned


@pytest.fixture
def grey(scenes):
    """Six scenes, and the first of them mirrored."""
    first = np.stack([small_grey(scene) for scene in scenes[:6]])
    return np.concatenate([first, turned(first[:1], (False, False, True))])


def pairs_of(found):
    return {tuple(sorted(pair)) for pair in zip(found.source, found.copy, strict=True)}


def test_a_mirrored_copy_is_a_candidate_in_the_right_turn(grey):
    found = find_candidates(grey)
    ways = [i for i in range(len(found.source)) if {found.source[i], found.copy[i]} == {0, 6}]
    assert ways
    # The best way comes first: the whole picture, mirrored.
    assert TURNS[found.turn[ways[0]]] == (False, False, True)
    assert found.box[ways[0]].tolist() == [0, 1, 0, 1]
    assert len(ways) <= PER_PAIR


def test_no_image_is_its_own_candidate_and_each_pair_has_few_ways(grey):
    found = find_candidates(grey, least=-1)
    assert (found.source != found.copy).all()
    counts = {}
    for source, copy in zip(found.source.tolist(), found.copy.tolist(), strict=True):
        pair = tuple(sorted((source, copy)))
        counts[pair] = counts.get(pair, 0) + 1
    assert len(counts) == 7 * 6 / 2
    assert set(counts.values()) == {PER_PAIR}


def test_the_threshold_is_one_of_products(grey, monkeypatch):
    """Of whole pictures alone: against the products of all descriptors in all turns."""
    monkeypatch.setattr(module, "BOXES", BOXES[:1])
    key = descriptors(frequencies(grey[2:3]))[0]
    products = [descriptors(frequencies(turned(grey[1:2], turn)))[0] @ key for turn in TURNS]
    assert (1, 2) in pairs_of(find_candidates(grey, least=max(products) - 1e-3))
    assert (1, 2) not in pairs_of(find_candidates(grey, least=max(products) + 1e-3))


def test_portions_change_nothing(grey, monkeypatch):
    expected = find_candidates(grey, least=0.5)
    monkeypatch.setattr(module, "ROWS", 2)
    monkeypatch.setattr(bounds, "COLUMNS", 3)
    monkeypatch.setattr(bounds, "AT_ONCE", 5)
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    told = []
    found = find_candidates(grey, least=0.5, progress=lambda *counts: told.append(counts))
    assert pairs_of(found) == pairs_of(expected)
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]


def test_nothing_to_compare():
    found = find_candidates(np.zeros((0, LOOK_SIDE, LOOK_SIDE), np.uint8))
    assert found.box.shape == (0, 4)


def test_unless_told_otherwise_pairs_from_the_measured_threshold_are_looked_at(scenes):
    """A scene against blends of it with another: from itself to the other in small steps."""
    first, second = (small_grey(scene).astype(float) for scene in scenes[:2])
    blends = [share * second + (1 - share) * first for share in np.linspace(0, 1, 60)]
    grey = np.stack(blends).astype(np.uint8)
    pairs = pairs_of(find_candidates(grey))
    assert pairs == pairs_of(find_candidates(grey, least=0.76))
    assert pairs_of(find_candidates(grey, least=0.78)) < pairs
    assert pairs < pairs_of(find_candidates(grey, least=0.74))
