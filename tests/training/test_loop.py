"""The loop: learning rate, clipping, choosing the best model, patience, chunks that fit."""

import copy

import pytest
import torch
from tests.training.runs import adapter_weights, last_state, logged, stopped, trained

from harma.errors import ConfigError, TrainingError
from harma.training import devices, loop
from harma.training.optim import SCHEDULES
from harma.training.step import compute_gradients


def plus(**train):
    """Everything that is ours and not the original's, at once."""
    return {
        "data": {"sampling": "images", "captions_per_image": 2, "spread_labels": True},
        "loss": {
            "min_temperature": 0.069,
            "terms": {"duplicate_contrastive": {"smoothing": 0.1}, "intra_modal_triplet": 0.1},
        },
        "train": {"average_decay": 0.9, **train},
    }


# -- a step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exact", "warmup", "total", "warmup_steps"),
    [(True, 0.25, 4, 1), (False, 0.25, 6, 1), (True, 2, 4, 2), (False, 0, 6, 0)],
)
def test_the_learning_rate_of_each_step(make_recipe, exact, warmup, total, warmup_steps):
    # 48 captions in batches of 20: two whole batches, and one that is dropped.
    recipe = make_recipe(
        data={"batch_size": 20},
        schedule={"warmup": warmup, "exact_steps": exact},
        train={"epochs": 2, "validate_every": 2},
    )
    rates = [event["lr"] for event in logged(trained(recipe), "step")]
    expected = [1e-2 * SCHEDULES["linear"](step, total, warmup_steps) for step in range(4)]
    assert rates == pytest.approx(expected)


def test_gradients_are_clipped_to_the_norm_and_no_smaller(make_recipe, monkeypatch):
    norms = []
    step = torch.optim.SGD.step

    def record(optimizer, *args, **options):
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"]]
        norms.append(float(torch.stack([g.norm() for g in gradients if g is not None]).norm()))
        return step(optimizer, *args, **options)

    monkeypatch.setattr(torch.optim.SGD, "step", record)
    sgd = {"name": "sgd", "lr": 1e-6, "weight_decay": 0.0}
    train = {"epochs": 1}
    trained(make_recipe("free", optim=sgd, train=train))
    free = norms.copy()
    bound = sorted(free)[len(free) // 2]
    norms.clear()
    trained(make_recipe("clipped", optim={**sgd, "clip_norm": bound}, train=train))
    assert len(norms) == 6
    assert norms == pytest.approx([min(norm, bound) for norm in free], rel=1e-3)


def test_what_is_kept_are_averaged_weights(make_recipe):
    run = trained(make_recipe(**plus(validate_every=2)))
    state = last_state(run)
    kept = adapter_weights(run)
    averages = state["averages"]
    assert int(averages["num_steps"]) == 6
    assert torch.equal(kept["temperature"], averages["temperature"])
    name = next(name for name in kept if name.endswith("down.weight"))
    full_name = next(
        n for n in averages if n.endswith("down.weight") and torch.equal(averages[n], kept[name])
    )
    assert not torch.equal(state["model"][full_name], kept[name])


def test_the_temperature_stays_above_its_bound(make_recipe):
    # A decay of nine tenths in each step, which no gradient makes up for.
    optim = {"name": "sgd", "lr": 1e-3, "weight_decay": 900.0}
    changes = {**plus(), "optim": optim, "schedule": {"warmup": 0}}
    state = last_state(trained(make_recipe(**changes)))
    assert float(state["model"]["temperature"]) == pytest.approx(0.069)
    # It is bounded before it is averaged.
    assert float(state["averages"]["temperature"]) >= 0.069


def test_a_loss_that_is_not_a_number_stops_the_run(make_recipe):
    message = r"loss is not a finite number in epoch 1, step \d+; try a lower --optim.lr"
    with pytest.raises(TrainingError, match=message):
        trained(make_recipe(method="full", optim={"lr": 1e30}, train={"epochs": 3}))


def test_a_temperature_that_is_none_to_divide_by_stops_the_run(make_recipe):
    message = r"the temperature became -.* in epoch 1, step 1; it must stay above 0"
    with pytest.raises(TrainingError, match=message):
        trained(make_recipe(optim={"lr": 1.0, "weight_decay": 100.0}, schedule={"warmup": 0}))


def test_a_temperature_of_nothing_stops_the_run(make_recipe, tmp_path, monkeypatch):
    (tmp_path / "zeroing.py").write_text(
        "import torch\n\n\nclass Zeroing(torch.optim.SGD):\n    def step(self):\n"
        "        for group in self.param_groups:\n            for weight in group['params']:\n"
        "                weight.data.zero_()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TrainingError, match="the temperature became 0 in epoch 1, step 1"):
        trained(make_recipe(optim={"name": "zeroing.Zeroing"}))


def test_bf16_runs(make_recipe):
    assert trained(make_recipe(train={"precision": "bf16", "epochs": 1})).is_dir()


# -- chunks ---------------------------------------------------------------------------------------


@pytest.fixture
def small_gpu(monkeypatch):
    """Something like a GPU whose memory holds two images; gives the chunk sizes that were tried."""
    tried = []

    def compute(fabric, model, objective, batch, *, chunk_size, **options):
        tried.append(chunk_size)
        result = compute_gradients(
            fabric, model, objective, batch, chunk_size=chunk_size, **options
        )
        if chunk_size is None or chunk_size > 2:
            # After the backward pass: what it left must not count twice.
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return result

    def first(asked, fabric):
        return None if asked == "auto" else asked

    monkeypatch.setattr(loop, "compute_gradients", compute)
    monkeypatch.setattr(loop, "first_chunk_size", first)
    return tried


@pytest.mark.parametrize("captions", [1, 2])
def test_chunks_are_halved_until_they_fit_and_give_the_run_of_the_whole_batch(
    make_recipe, monkeypatch, caplog, small_gpu, captions
):
    changes = {"data": {"augment": False, "sampling": "images", "captions_per_image": captions}}
    values = {"precision": "float64"}
    caplog.set_level("INFO")
    halved = trained(make_recipe("auto", train={**values, "chunk_size": "auto"}, **changes))
    assert small_gpu[:4] == [None, 4, 2, 2]
    assert set(small_gpu[3:]) == {2}
    assert "the memory of the GPU does not hold 8 images at once; going on with 4" in caplog.text
    assert [event["images"] for event in logged(halved, "chunks")] == [4, 2]
    monkeypatch.setattr(loop, "compute_gradients", compute_gradients)
    whole = trained(make_recipe("whole", train=values, **changes))
    weights = adapter_weights(halved)
    for name, tensor in adapter_weights(whole).items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-7)


def test_a_resumed_run_goes_on_with_the_chunks_that_fitted(make_recipe, monkeypatch, small_gpu):
    recipe = make_recipe(train={"chunk_size": "auto"})
    with stopped(monkeypatch):
        trained(recipe)
    small_gpu.clear()
    trained(recipe, resume=True)
    assert set(small_gpu) == {2}


def test_a_chunk_that_was_asked_for_and_does_not_fit_ends_the_run(make_recipe, small_gpu):
    message = (
        r"the GPU does not hold 4 images at once \(CUDA out of memory.*\); try"
        r" --train.chunk_size 2,"
    )
    with pytest.raises(TrainingError, match=message):
        trained(make_recipe(train={"chunk_size": 4}))


# -- choosing the best ----------------------------------------------------------------------------


@pytest.fixture
def figures(monkeypatch):
    """Replace the figure of each validation by those of a list; it counts where it was shorter."""
    validate = loop.validate
    given = []

    def measured(*args):
        metrics = validate(*args)
        return {**metrics, "mR": given.pop(0)}

    monkeypatch.setattr(loop, "validate", measured)
    return given


def test_of_equal_figures_the_first_is_kept(make_recipe, figures):
    figures += [10.0, 30.0, 30.0, 20.0]
    run = trained(make_recipe(train={"epochs": 4}))
    progress = last_state(run)["progress"]
    assert (progress["best_epoch"], progress["best"], progress["stale"]) == (2, 30.0, 2)


@pytest.mark.parametrize(
    ("patience", "values", "epochs"),
    [
        (1, [10.0, 10.0], 2),
        (2, [10.0, 5.0, 11.0, 9.0, 11.0], 5),
        (2, [10.0, 9.0, 8.0], 3),
        (None, [10.0, 9.0, 8.0, 7.0, 6.0, 5.0], 6),
    ],
)
def test_patience_counts_validations_without_a_better_one(
    make_recipe, figures, patience, values, epochs
):
    figures += [*values, *[99.0] * 6]
    run = trained(make_recipe(train={"epochs": 6, "patience": patience}))
    assert len(logged(run, "validation")) == epochs


def test_the_last_epoch_is_validated_whatever_the_interval(make_recipe):
    run = trained(make_recipe(train={"epochs": 5, "validate_every": 2}))
    assert [event["epoch"] for event in logged(run, "validation")] == [2, 4, 5]


def test_a_metric_that_is_not_computed_cannot_choose(make_recipe):
    own = {"metrics": [f"{__name__}.no_number"], "select_by": "mr"}
    with pytest.raises(ConfigError, match=r"train\.select_by is 'mr'; allowed are .*mR.*no_number"):
        trained(make_recipe(train=own))


def no_number(images, captions, caption_to_image):
    """A metric of one's own that failed."""
    return float("nan")


def test_a_metric_that_is_no_number_cannot_choose(make_recipe):
    own = {"metrics": [f"{__name__}.no_number"], "select_by": "no_number"}
    with pytest.raises(
        TrainingError, match="no_number, which chooses the model, is nan in epoch 1"
    ):
        trained(make_recipe(train=own))


# -- going on -------------------------------------------------------------------------------------


def test_a_resumed_run_goes_on_with_its_averages(make_recipe, monkeypatch):
    whole = trained(make_recipe("whole", **plus()))
    broken = make_recipe("broken", **plus())
    with stopped(monkeypatch):
        trained(broken)
    again = trained(broken, resume=True)
    averages = last_state(again)["averages"]
    for name, tensor in last_state(whole)["averages"].items():
        assert torch.equal(tensor, averages[name]), name


@pytest.mark.parametrize("precision", ["float32", "bf16_weights"])
def test_a_run_resumed_in_an_epoch_ends_bit_identical(make_recipe, monkeypatch, precision):
    """Optimiser, weights and log, after an interruption at the sixth of twelve steps."""
    train = {"checkpoint_every": 1, "precision": precision}
    whole = trained(make_recipe("whole", train=train))
    original = loop.Trainer._step

    def step(trainer, batch):
        if trainer.progress.step == 5:
            raise KeyboardInterrupt
        original(trainer, batch)

    with monkeypatch.context() as patched:
        patched.setattr(loop.Trainer, "_step", step)
        with pytest.raises(KeyboardInterrupt):
            trained(make_recipe("cut", train=train))
    again = trained(make_recipe("cut", train=train), resume=True)
    one, other = copy.deepcopy((last_state(whole), last_state(again)))
    for state in (one, other):
        state["progress"].pop("seconds")
        assert state["progress"].pop("step_precision") == precision
        state.pop("log_size")
    assert one.pop("made_from") == other.pop("made_from")
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    losses = [[event["loss"] for event in logged(run, "step")] for run in (whole, again)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("is_quicker", [True, False])
def test_a_resumed_run_goes_on_in_its_precision(make_recipe, monkeypatch, is_quicker):
    """What a measurement said at first holds for the run, on whichever machine it goes on."""
    monkeypatch.setattr(devices, "bf16_is_quicker", lambda: is_quicker)
    recipe = make_recipe(train={"precision": "auto", "epochs": 1})
    with monkeypatch.context() as patched, stopped(patched):
        trained(recipe)
    monkeypatch.setattr(devices, "bf16_is_quicker", lambda: not is_quicker)
    directory = trained(recipe, resume=True)
    name = "bf16_weights" if is_quicker else "float32"
    assert last_state(directory)["progress"]["step_precision"] == name
    explicit = trained(make_recipe("explicit", train={"precision": name, "epochs": 1}))
    assert logged(directory, "epoch")[0]["loss"] == logged(explicit, "epoch")[0]["loss"]


def test_a_step_in_bf16_weights_is_near_that_of_float32(make_recipe):
    losses = {}
    for precision in ("float32", "bf16_weights"):
        run = trained(make_recipe(precision, train={"precision": precision, "epochs": 1}))
        losses[precision] = [event["loss"] for event in logged(run, "step")]
    assert losses["float32"] != losses["bf16_weights"]
    assert losses["float32"] == pytest.approx(losses["bf16_weights"], rel=0.02)
