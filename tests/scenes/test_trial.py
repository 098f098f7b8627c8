"""Files of seldom formats are looked at in a process that may hang or die of them."""

import os
import queue
import subprocess
import time

import numpy as np
import pytest
import rasterio

from harma.errors import DataError
from harma.scenes import trial
from harma.scenes.raster import open_scene
from harma.scenes.rendering import read_rgb


# GDAL's loop over damaged boxes of a JPEG 2000 lets no other thread of the process run.
@pytest.fixture(params=["HFA", "JP2OpenJPEG"])
def odd(tmp_path, request):
    """A raster of a seldom format, whose decoder may hang or die."""
    path = tmp_path / "scene.img"
    with rasterio.open(
        path, "w", driver=request.param, width=40, height=40, count=1, dtype="uint8"
    ) as dataset:
        dataset.write(np.full((1, 40, 40), 9, np.uint8))
    return str(path)


@pytest.fixture
def starting(monkeypatch):
    """Which processes are started, and another program in their place if one is wanted."""
    started = []
    original = subprocess.Popen

    def start(command, **options):
        started.append(command)
        return original(start.instead or command, **options)

    start.instead = None
    monkeypatch.setattr(trial.subprocess, "Popen", start)
    monkeypatch.setattr(trial, "_IDLE", queue.SimpleQueue())
    return started, start


def test_a_seldom_format_is_looked_at_once(odd, starting):
    started, _ = starting
    for _ in range(3):
        with open_scene(odd, survey=True) as scene:
            assert scene.facts.width == 40
    assert len(started) == 1
    with open_scene(odd):
        pass


def test_a_query_of_a_seldom_format_is_looked_at_too(odd, starting):
    starting[1].instead = ["sh", "-c", "echo done; read line; kill -SEGV $$"]
    with pytest.raises(DataError, match=r"scene\.img: its decoder ended the process"):
        read_rgb(odd)
    starting[1].instead = None
    assert read_rgb(odd).size == (40, 40)


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "webp", "gif", "bmp", "vrt"])
def test_usual_formats_are_not(tmp_path, starting, suffix):
    from PIL import Image

    path = tmp_path / f"scene.{suffix}"
    if suffix == "vrt":
        path.write_text('<VRTDataset rasterXSize="4" rasterYSize="4"/>')
    else:
        Image.new("RGB", (8, 8)).save(path)
    trial.check_decodes(str(path))
    trial.check_decodes("/vsicurl/http://127.0.0.1:9/a.nc")
    trial.check_decodes(str(tmp_path / "none.nc"))
    assert starting[0] == []


def test_one_that_hangs_is_told(odd, starting, monkeypatch):
    monkeypatch.setenv("HARMA_DECODE_SECONDS", "1")
    starting[1].instead = ["sh", "-c", "echo done; exec sleep 61.5"]
    begun = time.monotonic()
    with (
        pytest.raises(DataError, match=r"scene\.img: its decoder did not end within 1 seconds"),
        open_scene(odd, survey=True),
    ):
        pass
    assert time.monotonic() - begun < 20


def test_one_that_dies_is_told_and_the_next_is_looked_at(odd, starting):
    starting[1].instead = ["sh", "-c", "echo done; read line; kill -SEGV $$"]
    with (
        pytest.raises(DataError, match=r"scene\.img: its decoder ended the process .*status -11"),
        open_scene(odd, survey=True),
    ):
        pass
    starting[1].instead = None
    with open_scene(odd, survey=True) as scene:
        assert scene.facts.height == 40
    assert len(starting[0]) == 2


def test_what_is_wrong_is_left_to_who_reads_it(tmp_path, starting):
    path = tmp_path / "scene.img"
    path.write_bytes(b"EHFA_HEADER_TAG\0" + os.urandom(100))
    with (
        pytest.raises(DataError, match=r"scene\.img: it cannot be read as a raster"),
        open_scene(str(path), survey=True),
    ):
        pass
