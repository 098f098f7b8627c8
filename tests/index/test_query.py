"""From what is looked for to one vector."""

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.index.made import all_rows, make_store

from harma.errors import NotFoundError, QueryError
from harma.index.ask import Chip, Picture, Query, Text, Vector
from harma.index.expansion import Expander
from harma.index.query import embed_query
from harma.index.refine import refine
from harma.index.snapshot import Snapshot


class Axes:
    """Embeds texts along one axis and pictures along another, and keeps what it was given."""

    embed_dim = 8

    def __init__(self, axes=()):
        self.texts, self.images = [], []
        self.axes = dict(axes)

    def embed_texts(self, texts):
        self.texts += texts
        return np.eye(8, dtype=np.float32)[[self.axes.get(text, 0) for text in texts]]

    def embed_images(self, images):
        self.images += images
        return np.eye(8, dtype=np.float32)[1:2].repeat(len(images), axis=0)


@pytest.fixture
def model():
    return Axes()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("query") / "index", 20, dim=8)


def axis(number, value=1.0):
    vector = np.zeros(8, dtype=np.float32)
    vector[number] = value
    return vector


def vector_of(model, store, **options):
    return embed_query(lambda: model, Snapshot(store), Query(**options)).vector


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """Files of the names that queries give, each of a grey of its own."""
    monkeypatch.chdir(tmp_path)
    for grey, name in enumerate(("x.png", "a.png", "b.png")):
        Image.new("RGB", (4, 4), (grey, grey, grey)).save(name)


def test_what_is_described_adds_up_by_its_weights(store):
    """(1 + 2)·one text - 0.35·another, of unit vectors, is (3, -0.35) over its length √9.1225."""
    model = Axes({"a road": 2})
    query = {"text": "a river", "like": [Text("a lake", 2.0)], "unlike": ["a road"]}
    expected = (axis(0, 3.0) + axis(2, -0.35)) / np.sqrt(9.1225)
    np.testing.assert_allclose(vector_of(model, store, **query), expected, atol=1e-6)
    assert model.texts == ["a river", "a lake", "a road"]


def embedding_of(store, number):
    """The id of a chip and its embedding, L2-normalised."""
    row = all_rows(store)[number]
    vector = np.array(row["embedding"], dtype=np.float32)
    return row["id"], vector / np.linalg.norm(vector)


def test_chips_pictures_and_vectors_refine_what_is_described(model, store):
    """They are marks, whatever they are, and a text among them is none."""
    chip, its_vector = embedding_of(store, 3)
    other, other_vector = embedding_of(store, 4)
    found = vector_of(
        model,
        store,
        text="a river",
        like=[Chip(chip, 2.0), "a lake", Vector(axis(5))],
        unlike=[Picture("x.png"), (Chip(other), 0.25)],
    )
    expected = refine(
        axis(0),
        np.stack([its_vector, axis(5)]),
        np.stack([axis(1), other_vector]),
        Snapshot(store).background,
        good_weights=[2.0, 1.0],
        bad_weights=[1.0, 0.25],
    )
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert abs(found @ axis(0)) < 0.999


def test_pictures_and_texts_that_are_described_stay_a_sum(model, store):
    """A picture counts a fifth; as are examples alone: nothing is to be refined."""
    found = vector_of(model, store, text="a river", image="x.png")
    np.testing.assert_allclose(found, (5 * axis(0) + axis(1)) / np.sqrt(26), atol=1e-6)
    found = vector_of(model, store, text="a river", image=Picture("x.png", 1.0))
    np.testing.assert_allclose(found, (axis(0) + axis(1)) / np.sqrt(2), atol=1e-6)
    np.testing.assert_array_equal(vector_of(model, store, image="x.png"), axis(1))
    chip, its_vector = embedding_of(store, 3)
    np.testing.assert_allclose(vector_of(model, store, like=[Chip(chip)]), its_vector, atol=1e-7)
    found = vector_of(model, store, like=[Chip(chip)], unlike=["a road"])
    total = its_vector - 0.35 * axis(0)
    np.testing.assert_allclose(found, total / np.linalg.norm(total), atol=1e-6)


@pytest.fixture(scope="module")
def larger_store(tmp_path_factory):
    """Chips enough to say how scores vary, in few clusters: not alike along each axis."""
    return make_store(tmp_path_factory.mktemp("larger") / "index", 400, dim=8, clusters=2)


def test_each_part_counts_by_how_much_its_scores_vary(larger_store):
    """Of what is described, and of good examples beside a text to be unlike."""
    rows = np.array([row["embedding"] for row in all_rows(larger_store)], dtype=np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ratio = rows[:, 0].std() / rows[:, 6].std()
    assert abs(np.log(ratio)) > 0.2, "they do vary unlike each other"
    model = Axes({"a road": 6})
    found = vector_of(model, larger_store, text=["a river", "a road"])
    np.testing.assert_allclose(found[6] / found[0], ratio, rtol=1e-3)
    found = vector_of(model, larger_store, text="a river", unlike=["a road"])
    np.testing.assert_allclose(found[6] / found[0], -0.35 * ratio, rtol=1e-3)
    found = vector_of(model, larger_store, like=[Vector(axis(0))], unlike=["a road"])
    np.testing.assert_allclose(found[6] / found[0], -0.35 * ratio, rtol=1e-3)


def test_good_examples_alone_are_their_mean(model, larger_store):
    """Alike however their scores vary, and one part beside a text to be unlike."""
    found = vector_of(model, larger_store, like=[Vector(axis(0)), (Vector(axis(6)), 3.0)])
    mean = (axis(0) + axis(6, 3.0)) / np.sqrt(10)
    np.testing.assert_allclose(found, mean, atol=1e-6)
    one = vector_of(model, larger_store, like=[(Vector(mean), 2.0)], unlike=["a road"])
    goods = [(Vector(axis(0)), 1.0), (Vector(axis(6)), 3.0)]
    several = vector_of(model, larger_store, like=goods, unlike=["a road"])
    np.testing.assert_allclose(several, one, atol=1e-6)


def test_a_bad_example_refines_good_ones_without_a_description(model, store):
    chip, its_vector = embedding_of(store, 3)
    other, other_vector = embedding_of(store, 4)
    found = vector_of(model, store, like=[Chip(chip)], unlike=[Chip(other)])
    background = Snapshot(store).background
    expected = refine(its_vector, its_vector[None], other_vector[None], background)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_is_said_is_what_is_looked_for(model, store):
    row = all_rows(store)[3]
    chip = np.array(row["embedding"], dtype=np.float32)
    chip /= np.linalg.norm(chip)
    np.testing.assert_allclose(vector_of(model, store, like=[Chip(row["id"])]), chip, atol=1e-6)
    pairs = [(Vector(3 * axis(4)), 2.0), (axis(5), 1.0)]
    expected = (axis(4, 2.0) + axis(5)) / np.sqrt(5)
    np.testing.assert_allclose(vector_of(model, store, like=pairs), expected, atol=1e-6)
    assert (model.texts, model.images) == ([], [])
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    image = Image.new("RGB", (4, 4))
    vector_of(model, store, image="a.png", like=[Path("b.png"), image, pixels])
    assert [picture.getpixel((0, 0))[0] for picture in model.images[:2]] == [1, 2]
    assert model.images[2] is image
    assert model.images[3] is pixels


def test_a_string_is_a_text_whatever_it_looks_like(model, store, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save("photo.png")
    texts = ["photo.png", "chip:00000003", "a.tif", "a harbour"]
    with caplog.at_level(logging.WARNING):
        vector_of(model, store, text="photo.png", like=texts, unlike=["photo.png"])
    assert model.texts == ["photo.png", *texts, "photo.png"]
    assert model.images == []
    assert caplog.messages == ["'chip:00000003' is looked for as a text; say a chip as Chip(id)"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "there is nothing to look for"),
        ({"unlike": ["a road"]}, "there is nothing to look for"),
        ({"text": ["a road", " "]}, "the text to look for is empty"),
        ({"like": "a road"}, r"like is the text 'a road'; give a list: like=\['a road'\]"),
        ({"like": [None]}, "like holds None, which is no example"),
        ({"like": [("a road", 0.0)]}, "the weight of 'a road' is 0.0; it must be greater than 0"),
        ({"like": [(Chip("a"), float("inf"))]}, "the weight of 'a' is inf"),
        ({"like": [np.zeros(8)]}, "zero or not finite"),
        ({"like": [Vector([1.0, float("nan")] * 4)]}, "zero or not finite"),
        ({"like": [np.ones(3)]}, "has 3 numbers, the index's embeddings 8"),
        ({"text": "a", "unlike": [("b", 1.0)]}, "cancel out"),
        ({"image": "chip:0012"}, r"image is 'chip:0012', a chip; say like=\[Chip\('0012'\)\]"),
    ],
)
def test_what_cannot_be_looked_for(model, store, options, message):
    with pytest.raises(QueryError, match=message):
        vector_of(model, store, **options)


def test_a_chip_that_is_not_there(model, store):
    with pytest.raises(NotFoundError, match='there is no chip "it\'s" in the index'):
        vector_of(model, store, like=[Chip("it's")])


@pytest.mark.parametrize("given", [5, b"water", ["a", 3]])
def test_texts_of_other_types_are_refused(model, store, given):
    with pytest.raises(QueryError, match="a text to look for is a string, not"):
        vector_of(model, store, text=given)


def test_several_texts_and_an_image_of_a_weight(model, store):
    expected = (axis(0, 2.0) + axis(1, 4.0)) / np.sqrt(20)
    query = {"text": ["a river", "a lake"], "image": Picture("x.png", 4.0)}
    np.testing.assert_allclose(vector_of(model, store, **query), expected, atol=1e-6)
    assert model.texts == ["a river", "a lake"]
    only_unlike = [Text("a road", 3.0)]
    with pytest.raises(QueryError, match="there is nothing to look for"):
        vector_of(model, store, unlike=only_unlike)


@pytest.mark.parametrize(("weight", "is_enough"), [(0.9995, False), (0.998, True)])
def test_sums_shorter_than_a_thousandth_have_no_direction(store, weight, is_enough):
    query = {"text": "a river", "unlike": [("a road", weight)]}
    if is_enough:
        np.testing.assert_allclose(vector_of(Axes(), store, **query), axis(0), atol=1e-4)
        return
    with pytest.raises(QueryError, match="cancel out"):
        vector_of(Axes(), store, **query)


class Expandable(Axes):
    """Embeds as `Axes`, and has no captions, so that phrases join its short texts."""

    captions = None


def test_short_texts_are_joined_wherever_they_stand(store):
    """Here all phrases are on axis 0, and so pull the texts of other axes towards it."""
    model = Expandable({"boats": 2, "the pier": 3, "a submarine": 4})
    expander = Expander(lambda: model)

    def embedded(**options):
        return embed_query(lambda: model, Snapshot(store), Query(**options), expander)

    joined = (axis(0) + axis(2)) / np.sqrt(2)
    found = embedded(text="boats")
    np.testing.assert_allclose(found.vector, joined, atol=1e-6)
    (told,) = found.expanded
    assert (told.text, told.terms, told.num_captions) == ("boats", ("boat",), 0)
    typed = embedded(text="boats", expand="off")
    assert (typed.vector == axis(2)).all()
    assert typed.expanded == ()
    # The weight is that of the joined text, which has the length of any other.
    pier = (axis(0) + axis(3)) / np.sqrt(2)
    found = embedded(text="boats", like=[Text("the pier", 2.0)], unlike=["a submarine", "boats"])
    expected = joined + 2 * pier - 0.35 * axis(4) - 0.35 * joined
    np.testing.assert_allclose(found.vector, expected / np.linalg.norm(expected), atol=1e-6)
    assert [told.text for told in found.expanded] == ["boats", "the pier", "boats"]
    # What is no text is joined by nothing.
    assert embedded(image=Picture("x.png"), like=[Vector(axis(5))]).expanded == ()
    assert (vector_of(model, store, text="boats") == axis(2)).all()


def test_a_way_of_expanding_that_is_none_is_named():
    with pytest.raises(QueryError, match="expand is 'on'; allowed are auto, off"):
        Query("boats", expand="on")
