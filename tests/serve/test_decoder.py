"""The process that decodes: its limits, and how it is replaced."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from tests.serve.pictures import bombs, encoded, noise

from harma.errors import QueryError, TooLargeError
from harma.serve.decoder import Decoder

PLAIN = encoded(noise(), "PNG")


@pytest.fixture
def decoders():
    """Makes decoders, which end with the test."""
    made = []

    def make(most_pixels=25_000_000, **options):
        made.append(Decoder(most_pixels, **options))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


def pid_of(decoder):
    return decoder._process.pid


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_decodes_many(decoders):
    decoder = decoders()
    assert decoder.decode(PLAIN, "PNG").picture.size == (48, 48)
    pid = pid_of(decoder)
    assert decoder.decode(PLAIN, "PNG").picture.tobytes() == noise().tobytes()
    assert pid_of(decoder) == pid
    decoder.close()
    assert not is_running(pid)


def test_threads_take_turns(decoders):
    decoder = decoders()
    images = [Image.new("RGB", (20, 20), (number, 0, 0)) for number in range(12)]
    bodies = [encoded(image, "PNG") for image in images]
    with ThreadPoolExecutor(4) as pool:
        decoded = list(pool.map(lambda body: decoder.decode(body, "PNG"), bodies))
    assert [sent.picture.getpixel((0, 0))[0] for sent in decoded] == list(range(12))


def test_it_is_replaced_after_some_pictures(decoders):
    decoder = decoders(pictures_each=2)
    pids = []
    for _ in range(5):
        decoder.decode(PLAIN, "PNG")
        pids.append(pid_of(decoder))
    assert pids[0] == pids[1]
    assert pids[2] == pids[3]
    assert len(set(pids)) == 3
    assert not is_running(pids[0])


def test_damage_is_told_and_does_not_end_it(decoders):
    decoder = decoders()
    decoder.decode(PLAIN, "PNG")
    pid = pid_of(decoder)
    with pytest.raises(QueryError, match="damaged or incomplete.*Save it as PNG"):
        decoder.decode(PLAIN[:200], "PNG")
    with pytest.raises(TooLargeError):
        decoder.decode(bombs()["144 megapixels"], "PNG")
    assert pid_of(decoder) == pid


def test_what_takes_too_long_is_killed(decoders):
    decoder = decoders(seconds=0.01)
    start = time.monotonic()
    with pytest.raises(QueryError, match="takes too long"):
        decoder.decode(encoded(noise(width=3000, height=3000), "PNG"), "PNG")
    assert time.monotonic() - start < 20
    decoder.seconds = 30.0
    assert decoder.decode(PLAIN, "PNG").picture.size == (48, 48), "a new process"


def test_what_computes_too_long_is_ended_by_the_system(decoders):
    decoder = decoders(cpu_seconds=0)
    large = encoded(noise("L", 4900, 4900).convert("I"), "TIFF", compression="tiff_lzw")
    with pytest.raises(QueryError, match="takes too long, or ends the program"):
        decoder.decode(large, "TIFF")
    assert decoder.decode(PLAIN, "PNG").picture.size == (48, 48)


def test_memory_is_limited(decoders):
    decoder = decoders(most_bytes=40 << 20)
    with pytest.raises(QueryError, match="too much memory|takes too long"):
        decoder.decode(encoded(Image.new("RGB", (4900, 4900)), "PNG"), "PNG")
    assert decoder.decode(PLAIN, "PNG").picture.size == (48, 48)


def test_a_process_that_died_meanwhile_is_replaced(decoders):
    decoder = decoders()
    decoder.decode(PLAIN, "PNG")
    decoder._process.kill()
    decoder._process.wait()
    assert decoder.decode(PLAIN, "PNG").picture.size == (48, 48)


def test_it_writes_no_file_and_is_limited(decoders):
    decoder = decoders()
    decoder.decode(PLAIN, "PNG")
    limits = {}
    lines = Path(f"/proc/{pid_of(decoder)}/limits").read_text(encoding="ascii").splitlines()
    for line in lines[1:]:
        limits[line[:26].strip()] = line[26:].split()[0]
    assert limits["Max file size"] == limits["Max core file size"] == "0"
    assert int(limits["Max address space"]) < 1 << 30
    assert int(limits["Max cpu time"]) <= 60
