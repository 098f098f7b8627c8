"""Pixels of batches."""

import pytest
import torch

from harma.backbones import Preprocess
from harma.data.transforms import eval_transform
from harma.model.embedding import eval_resize_of
from harma.model.pixels import BatchPixels

PREPROCESS = Preprocess((12, 10), (0.4, 0.5, 0.6), (0.2, 0.3, 0.1))


@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
def test_bytes_first_and_numbers_after_give_the_same_pixels_to_the_last_bit(mode):
    images = torch.randint(0, 256, (5, 3, 30, 17), dtype=torch.uint8)
    preprocess = Preprocess((12, 10), (0.4, 0.5, 0.6), (0.2, 0.3, 0.1), resize_mode=mode)
    at_once = eval_transform((12, 10), preprocess.mean, preprocess.std, resize_mode=mode)
    resized = torch.stack([eval_resize_of(preprocess)(image) for image in images])
    assert resized.dtype == torch.uint8
    pixels = BatchPixels(preprocess, torch.device("cpu"))(resized)
    assert pixels.dtype == torch.float32
    assert torch.equal(pixels, torch.stack([at_once(image) for image in images]))


def test_batches_of_any_size_and_order_in_memory_use_the_same_memory():
    pixels_of = BatchPixels(PREPROCESS, torch.device("cpu"))
    first = pixels_of(torch.full((4, 3, 12, 10), 255, dtype=torch.uint8))
    side_by_side = torch.zeros(2, 12, 10, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    second = pixels_of(side_by_side)
    assert second.shape == (2, 3, 12, 10)
    assert second.is_contiguous()
    assert second.data_ptr() == first.data_ptr()
    assert second[:, 0].unique().tolist() == [pytest.approx(-0.4 / 0.2)]


def test_pixels_are_left_as_they_are():
    pixels = torch.rand(2, 3, 12, 10)
    assert BatchPixels(PREPROCESS, torch.device("cpu"))(pixels) is pixels
