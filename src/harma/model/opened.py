"""Opening whatever embeds: a saved model with torch, or an exported one without it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union, cast

from harma.errors import ConfigError
from harma.ground.storage.addresses import in_bucket
from harma.model.exported.facts import is_export
from harma.model.exported.model import ExportedModel
from harma.model.precision import AnyPrecision, Precision

if TYPE_CHECKING:
    from harma.model.model import HarMA

# As `Union`, since a name that is not imported yet has no operators.
OpenedModel: TypeAlias = Union["HarMA", ExportedModel]
"""What embeds for an index: a model, or an export of one."""


def open_model(what: str | os.PathLike[str], *, backbone: str | None = None) -> OpenedModel:
    """Open anything that embeds: what `harma.load` opens, or an exported model.

    Args:
        what: as `harma.load` takes it, or a directory that `harma export` wrote.
        backbone: where the backbone of an adapter is now, if not where its directory says.

    Raises:
        ConfigError: a backbone is given to an exported model.
        MissingFileError: nothing is there.
        WeightsError: it is damaged.
    """
    if not in_bucket(what) and is_export(what):
        if backbone is not None:
            raise ConfigError(
                f"{what} is an exported model, which holds its backbone; leave --backbone out"
            )
        return ExportedModel.open(what)
    from harma.model.saved import load

    return load(Path(what) if not isinstance(what, str) else what, backbone=backbone)


def engine_of(model: OpenedModel) -> str:
    """What embeds with a model, and in which precision: "torch float32", "openvino int8"."""
    if isinstance(model, ExportedModel):
        return model.facts.told
    return f"torch {model.precision}"


def open_at_work(
    what: str | os.PathLike[str],
    *,
    backbone: str | None = None,
    device: str = "auto",
    precision: AnyPrecision | None = None,
) -> OpenedModel:
    """Open anything that embeds, on the device and in the precision that were asked for.

    Args:
        what: as `open_model` takes it.
        backbone: where the backbone of an adapter is now, if not where its directory says.
        device: auto, cpu, cuda, cuda:1, mps; an exported model runs on the CPU.
        precision: None is float32, or that of the export.

    Raises:
        ConfigError: it cannot be had.
    """
    return at_work(open_model(what, backbone=backbone), device, precision)


def at_work(model: OpenedModel, device: str, precision: AnyPrecision | None) -> OpenedModel:
    """A model on the device and in the precision that were asked for; see `open_at_work`."""
    if isinstance(model, ExportedModel):
        _check_asked(model, device, precision)
        return model
    from harma.ground.device import best_device

    model = model.to(best_device(device))
    if precision == "bf16" and model.device.type == "cpu":
        # Autocast there rounds the weights anew in every call, and is slower than float32.
        precision = "bf16_weights"
    # The model says which of them it has.
    model.precision = cast("Precision", precision or "float32")
    return model


def _check_asked(model: ExportedModel, device: str, precision: AnyPrecision | None) -> None:
    """Check that an export is what was asked for: it was made for one precision.

    Raises:
        ConfigError: it is not.
    """
    if precision not in (None, model.precision):
        raise ConfigError(
            f"{model.directory} was exported in {model.precision}, not in {precision}; leave"
            " --precision out, or export the model again"
        )
    if device not in ("auto", "cpu"):
        raise ConfigError(
            f"{model.directory} is an exported model, which runs on the CPU; --device {device} is"
            " for the model itself"
        )
