"""The recipe: everything a run is made from, as typed options.

A recipe is a YAML file with these names; `harma train` takes each of them as a dotted flag too.
Only `build`, `cut` and `launch` see a whole recipe; what they use is given parts of it. No torch
here.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from harma.methods.harma.config import AdapterConfig
from harma.training.recipe_checks import check_choices, check_ranges, check_values


@dataclass(frozen=True)
class DataConfig:
    """What is learned from, and how it is fed.

    Attributes:
        name: a shipped data set (rsitmd, rsicd, ucm) or the path of its description (YAML).
        root: the folder its files are in.
        images: the image folder, if not where the description says.
        train: annotation files in place of the description's.
        val: annotation file in place of the description's.
        test: annotation file in place of the description's.
        exclude: a list of images to leave out of train, as `harma data audit` writes it (CSV), or a
            name per line.
        empty_captions: "error" names captions that are empty after cleaning; "drop" drops and lists
            them.
        max_words: words kept of each caption.
        sampling: an epoch is "captions": every caption once, as the original; or "images": every
            image once, with one of its captions drawn, or `captions_per_image` of them.
        captions_per_image: captions that an image comes with in a step, each a pair with it; the
            image is embedded once. More than 1 needs sampling "images".
        spread_labels: every batch has the labels in the shares that they have in the data.
        augment: RandomAugment in the train transform.
        transform: "plain" takes images as they are evaluated, with nothing drawn; or the dotted
            path of a train transform of your own, called as (size, mean, std).
        batch_size: items per process and step: pairs, or images with their captions.
        eval_batch_size: images at once when evaluating.
        num_workers: processes that decode and transform; None: one for each further core, at most
            8.
        cache: keep decoded images in "memory", on "disk" or not ("none").
        cache_dir: where the disk cache is; None: in the user's cache folder.
    """

    name: str = "rsitmd"
    root: str | None = None
    images: str | None = None
    train: list[str] | None = None
    val: str | None = None
    test: str | None = None
    exclude: str | None = None
    empty_captions: Literal["error", "drop"] = "error"
    # So that a caption fits into CLIP's 77 positions (SPEC 3).
    max_words: int = 30
    sampling: Literal["captions", "images"] = "captions"
    captions_per_image: int = 1
    spread_labels: bool = False
    augment: bool = True
    transform: str | None = None
    # The published recipes' on each of two GPUs (SPEC 4).
    batch_size: int = 214
    eval_batch_size: int = 128
    num_workers: int | None = None
    cache: Literal["none", "memory", "disk"] = "none"
    cache_dir: str | None = None


@dataclass(frozen=True)
class LossConfig:
    """What is minimised: a weighted sum.

    Attributes:
        temperature: start of τ.
        train_temperature: whether τ trains.
        min_temperature: what τ never falls below; None leaves it unbounded, as the original does.
        view_dropout: share of the values of a token that are dropped before the first block for the
            second view of losses that compare two views, such as intra_modal_triplet.
        terms: for each loss (contrastive, diagonal_contrastive, duplicate_contrastive, sigmoid,
            weighted_triplet, triplet, intra_modal_triplet, affiliation, or the dotted path of one
            of your own) its weight, or a mapping of `weight` and the loss's own options.
    """

    temperature: float = 0.07
    train_temperature: bool = True
    min_temperature: float | None = None
    view_dropout: float = 0.2
    terms: dict[str, float | dict[str, Any]] = field(
        # The sum of the four published recipes (SPEC 2).
        default_factory=lambda: {"contrastive": 1.0, "weighted_triplet": 1.0}
    )


@dataclass(frozen=True)
class OptimConfig:
    """The optimiser.

    Attributes:
        name: adamw, adam, sgd, or the dotted path of one of your own.
        lr: peak learning rate.
        betas: of Adam and AdamW.
        eps: of Adam and AdamW.
        weight_decay: not on biases and norm weights.
        decay_scalars: decay gates and temperature too, as the original does.
        clip_norm: largest norm of the gradient; None does not clip.
        options: further options, given to the optimiser as they are.
    """

    name: str = "adamw"
    lr: float = 4e-4
    # The original's; torch's own second one is 0.999.
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    weight_decay: float = 0.04
    decay_scalars: bool = True
    clip_norm: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScheduleConfig:
    """The learning rate over a run.

    Attributes:
        name: linear, cosine, constant, or the dotted path of a function (step, total, warmup) →
            factor.
        warmup: steps from 0 to the peak; a fraction of all steps below 1, else a count.
        exact_steps: count the steps that really run; the original counts an incomplete last batch
            that it drops.
    """

    name: str = "linear"
    warmup: float = 0.1
    exact_steps: bool = True


@dataclass(frozen=True)
class TrainConfig:
    """The loop.

    Attributes:
        epochs: passes over the data.
        seed: of weights, order and augmentation.
        precision: float32, bf16 (autocast), fp16 (autocast with loss scaling) or float64;
            bf16_weights computes frozen weights in bfloat16, and what trains, norms and losses in
            float32; auto: on a CPU bf16_weights where a short measurement says that it is quicker,
            on a GPU bf16 where it has it, else float32. Weights stay in float32: in bf16 the steps
            of gates and temperature would round to nothing.
        accelerator: auto, cpu, cuda or mps.
        devices: processes on this machine, or "auto"; torchrun and SLURM set their own.
        num_nodes: machines; more than one are started by torchrun or SLURM, which set it.
        average_decay: validate and keep the moving average of what trains, with this decay per step
            (less in the first steps); None keeps the weights of the last step.
        chunk_size: images per forward pass of gradient caching, in each process. Less memory, a
            forward pass more, and the same gradients, but for dropout and batch norm. "auto": on a
            GPU the whole batch, and half as many each time its memory runs out (of several
            processes all halve together); elsewhere 64. None: all of a batch.
        gradient_checkpointing: recompute activations in the backward pass; less memory, slower.
        compile: torch.compile the blocks of both towers, for steps of training.
        cuda_graphs: on a GPU, give it all kernels of a step at once, recorded in the first steps
            (CUDA graphs); with one process, and neither chunks, gradient checkpointing nor methods,
            adapters, losses and optimisers of your own.
        validate_every: epochs between validations.
        select_on: the split that chooses the best model: "val", or "test" as the original did
            (results say so).
        select_by: the metric that chooses; dup_mR where captions repeat, as in UCM.
        metrics: dotted paths of metrics of your own, called as (image embeddings (N, E), caption
            embeddings (M, E), image of each caption (M,)); each returns a number, or a mapping of
            names to numbers. `select_by` may name one.
        evaluate_on: the split whose figures the finished run reports: "test", read once at the end,
            or "val", which leaves test unread while methods are still being chosen.
        patience: stop after this many validations without a better one; None runs all epochs.
        checkpoint_every: steps between checkpoints, besides one after each epoch.
        log_every: steps between lines in log.jsonl.
        tensorboard: also write TensorBoard events.
        report: write report.html at the end.
        frozen_cache: what towers that the method leaves as they are make of captions, and of images
            if data.transform is plain, is computed once: kept on "disk" for later runs too, in
            "memory", or not ("none").
        frozen_cache_dir: where the disk cache is; None: in the user's cache folder.
        frozen_cache_gb: how large it may be; what was used longest ago goes first.
        keep_captions: keep the distinct captions of training with the best model, embedded, for
            searches with few words; false where captions may not be passed on.
    """

    epochs: int = 10
    # The one the original always uses: its --seed has no effect (SPEC 4).
    seed: int = 3407
    precision: Literal["auto", "float32", "bf16", "fp16", "bf16_weights", "float64"] = "float32"
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int | Literal["auto"] = 1
    num_nodes: int = 1
    average_decay: float | None = None
    chunk_size: int | Literal["auto"] | None = None
    gradient_checkpointing: bool = False
    compile: bool = False
    cuda_graphs: bool = True
    validate_every: int = 1
    # Unlike the original: what a model is chosen on says nothing of other images (SPEC 5).
    select_on: Literal["val", "test"] = "val"
    select_by: str = "mR"
    evaluate_on: Literal["test", "val"] = "test"
    metrics: list[str] = field(default_factory=list)
    patience: int | None = None
    checkpoint_every: int | None = None
    log_every: int = 10
    tensorboard: bool = False
    report: bool = True
    frozen_cache: Literal["disk", "memory", "none"] = "disk"
    frozen_cache_dir: str | None = None
    frozen_cache_gb: float = 2.0
    keep_captions: bool = True


@dataclass(frozen=True)
class Recipe:
    """A run.

    Attributes:
        method: harma (adapters), full (the whole model), none (evaluate the bare backbone), a peer
            to compare with: linear, clip-adapter, bottleneck, lora, mrs-adapter, bitfit
            (`harma.methods`), or the dotted path of a `Method` of your own.
        backbone: preset, open_clip name, file or config; see `harma.load`.
        download: allow the backbone's weights to be downloaded.
        init: adapter, run or released checkpoint to start from (warm start).
        adapter: options of HarMA's adapters.
        options: options of a peer or of your own method, such as `rank` of lora; see its file in
            `harma.methods`.
        data: what is learned from.
        loss: what is minimised.
        optim: optimiser.
        schedule: learning rate over the run.
        train: the loop.
        output: directory of the run.
    """

    method: str = "harma"
    # What the released code takes, and the published figures come from (SPEC 4).
    backbone: str | dict[str, Any] = "laion2b"
    download: bool = False
    init: str | None = None
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    options: dict[str, Any] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    output: str = "runs/latest"

    def __post_init__(self) -> None:
        check_values(self)
        check_ranges(self)
        check_choices(self)

    @property
    def trains(self) -> bool:
        """Whether anything is trained: `none` only measures the bare backbone."""
        return self.method != "none"

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, ready for YAML."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: object) -> object:
    """Tuples as lists: YAML has no tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
