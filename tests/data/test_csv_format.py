"""CSV and TSV of captions: the columns of all conventions, and everything wrong with its place."""

import pytest
from tests.data.reading import read

from harma.data.annotations import load_split
from harma.data.csv_format import separator_of, unread_columns
from harma.data.description import DataDescription


@pytest.mark.parametrize("header", ["filename,title", "image,caption", "title,x,filename"])
def test_csv(root, header):
    values = {
        "filename": "a.jpg",
        "image": "a.jpg",
        "title": '"A, b\nc"',
        "caption": '"A, b\nc"',
        "x": "1",
    }
    record = ",".join(values[column] for column in header.split(","))
    root.text("t.csv", f"{header}\n{record}\n\n{record}\n")
    rows, problems = read("csv", root, "t.csv")
    assert problems == []
    assert [(str(r.place), r.image, r.captions) for r in rows] == [
        ("t.csv line 2", "a.jpg", ("A, b\nc",)),
        ("t.csv line 5", "a.jpg", ("A, b\nc",)),
    ]


def test_csv_labels(root):
    root.text("t.csv", "image,caption,label_name\na.jpg,x,port\nb.jpg,y,\n")
    assert [row.label_name for row in read("csv", root, "t.csv")[0]] == ["port", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv line 1: is []; the header must have filename,title or image,caption"),
        (
            "picture,words\n",
            (
                't.csv line 1: is ["picture", "words"]; the header must have filename,title or'
                " image,caption"
            ),
        ),
        (
            "filename,title\na.jpg,one, two\n",
            (
                "t.csv line 2: has 3 fields, the header has 2; put captions with commas in double"
                " quotes"
            ),
        ),
        (
            "filename,title\na.jpg\n",
            (
                "t.csv line 2: has 1 fields, the header has 2; put captions with commas in double"
                " quotes"
            ),
        ),
        (
            "image,caption, image\na.jpg,x,b.jpg\n",
            "t.csv line 1: has the column image 2 times; leave one",
        ),
        (
            "label_name,image,caption,label_name\nx,a.jpg,x,y\n",
            "t.csv line 1: has the column label_name 2 times; leave one",
        ),
        ("filename,title\n,x\n", 't.csv line 2: filename is ""; it must name an image'),
        ('filename,title\na.jpg,"x"y\n', "t.csv line 2: is not CSV (',' expected after '\"')"),
    ],
)
def test_csv_bad_lines(root, content, message):
    root.text("t.csv", content)
    (problem,) = read("csv", root, "t.csv")[1]
    assert problem.startswith(message)


def test_columns_that_no_reader_takes():
    assert unread_columns("image,caption,source, label_name \n") == ["source"]
    assert unread_columns("filename,title,caption\n") == ["caption"]
    assert unread_columns("") == []


def test_other_columns_may_come_twice(root):
    root.text("t.csv", "x,image,x,caption\n1,a.jpg,2,y\n")
    rows, problems = read("csv", root, "t.csv")
    assert (problems, rows[0].image, rows[0].captions) == ([], "a.jpg", ("y",))


def test_names_of_images_lose_their_spaces(root):
    root.text("t.csv", "image,caption\n a.jpg ,y\n")
    assert read("csv", root, "t.csv")[0][0].image == "a.jpg"


# As other tools write them; right values by hand.
CONVENTIONS = {
    "open_clip": "filepath\ttitle\n{a}\tone, two\n",
    "open_clip, commas": 'filepath,title\n{a},"one, two"\n',
    "SkyScript": 'filepath,title,title_multi_objects,similarity\n{a},"one, two",x,0.2\n',
    "byte order mark": '\ufefffilepath,title\n{a},"one, two"\n',
    "quoted header": '"filepath","title"\r\n"{a}","one, two"\r\n',
    "index column": ',image_path,text\n0,{a},"one, two"\n',
    "capitals": 'Image,Caption\n{a},"one, two"\n',
    "Flickr30k": "image_name|comment_number|comment\n{a}|0|one, two\n",
    "Excel": "image;caption\n{a};one, two\n",
    "img2dataset": 'url,caption,file\nhttps://x/y.jpg,"one, two",{a}\n',
    "two captions": 'image,caption,text\n{a},"one, two",three\n',
}


@pytest.mark.parametrize("content", CONVENTIONS.values(), ids=CONVENTIONS)
def test_conventions(root, content):
    root.text("t.csv", content.format(a="sub/a.jpg"))
    rows, problems = read("csv", root, "t.csv")
    assert problems == []
    assert [(row.image, row.captions) for row in rows] == [("sub/a.jpg", ("one, two",))]


def test_absolute_paths_and_several_captions_of_an_image(root):
    absolute = root.image("a.png")
    root.image("b.png")
    root.text("t.csv", f"filepath\ttitle\n{absolute}\tone\nb.png\ttwo\na.png\tthree\n")
    split = load_split(DataDescription("x", "csv", train=("t.csv",)), "train", root.path)
    assert split.image_names == ("a.png", "b.png")
    assert split.captions == ("one", "three", "two")
    assert split.caption_to_image.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("url,caption", "addresses of images are not read: download them (img2dataset does)"),
        ("URL\tTEXT", "addresses of images are not read"),
        ("path,text,description", "text, description could each be the caption"),
        ("path,img,caption", "path, img could each be the image"),
        ("caption", "the header must have filename,title or image,caption"),
        ("a.jpg,a river", "the header must have filename,title or image,caption"),
    ],
)
def test_headers_that_cannot_be_read(root, header, message):
    root.text("t.csv", f"{header}\n1,2,3\n")
    (problem,) = read("csv", root, "t.csv")[1]
    assert problem.startswith("t.csv line 1: is [")
    assert message in problem


def test_the_separator_is_that_of_the_header():
    assert separator_of("filepath\ttitle\na,b\tc") == "\t"
    assert separator_of("filepath,title\na\tb,c") == ","
    assert separator_of("nothing") == ","
    assert unread_columns("filepath\ttitle\tsimilarity\n") == ["similarity"]
