"""webdataset shards: samples of pictures and captions read in place, checked, trained on."""

import io
import json
import tarfile

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from tests.data.reading import read

from harma.curation.check import check_data
from harma.curation.convert import convert, write_conversion
from harma.curation.stats import data_stats
from harma.data.annotations import load_split
from harma.data.cache import ImageCache
from harma.data.description import DataDescription, load_description
from harma.data.webdataset_format import shards_of
from harma.errors import ConfigError, MissingFileError
from harma.scenes.picture import read_image
from harma.scenes.rendering import read_rgb


def picture(seed, form="PNG"):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **({"lossless": True} if form == "WEBP" else {}))
    return pixels, buffer.getvalue()


def shard(root, name, files):
    path = root.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for member_name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(member_name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def described(*shards):
    return DataDescription("x", "webdataset", train=shards)


def test_samples_of_every_kind(root):
    files = {
        "000.png": picture(0)[1],
        "000.txt": "a river\n",
        "000.json": json.dumps({"caption": "not this", "sha256": "x"}),
        "sub/001.jpg": picture(1, "JPEG")[1],
        "sub/001.json": json.dumps({"caption": "a road", "width": 10}),
        "./002.image.webp": picture(2, "WEBP")[1],
        "./002.captions.json": json.dumps({"captions": ["one", "two"]}),
        # Apart, as a tar made by name and not by sample has them.
        "003.txt": "\ufeffa \u0141\u00f3d\u017a bridge",
        "004.PNG": picture(4)[1],
        "004.TXT": "loud",
        "003.tiff": picture(3, "TIFF")[1],
    }
    shard(root, "t.tar", files)
    rows, problems = read("webdataset", root, "t.tar")
    assert problems == []
    assert [(row.image, row.captions) for row in rows] == [
        ("t.tar/000.png", ("a river",)),
        ("t.tar/sub/001.jpg", ("a road",)),
        ("t.tar/002.image.webp", ("one", "two")),
        ("t.tar/003.tiff", ("a Łódź bridge",)),
        ("t.tar/004.PNG", ("loud",)),
    ]
    assert str(rows[1].place) == "t.tar row 1"


@pytest.fixture
def shards(root):
    """Three shards of two samples each; their pixels by (shard, sample)."""
    pixels = {}
    for number in range(3):
        files = {}
        for sample in range(2):
            key = f"{number:05d}{sample:04d}"
            pixels[number, sample], files[f"{key}.png"] = picture(10 * number + sample)
            files[f"{key}.txt"] = f"caption {number} {sample}"
        shard(root, f"shards/{number:05d}.tar", files)
    return pixels


@pytest.mark.parametrize(
    "name", ["shards/{00000..00002}.tar", "shards/*.tar", "shards/0000[012].tar"]
)
def test_a_data_set_is_read_in_place(root, shards, name, tmp_path):
    description = described(name)
    report = check_data(description, root.path)
    assert (report.problems, report.sizes["train"]) == ((), (6, 6))
    split = load_split(description, "train", root.path)
    assert split.captions[:3] == ("caption 0 0", "caption 0 1", "caption 1 0")
    assert split.image_names[0] == "shards/00000.tar/000000000.png"
    for cache in (ImageCache("none"), ImageCache("memory"), ImageCache("disk", tmp_path / "c")):
        for _ in range(2):
            for path, expected in zip(split.images, shards.values(), strict=True):
                assert (cache.get(path).permute(1, 2, 0).numpy() == expected).all()
    assert data_stats(description, root.path).splits[0].num_images == 6


def test_conversions_name_the_members(root, shards):
    made = convert(described("shards/*.tar"), root.path, "csv", root.path / "csv")
    assert made.files["train.csv"].splitlines()[1] == "shards/00000.tar/000000000.png,caption 0 0"
    path = write_conversion(made, root.path / "csv")
    split = load_split(load_description(path), "train", root.path / "csv")
    assert (np.asarray(read_image(split.images[5])) == shards[2, 1]).all()


def test_an_image_folder_makes_no_sense(root, shards):
    with pytest.raises(ConfigError, match="images is x, but pictures of format webdataset lie in"):
        load_split(described("shards/*.tar"), "train", root.path, images="x")


def test_names_of_shards(root, shards):
    assert shards_of(root.path, ["a{8..11}.tar"]) == ("a8.tar", "a9.tar", "a10.tar", "a11.tar")
    assert shards_of(root.path, ["{0..1}/{00..01}.tar"]) == (
        "0/00.tar", "0/01.tar", "1/00.tar", "1/01.tar",
    )  # fmt: skip
    assert shards_of(root.path, ["shards/*.tar", "shards/00001.tar"]) == (
        "shards/00000.tar", "shards/00001.tar", "shards/00002.tar",
    )  # fmt: skip
    # What fits nothing is named as it was written.
    for name in ("no/*.tar", "{2..1}.tar", "{0..99999999}.tar", "/abs/*.tar"):
        assert shards_of(root.path, [name]) == (name,)


def test_missing_shards_are_named(root, shards):
    description = described("shards/{00001..00003}.tar")
    with pytest.raises(MissingFileError, match=r"shards/00003\.tar"):
        load_split(description, "train", root.path)
    (problem,) = check_data(description, root.path).problems
    assert str(problem).startswith("shards/00003.tar: is not there; looked for ")
    (problem,) = check_data(described("no/*.tar"), root.path).problems[:1]
    assert str(problem).startswith("no/*.tar: is not there")


PNG = picture(0)[1]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.png": PNG}, "row 0: sample 'a' has no caption; give a .txt, or a .json with caption"),
        ({"a.txt": "x"}, "row 0: sample 'a' has 0 pictures; a sample has one (jpg, jpeg"),
        ({"a.png": PNG, "a.jpg": PNG, "a.txt": "x"}, "sample 'a' has 2 pictures; a sample has one"),
        ({"a.png": PNG, "a.json": "{"}, "sample 'a' has a .json that is not JSON"),
        ({"a.png": PNG, "a.json": "[" * 100_000}, "sample 'a' has a .json that is not JSON"),
        ({"a.png": PNG, "a.json": '{"url": 1}'}, "sample 'a' has the caption null; give a .txt"),
        ({"a.png": PNG, "a.json": '{"caption": [1]}'}, "sample 'a' has the caption [1]; give"),
        ({"a.png": PNG, "a.json": "3"}, "sample 'a' has the caption null; give"),
        ({"a.png": PNG, "a.txt": b"\xff"}, "sample 'a' has text that is not UTF-8"),
        ({"../../a.png": PNG, "../../a.txt": "x"}, "sample '../../a' lies outside of the archive"),
        ({"/etc/a.png": PNG, "/etc/a.txt": "x"}, "sample '/etc/a' lies outside of the archive"),
        ({}, "t.tar: holds no files"),
    ],
)
def test_bad_samples(root, files, message):
    shard(root, "t.tar", files)
    (problem,) = read("webdataset", root, "t.tar")[1]
    assert message in problem


def test_damaged_shards_and_pictures(root):
    shard(root, "t.tar", {"a.png": PNG[:100], "a.txt": "x", "b.png": b"", "b.txt": "y"})
    problems = [str(problem) for problem in check_data(described("t.tar"), root.path).problems]
    assert len(problems) == 2
    assert "t.tar/a.png is truncated or damaged" in problems[0]
    assert "t.tar/b.png is empty (0 bytes)" in problems[1]
    whole = (root.path / "t.tar").read_bytes()
    (root.path / "t.tar").write_bytes(whole[:700])
    (problem,) = read("webdataset", root, "t.tar")[1]
    assert "is cut off; copy it again" in problem or "damaged" in problem


# What rasters are read by serves them in shards too.
def test_rasters_in_shards(root, tmp_path):
    values = np.random.default_rng(0).integers(200, 3000, (4, 32, 32), dtype=np.uint16)
    profile = {"driver": "GTiff", "count": 4, "dtype": "uint16", "width": 32, "height": 32}
    place = {"crs": "EPSG:32631", "transform": from_origin(500_000, 5_800_000, 10, 10)}
    with rasterio.open(tmp_path / "a.tif", "w", **profile, **place) as dataset:
        dataset.write(values)
    alone = np.asarray(read_rgb(tmp_path / "a.tif"))
    shard(root, "t.tar", {"000.txt": "a field", "000.tif": (tmp_path / "a.tif").read_bytes()})
    split = load_split(described("t.tar"), "train", root.path)
    assert (np.asarray(read_rgb(split.images[0])) == alone).all()
    assert alone.std() > 10
    assert check_data(described("t.tar"), root.path).problems == ()
