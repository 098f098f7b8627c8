"""Embedding many image files."""

import numpy as np
import pytest
import torch
from PIL import Image

from harma.backbones import load_backbone
from harma.errors import ConfigError, DataError
from harma.model import image_files
from harma.model.image_files import embed_files, find_images
from harma.model.model import HarMA


@pytest.fixture(scope="module")
def model():
    from tests.conftest import TINY

    torch.manual_seed(0)
    return HarMA(load_backbone(TINY)).eval()


@pytest.fixture
def files(tmp_path):
    """Seven pictures, the third and fifth of which cannot be read."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(7)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (40, 48, 3), dtype=np.uint8)).save(path)
    paths[2].write_bytes(b"")
    paths[4].write_text("not a picture")
    return paths


@pytest.mark.parametrize("num_workers", [0, 2])
def test_rows_are_those_of_the_readable_files_in_their_order(model, files, num_workers):
    told = []
    embedded = embed_files(
        model,
        files,
        batch_size=2,
        num_workers=num_workers,
        skip_unreadable=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert embedded.paths == tuple(files[i] for i in (0, 1, 3, 5, 6))
    assert list(embedded.problems) == [files[2], files[4]]
    assert "is empty (0 bytes)" in embedded.problems[files[2]]
    assert embedded.embeddings == pytest.approx(model.embed_images(embedded.paths), abs=1e-6)
    assert told == [(2, 7), (4, 7), (6, 7), (7, 7)]


def test_all_that_cannot_be_read_is_named_and_no_more_is_embedded(model, files, monkeypatch):
    embedded = []
    encode = model.encode_image
    monkeypatch.setattr(
        model, "encode_image", lambda pixels: embedded.append(len(pixels)) or encode(pixels)
    )
    with pytest.raises(
        DataError, match="2 of 7 images cannot be read; replace them, or leave them out"
    ) as error:
        embed_files(model, files, batch_size=2)
    assert all(files[i].name in str(error.value) for i in (2, 4))
    assert embedded == [2]
    with pytest.raises(DataError, match="1 of 1 images cannot be read"):
        embed_files(model, files[2:3], skip_unreadable=True)


def test_half_precision(model, files):
    embedded = embed_files(model, files[:2], dtype="float16").embeddings
    assert embedded.dtype == np.float16
    assert embedded == pytest.approx(model.embed_images(files[:2]), abs=1e-3)


def test_images_are_found_once_and_not_at_addresses(files, tmp_path):
    (tmp_path / "list.txt").write_text(f"{files[1]}\n{files[0].name}\n")
    assert find_images([files[0], tmp_path / "list.txt"]) == files[:2]
    assert find_images([tmp_path]) == files
    with pytest.raises(ConfigError, match=r"a\.tif is an address; images are read from files"):
        find_images(["https://example.org/a.tif"])


@pytest.mark.parametrize(("batch_size", "wanted"), [(7, 0), (64, 0), (3, 2)])
def test_images_of_one_batch_start_no_process(model, files, monkeypatch, batch_size, wanted):
    seen = []

    class Loader(image_files.DataLoader):
        def __init__(self, *args, **options):
            seen.append(options.pop("num_workers"))
            super().__init__(*args, **options)

    monkeypatch.setattr(image_files, "DataLoader", Loader)
    embed_files(model, files, batch_size=batch_size, num_workers=2, skip_unreadable=True)
    assert seen == [wanted]
