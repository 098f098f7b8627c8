"""Decoding apart: what becomes of a picture, and what is said over the pipe."""

import io
import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from tests.serve.pictures import bombs, encoded, noise, png_that_says

from harma.serve.decoding import REQUEST, Decoded, decode, read_answer

MOST = 25_000_000
PLAIN = encoded(noise(), "PNG")


def test_a_picture_becomes_rgb_bytes():
    decoded, pixels = decode(PLAIN, "PNG", MOST)
    assert decoded == Decoded(48, 48)
    assert np.array_equal(np.frombuffer(pixels, np.uint8).reshape(48, 48, 3), np.asarray(noise()))


def test_the_header_decides_before_anything_is_decoded():
    decoded, pixels = decode(png_that_says(65_535, 65_535), "PNG", MOST)
    assert decoded.is_too_large
    assert pixels == b""
    exact = encoded(noise("L", 50, 40), "PNG")
    assert decode(exact, "PNG", 2000)[0].problem == ""
    decoded, _ = decode(exact, "PNG", 1999)
    assert decoded.problem == "it has 50×40 pixels; at most 1,999 are read"


@pytest.mark.parametrize("body", [PLAIN[:100], PLAIN[:20], b"", bombs()["no width"]])
def test_damage_says_nothing_of_the_inside(body):
    decoded, pixels = decode(body, "PNG", MOST)
    assert decoded.problem == "it is damaged or incomplete, or of a kind that is not read"
    assert not decoded.is_too_large
    assert pixels == b""


def test_another_format_than_was_said_is_not_tried():
    assert decode(encoded(noise(), "TIFF"), "PNG", MOST)[0].problem


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'{"width": 2',
        json.dumps(asdict(Decoded(2, 2))).encode() + b"\n" + b"12345678901",
        json.dumps(asdict(Decoded(9999, 9999))).encode() + b"\n" + b"x" * 4_000_000,
    ],
)
def test_half_an_answer_is_an_end(answer):
    with pytest.raises(EOFError):
        read_answer(io.BytesIO(answer))


def test_the_process_answers_one_picture_after_another():
    bodies = [PLAIN, PLAIN[:99], encoded(noise("RGB", 9, 5), "JPEG")]
    kinds = [b"PNG     ", b"PNG     ", b"JPEG    "]
    requests = [
        REQUEST.pack(kind, len(body)) + body for kind, body in zip(kinds, bodies, strict=True)
    ]
    answered = subprocess.run(
        [sys.executable, "-m", "harma.serve.decoding", str(MOST), str(800 << 20), "10"],
        input=b"".join(requests),
        capture_output=True,
        check=True,
    )
    answers = io.BytesIO(answered.stdout)
    decoded = [read_answer(answers)[0] for _ in bodies]
    assert [(one.width, one.height) for one in decoded] == [(48, 48), (0, 0), (9, 5)]
    assert answers.read() == b""
