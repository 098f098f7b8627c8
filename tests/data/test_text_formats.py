"""Lines of captions and of image names: read in pairs or each name once, faults named."""

import pytest
from tests.data.reading import read

from harma.data.text_formats import caps_pairs
from harma.errors import ConfigError


def test_caps(root):
    root.text("train_caps.txt", "A river\r\nTwo, houses\n\nlast")
    root.text("train_filename.txt", "a.jpg\na.jpg\nb.jpg\nc.jpg\n")
    rows, problems = read("caps", root, "train_caps.txt")
    assert problems == []
    assert [(str(r.place), r.image, r.captions[0]) for r in rows] == [
        ("train_caps.txt line 1", "a.jpg", "A river"),
        ("train_caps.txt line 2", "a.jpg", "Two, houses"),
        ("train_caps.txt line 3", "b.jpg", ""),
        ("train_caps.txt line 4", "c.jpg", "last"),
    ]


def test_caps_lines_end_at_newlines_only(root):
    root.text("x_caps.txt", "a\u2028b\x0bc\n")
    root.text("x_filename.txt", "a.jpg\n")
    assert len(read("caps", root, "x_caps.txt")[0]) == 1


def test_caps_bad_lines(root):
    root.text("x_caps.txt", "a\nb\n")
    root.text("x_filename.txt", "a.jpg\n \n")
    assert read("caps", root, "x_caps.txt")[1] == [
        'x_filename.txt line 2: is " "; it must name an image'
    ]
    root.text("x_filename.txt", "a.jpg\nb.jpg\nc.jpg\n")
    (problem,) = read("caps", root, "x_caps.txt")[1]
    assert problem.startswith(
        "x_caps.txt: has 2 lines, x_filename.txt has 3; their lines go in pairs"
    )
    (root.path / "x_filename.txt").unlink()
    assert "x_filename.txt: is not there" in read("caps", root, "x_caps.txt")[1][0]


def test_caps_pairs():
    assert caps_pairs(["a_caps.txt", "b_caps.txt"]) == [
        ("a_caps.txt", "a_filename.txt"),
        ("b_caps.txt", "b_filename.txt"),
    ]
    assert caps_pairs(["a_caps.txt", "names.txt"]) == [("a_caps.txt", "names.txt")]
    assert caps_pairs(["words.txt", "names.txt"]) == [("words.txt", "names.txt")]
    with pytest.raises(ConfigError, match="words.txt has no file of image names; list it as"):
        caps_pairs(["words.txt"])


def test_both_files_of_a_pair_are_named_at_once(root):
    problems = read("caps", root, "x_caps.txt")[1]
    assert [problem.split(":")[0] for problem in problems] == ["x_caps.txt", "x_filename.txt"]


def test_names_lose_their_spaces(root):
    root.text("x_caps.txt", "a\n")
    root.text("x_filename.txt", " a.jpg \n")
    assert read("caps", root, "x_caps.txt")[0][0].image == "a.jpg"


# Each name once, the captions of an image one after the other, as AMFMN's training files have it.
@pytest.mark.parametrize("per_name", [2, 3, 5])
def test_names_once(root, per_name):
    names = ["a.jpg", " b.jpg", "c.jpg"]
    captions = [f"caption {index}" for index in range(per_name * len(names))]
    root.text("x_caps.txt", "\n".join(captions))
    root.text("x_filename.txt", "\ufeff" + "\r\n".join(names) + "\r\n")
    rows, problems = read("caps", root, "x_caps.txt")
    assert problems == []
    assert [row.captions[0] for row in rows] == captions
    assert [row.image for row in rows] == [name.strip() for name in names for _ in range(per_name)]
    assert [str(row.place) for row in rows][-1] == f"x_caps.txt line {3 * per_name}"


@pytest.mark.parametrize(
    ("num_captions", "names"),
    [
        (5, ["a.jpg", "b.jpg"]),  # not equally many
        (4, ["a.jpg", "a.jpg"]),  # a list in pairs that has lost lines
        (6, ["a.jpg", "b.jpg", "a.jpg "]),
        (2, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]),  # more names than captions
        (3, []),
    ],
)
def test_lines_that_do_not_go_together(root, num_captions, names):
    root.text("x_caps.txt", "a caption\n" * num_captions)
    root.text("x_filename.txt", "".join(f"{name}\n" for name in names))
    rows, problems = read("caps", root, "x_caps.txt")
    assert rows == []
    assert problems == [
        f"x_caps.txt: has {num_captions} lines, x_filename.txt has {len(names)}; their lines go in"
        " pairs; or every name stands once, and each has equally many captions"
    ]


def test_a_bad_name_that_stands_once_is_one_problem(root):
    root.text("x_caps.txt", "a\nb\nc\nd\n")
    root.text("x_filename.txt", "a.jpg\n \n")
    rows, problems = read("caps", root, "x_caps.txt")
    assert [row.image for row in rows] == ["a.jpg", "a.jpg"]
    assert problems == ['x_filename.txt line 2: is " "; it must name an image']
