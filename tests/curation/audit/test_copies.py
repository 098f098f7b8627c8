import numpy as np
import pytest
from PIL import Image, ImageOps
from tests.curation.audit.conftest import NUM_SCENES, jpeg, written

from harma.curation.audit import copies as module
from harma.curation.audit.candidates import Candidates
from harma.curation.audit.copies import Copy, find_copies, groups_of
from harma.curation.audit.looks import Looks, look_at, small_grey
from harma.curation.audit.turns import TURNS
from harma.errors import ConfigError
from harma.scenes.picture import read_image


def cropped(image, left, top, right, bottom):
    width, height = image.size
    return image.crop(
        (int(left * width), int(top * height), int((1 - right) * width), int((1 - bottom) * height))
    )


PLANTED = {
    "re-encoded": lambda image: jpeg(image, 30),
    "half": lambda image: image.resize((64, 64)),
    "double": lambda image: image.resize((256, 256)),
    "cropped": lambda image: cropped(image, 0.05, 0.02, 0.0, 0.06),
    "cropped all round": lambda image: cropped(image, 0.05, 0.05, 0.05, 0.05),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_copies_are_found_and_others_are_not(scenes, tmp_path, kind):
    paths = written([*scenes, *map(PLANTED[kind], scenes)], tmp_path)
    copies = find_copies(look_at(paths))
    found = {(copy.first, copy.second) for copy in copies}
    planted = {(i, NUM_SCENES + i) for i in range(NUM_SCENES)}
    assert len(found & planted) / NUM_SCENES > 0.95
    assert found <= planted
    assert all(copy.kind == "near" for copy in copies)


def test_a_turn_and_the_share_in_common_are_told(scenes, tmp_path):
    images = [
        scenes[0],
        scenes[0].transpose(Image.Transpose.ROTATE_90),
        scenes[1],
        ImageOps.mirror(scenes[1]),
    ]
    turns = {copy.first: copy.turn for copy in find_copies(look_at(written(images, tmp_path)))}
    assert turns[0] in ("turned 90°", "turned 270°")
    assert turns[2] == "mirrored"


def test_equal_files_and_equal_pixels_are_told_apart(scenes, tmp_path):
    scenes[0].save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    scenes[0].save(tmp_path / "c.png", compress_level=1)
    scenes[1].save(tmp_path / "d.png")
    looks = look_at([tmp_path / name for name in ("a.png", "b.png", "c.png", "d.png")])
    assert find_copies(looks) == (Copy(0, 1, "file"), Copy(0, 2, "pixels"))
    assert find_copies(looks)[0] == Copy(0, 1, "file", agreement=1.0, turn="", overlap=1.0)


def test_only_equal_images_are_found_where_near_ones_are_not_asked_for(scenes, tmp_path):
    looks = look_at(written([scenes[0], jpeg(scenes[0], 90)], tmp_path))
    assert find_copies(looks, near=False) == ()
    assert len(find_copies(looks)) == 1


def test_plain_pictures_are_no_near_copies_of_each_other(tmp_path):
    images = [Image.new("RGB", (64, 64), (level, level, 90)) for level in (30, 90, 200)]
    assert find_copies(look_at(written(images, tmp_path))) == ()


def test_no_images_and_one_image_have_no_copies(scenes, tmp_path):
    assert find_copies(look_at([])) == ()
    assert find_copies(look_at(written(scenes[:1], tmp_path))) == ()


def test_progress_is_told(scenes, tmp_path):
    told = []
    looks = look_at(
        written(scenes[:3], tmp_path), progress=lambda done, total: told.append((done, total))
    )
    closer = []
    find_copies(
        looks,
        progress=(
            lambda done, total: told.append((done, total)),
            lambda done, total: closer.append((done, total)),
        ),
    )
    assert told == [(1, 3), (2, 3), (3, 3), (3, 3)]
    # None is a candidate.
    assert closer == []


def test_progress_in_detail_and_portions_and_threads(scenes, tmp_path, monkeypatch):
    looks = look_at(written([*scenes[:3], *map(ImageOps.mirror, scenes[:3])], tmp_path))
    expected = find_copies(looks)
    assert len(expected) == 3
    monkeypatch.setattr(module, "AT_ONCE", 4)
    told = []
    found = find_copies(
        looks, num_workers=3, progress=(None, lambda done, total: told.append((done, total)))
    )
    assert found == expected
    total = told[-1][1]
    assert told == [(min(done, total), total) for done in range(4, total + 4, 4)]


@pytest.mark.parametrize("threshold", [0, -1, 1.5])
def test_a_threshold_out_of_range_is_refused(tmp_path, threshold):
    with pytest.raises(ConfigError, match="over 0 and at most 1"):
        find_copies(look_at([]), threshold=threshold)


def test_groups_hold_what_is_linked_through_others():
    copies = [Copy(0, 3, "near"), Copy(3, 5, "near"), Copy(1, 2, "file")]
    assert groups_of(copies, 7) == [[0, 3, 5], [1, 2]]
    # Links that meet in an image which is in a group already.
    copies = [Copy(1, 3, "near"), Copy(2, 3, "near"), Copy(0, 2, "near"), Copy(4, 5, "near")]
    assert groups_of(copies, 6) == [[0, 1, 2, 3], [4, 5]]


def test_of_several_ways_the_best_is_told(scenes, monkeypatch):
    """A picture that is nearly its own mirror image: both turns agree, one of them better."""
    half = np.asarray(scenes[0].convert("L"), np.float32)
    even = half + half[:, ::-1]
    uneven = np.clip(even / 2 + 0.1 * (half - half[:, ::-1]), 0, 255).astype(np.uint8)
    grey = np.stack([small_grey(Image.fromarray(uneven))] * 2)
    looks = Looks(grey, ("a", "b"), ("c", "d"), np.array([[128, 128]] * 2))
    mirrored = TURNS.index((False, False, True))
    # The worse way first, the best one, the worse one again.
    turns = np.array([mirrored, 0, mirrored])
    same = np.zeros(3, np.int64)
    ways = Candidates(same, same + 1, turns, np.array([[0.0, 1, 0, 1]] * 3))
    monkeypatch.setattr(module, "find_candidates", lambda *arguments, **options: ways)
    (copy,) = find_copies(looks)
    assert (copy.turn, copy.agreement) == ("", 1.0)
    other = Candidates(same, same + 1, turns[[0, 2, 0]], ways.box)
    monkeypatch.setattr(module, "find_candidates", lambda *arguments, **options: other)
    (copy,) = find_copies(looks)
    assert copy.turn == "mirrored"
    assert 0.82 <= copy.agreement < 0.999


@pytest.mark.shared
def test_copies_of_real_images_are_found(shared_dir, tmp_path):
    paths = sorted((shared_dir / "data" / "ucm" / "images").rglob("*.jpg"))[::84]
    images = [read_image(path) for path in paths]
    kinds = [kind for kind in PLANTED if kind not in ("cropped", "upside down")]
    planted = [PLANTED[kind](image).convert("RGB") for kind in kinds for image in images]
    copies = find_copies(look_at([*paths, *written(planted, tmp_path)]))
    found = {(copy.first, copy.second) for copy in copies}
    for number, kind in enumerate(kinds, 1):
        share = sum((i, number * len(paths) + i) in found for i in range(len(paths))) / len(paths)
        assert share > 0.95, kind
    assert not [pair for pair in found if pair[1] < len(paths)]


def test_an_agreement_of_just_the_threshold_is_a_copy(scenes, tmp_path, monkeypatch):
    looks = look_at(written([scenes[0], jpeg(scenes[0], 30)], tmp_path))
    fitted = []

    def fit(*arguments):
        fitted.append(original(*arguments))
        return fitted[-1]

    original = module.fit
    monkeypatch.setattr(module, "fit", fit)
    (copy,) = find_copies(looks)
    exactly = float(fitted[0].detail.max())
    assert copy.agreement == round(exactly, 4)
    assert len(find_copies(looks, threshold=exactly)) == 1
    assert find_copies(looks, threshold=exactly + 1e-6) == ()


def test_a_threshold_may_be_one(tmp_path):
    assert find_copies(look_at([]), threshold=1) == ()
