"""Device and precision of verbs that embed."""

import argparse

import pytest
import torch

from harma.cli.device import add_precision_argument, load_on_device, open_on_device
from harma.errors import ConfigError
from harma.model.precision import PRECISIONS


def test_a_model_is_opened_as_the_flags_say(model):
    opened = open_on_device(model[1], None, "cpu", "bf16")
    assert opened.device == torch.device("cpu")
    assert opened.precision in {"bf16", "bf16_weights"}, "on CPUs, the quicker of the two"
    assert open_on_device(model[1], None, "cpu").precision == "float32"
    assert load_on_device(model[1], None, "cpu").device == torch.device("cpu")
    with pytest.raises(ConfigError, match="the device 'gpu' cannot be used"):
        load_on_device(model[1], None, "gpu")


def test_the_flag_knows_every_precision_of_a_model(model, capsys):
    parser = argparse.ArgumentParser()
    add_precision_argument(parser)
    for precision in PRECISIONS:
        assert parser.parse_args(["--precision", precision]).precision == precision
        model[0].precision = precision
    model[0].precision = "float32"
    with pytest.raises(SystemExit):
        parser.parse_args(["--precision", "half"])
    assert "invalid choice: 'half'" in capsys.readouterr().err
