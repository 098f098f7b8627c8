from harma.curation.raw import RawImage
from harma.curation.vocabulary.gathering import GatheredCaptions


def test_images_are_numbered_through_and_texts_have_their_own():
    gathered = GatheredCaptions()
    gathered.add_images([RawImage("a", ("x", "y"), label_name="port"), RawImage("b", ())])
    gathered.add_texts(["z", "w"])
    gathered.add_images([RawImage("c", ("v",), label=4)])
    assert gathered.captions == ["x", "y", "z", "w", "v"]
    assert gathered.images == [0, 0, 2, 3, 4]
    assert gathered.labels == ["port", "port", None, None, "4"]
    assert gathered.num_images == 5
