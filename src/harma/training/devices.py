"""The processes, GPUs and precision of a run: what torchrun, SLURM or the recipe say."""

import logging
import os
import warnings
from typing import Literal

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import (
    ClusterEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)
from lightning_fabric.utilities.exceptions import MisconfigurationException

from harma.errors import ConfigError
from harma.ground.messages import first_line
from harma.model.computing import bf16_is_quicker
from harma.model.precision import Precision
from harma.training.recipe import Recipe, TrainConfig

log = logging.getLogger(__name__)

# A recipe's word for a precision → Fabric's.
PRECISIONS: dict[str, Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]] = {
    "float32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
    "float64": "64-true",
    # Of the frozen weights alone, which the model sees to.
    "bf16_weights": "32-true",
}


def make_fabric(train: TrainConfig) -> Fabric:
    """Devices, processes and precision of a run, not launched yet.

    Raises:
        ConfigError: the machine has no such device, or the precision does not work on it.
    """
    if train.precision == "fp16" and _on_cpu(train.accelerator):
        raise ConfigError(
            "train.precision is fp16, which needs a GPU; on a CPU use float32 or bf16"
        )
    launched = _launched()
    if launched is None and train.num_nodes > 1:
        raise ConfigError(
            f"train.num_nodes is {train.num_nodes}; several machines are started by torchrun or"
            f" SLURM, such as torchrun --nnodes {train.num_nodes} --nproc-per-node {train.devices}"
            " --rdzv-endpoint HOST:29500 -m harma train …"
        )
    devices, num_nodes = launched or (train.devices, train.num_nodes)
    try:
        with warnings.catch_warnings():
            # Whoever has Slurm on a machine need not use it: the recipe says how many processes.
            warnings.filterwarnings("ignore", message="The `srun` command is available")
            return Fabric(
                accelerator=_fabrics_name(train.accelerator),
                devices=devices,
                num_nodes=num_nodes,
                precision=PRECISIONS[fabrics_precision(train)],
                strategy="auto",
            )
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        raise ConfigError(
            f"train.accelerator {train.accelerator} with {devices} devices: {error}"
        ) from error


def launcher() -> ClusterEnvironment | None:
    """Who started this process as one of several, if torchrun or Slurm did.

    Raises:
        ConfigError: Slurm started it in a way that leaves the processes of a machine open.
    """
    if _launched() is None:
        return None
    if TorchElasticEnvironment.detect():
        return TorchElasticEnvironment()
    try:
        return SLURMEnvironment()
    except RuntimeError as error:
        raise ConfigError(f"Slurm's tasks cannot be used: {first_line(error)}") from error


def fabrics_precision(train: TrainConfig) -> str:
    """The precision that Fabric sees to: on a GPU "auto" is bf16, if it has that."""
    if train.precision != "auto":
        return train.precision
    if train.accelerator in ("auto", "cuda") and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "float32"
    return "float32"


def step_precision(train: TrainConfig, fabric: Fabric) -> Precision:
    """What frozen weights are computed in, in all processes the same.

    Args:
        train: says it, or "auto".
        fabric: launched.
    """
    if train.precision != "auto":
        return "bf16_weights" if train.precision == "bf16_weights" else "float32"
    # Fabric's own precision is that of a GPU; compiled models cannot make views of themselves.
    if fabric.device.type != "cpu" or train.compile:
        return "float32"
    # The first process decides: others on slower machines would compute other gradients.
    is_quicker = fabric.broadcast(fabric.is_global_zero and bf16_is_quicker())
    chosen: Precision = "bf16_weights" if is_quicker else "float32"
    log.info("train.precision: auto computes frozen weights in %s here", chosen)
    return chosen


def records_steps(recipe: Recipe, fabric: Fabric) -> bool:
    """Whether the kernels of a step are recorded as a CUDA graph (see `graphs`).

    Args:
        recipe: whether that is wanted, and what a step consists of.
        fabric: launched.
    """
    train = recipe.train
    # Processes exchange gradients in the middle of a backward pass. Checkpointing keeps the state
    # of random numbers, which a recording cannot read.
    is_alone = fabric.world_size == 1 and fabric.device.type == "cuda"
    can_be = is_alone and not train.gradient_checkpointing
    return train.cuda_graphs and can_be and not _has_plug_ins(recipe)


def _has_plug_ins(recipe: Recipe) -> bool:
    """Whether something in a step is the user's own, by its dotted path.

    What it does in Python (a number that it draws or counts, weights that it puts elsewhere) a
    recording would repeat for ever, and nobody would be told.
    """
    names = recipe.method, recipe.optim.name, recipe.adapter.adapter, *recipe.loss.terms
    return any("." in name for name in names)


def _fabrics_name(accelerator: str) -> str:
    """A recipe's word for an accelerator → Fabric's."""
    return "gpu" if accelerator == "cuda" else accelerator


def _on_cpu(accelerator: str) -> bool:
    if accelerator == "auto":
        return not (torch.cuda.is_available() or torch.backends.mps.is_available())
    return accelerator == "cpu"


def _launched() -> tuple[int, int] | None:
    """Processes on this machine and machines, if torchrun or SLURM started us; None if not."""
    environment = os.environ
    if "TORCHELASTIC_RUN_ID" in environment:
        local = int(environment["LOCAL_WORLD_SIZE"])
        return local, int(environment["WORLD_SIZE"]) // local
    # Inside `srun` there is a task number; an interactive allocation alone starts nothing.
    if "SLURM_PROCID" in environment and int(environment.get("SLURM_NTASKS", "1")) > 1:
        num_nodes = int(environment.get("SLURM_NNODES", "1"))
        return int(environment["SLURM_NTASKS"]) // num_nodes, num_nodes
    return None
