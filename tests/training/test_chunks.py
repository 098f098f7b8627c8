"""Which chunks a run begins and goes on with."""

from types import SimpleNamespace

import pytest
import torch

from harma.errors import TrainingError
from harma.training.chunks import IMAGES_ELSEWHERE, first_chunk_size, smaller_chunk

ERROR = torch.cuda.OutOfMemoryError("CUDA out of memory.\nSee the documentation.")


def fabric(device="cuda", processes=1):
    return SimpleNamespace(device=torch.device(device), world_size=processes)


def test_a_gpu_is_tried_with_the_whole_batch():
    assert first_chunk_size("auto", fabric()) is None
    assert first_chunk_size("auto", fabric("cpu")) == IMAGES_ELSEWHERE
    assert first_chunk_size(5, fabric()) == 5
    assert first_chunk_size(None, fabric("cpu")) is None


@pytest.mark.parametrize(("used", "expected"), [(None, 15), (64, 15), (8, 4), (3, 1)])
def test_half_of_what_was_tried(used, expected):
    assert smaller_chunk("auto", used, 31, fabric(), ERROR) == expected


@pytest.mark.parametrize(
    ("asked", "used", "processes", "images"),
    [(16, 16, 1, 16), (None, None, 1, 31), ("auto", 1, 1, 1), ("auto", None, 2, 31)],
)
def test_what_cannot_be_chosen_here_ends_the_run(asked, used, processes, images):
    with pytest.raises(
        TrainingError, match=rf"does not hold {images} images at once \(CUDA out of memory\.\); try"
    ):
        smaller_chunk(asked, used, 31, fabric(processes=processes), ERROR)
