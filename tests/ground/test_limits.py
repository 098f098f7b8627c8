"""Limits and the settings that change them."""

import pytest

from harma.errors import ConfigError
from harma.ground.limits import LIMITS, PICTURE_PIXELS


def test_a_limit_is_as_the_setting_says(monkeypatch):
    assert PICTURE_PIXELS.allowed == PICTURE_PIXELS.usual
    monkeypatch.setenv(PICTURE_PIXELS.variable, "1_000")
    assert PICTURE_PIXELS.allowed == 1000
    assert PICTURE_PIXELS.is_over(1001)
    assert not PICTURE_PIXELS.is_over(1000)
    assert PICTURE_PIXELS.said == "allowed are 1,000 (set HARMA_MAX_PIXELS to allow more)"


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "²", "9" * 5000, " ", "1e6"])
def test_settings_that_are_no_number(monkeypatch, text):
    monkeypatch.setenv(PICTURE_PIXELS.variable, text)
    with pytest.raises(ConfigError, match="HARMA_MAX_PIXELS is .* whole number over 0"):
        _ = PICTURE_PIXELS.allowed


def test_each_is_there_once():
    assert len({limit.variable for limit in LIMITS}) == len(LIMITS)
