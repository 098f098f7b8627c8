"""captions.safetensors: what is written is read; what is no such file is named."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harma.errors import DataError, ModelMismatchError, WeightsError
from harma.model.caption_file import kept_by, num_captions, read_captions, write_captions
from harma.model.caption_memory import CaptionMemory

CAPTIONS = ("a road", "ein Fluß", "道路")
METADATA = {"captions": "harma 1 abc"}


@pytest.fixture
def file(tmp_path):
    embeddings = np.random.default_rng(0).normal(size=(3, 64))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    rounded = embeddings.astype(np.float16).astype(np.float32)
    memory = CaptionMemory(CAPTIONS, rounded, "abc")
    write_captions(tmp_path / "captions.safetensors", memory)
    return tmp_path / "captions.safetensors", memory


def test_what_is_written_is_read(file, tmp_path):
    path, memory = file
    again = read_captions(path, "abc", 64)
    assert again.captions == CAPTIONS
    assert again.embeddings.dtype == np.float32
    assert (again.embeddings == memory.embeddings).all()
    assert again.model_id == "abc"
    tensors = load_file(path)
    assert tensors["embeddings"].dtype == np.float16
    assert bytes(tensors["captions"]).decode() == "a road\nein Fluß\n道路"
    write_captions(tmp_path / "again", again)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_what_is_in_a_file_is_told_without_reading_it(file, tmp_path):
    path, _ = file
    assert num_captions(path) == 3
    assert kept_by(path) == "abc"
    assert num_captions(tmp_path / "none") == 0
    assert kept_by(tmp_path / "none") is None


def test_captions_of_another_model_are_refused(file):
    path, _ = file
    with pytest.raises(
        ModelMismatchError, match=r"in .*captions\.safetensors were embedded by the"
    ):
        read_captions(path, "abd", 64)


def test_a_caption_of_several_lines_has_no_place(tmp_path):
    memory = CaptionMemory(("a\nb",), np.eye(1, dtype=np.float32), "abc")
    with pytest.raises(DataError, match="a caption has several lines"):
        write_captions(tmp_path / "file", memory)
    assert list(tmp_path.iterdir()) == []


def bytes_of(text):
    return np.frombuffer(text, dtype=np.uint8)


HALF = np.eye(2, 4, dtype=np.float16)


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        (
            {"embeddings": HALF, "captions": bytes_of(b"a\nb")},
            {"format": "pt"},
            "holds no captions",
        ),
        (
            {"embeddings": HALF, "captions": bytes_of(b"a\nb")},
            {"captions": "harma 1"},
            "holds no captions",
        ),
        ({"embeddings": HALF, "captions": bytes_of(b"a\nb")}, None, "holds no captions of HarMA's"),
        (
            {"embeddings": HALF, "captions": bytes_of(b"a\nb")},
            {"captions": "harma 2 abc"},
            "has version '2'; this HarMA reads version 1",
        ),
        ({"embeddings": HALF}, METADATA, r"cannot be used \(it holds embeddings\)"),
        ({"embeddings": HALF, "captions": bytes_of(b"a\nb\nc")}, METADATA, "do not fit 3 captions"),
        ({"embeddings": HALF, "captions": bytes_of(b"a\na")}, METADATA, "is there twice"),
        ({"embeddings": HALF, "captions": bytes_of(b"a\n\xff")}, METADATA, "are not UTF-8"),
        (
            {"embeddings": HALF.astype(np.float32), "captions": bytes_of(b"a\nb")},
            METADATA,
            "its tensors are float32 and uint8",
        ),
        (
            {"embeddings": HALF, "captions": np.array([97, 10, 98])},
            METADATA,
            "its tensors are float16 and int64",
        ),
        (
            {"embeddings": HALF * np.float16(np.nan), "captions": bytes_of(b"a\nb")},
            METADATA,
            "embeddings are not numbers",
        ),
        (
            {"embeddings": HALF * np.float16(2), "captions": bytes_of(b"a\nb")},
            METADATA,
            "not of length 1",
        ),
        (
            {"embeddings": np.eye(2, 5, dtype=np.float16), "captions": bytes_of(b"a\nb")},
            METADATA,
            r"its embeddings are \(2, 5\), those of the model 4 long",
        ),
        (
            {"embeddings": np.ones((2, 1), dtype=np.float16), "captions": bytes_of(b"a\nb")},
            METADATA,
            r"its embeddings are \(2, 1\)",
        ),
        ({"embeddings": HALF[0], "captions": bytes_of(b"a")}, METADATA, r"its embeddings are \(4,"),
    ],
)
def test_what_is_no_such_file_is_named(tmp_path, tensors, metadata, message):
    path = tmp_path / "captions.safetensors"
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match=message) as refused:
        read_captions(path, "abc", 4)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", "cut"])
def test_a_damaged_file_is_named(file, content):
    path, _ = file
    path.write_bytes(path.read_bytes()[:-5] if content == "cut" else content)
    for read in (lambda: read_captions(path, "abc", 64), lambda: kept_by(path)):
        with pytest.raises(
            WeightsError, match=r"captions\.safetensors cannot be used \(.*delete it"
        ):
            read()
    with pytest.raises(WeightsError, match="cannot be used"):
        num_captions(path)


def test_a_file_without_embeddings_has_no_number(tmp_path):
    save_file({"weights": HALF}, tmp_path / "file", metadata=METADATA)
    with pytest.raises(WeightsError, match="it holds weights"):
        num_captions(tmp_path / "file")
