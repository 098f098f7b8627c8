"""Whole runs on a tiny data set: results, resuming, errors."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

import harma
import harma.backbones
from harma.errors import (
    BusyError,
    ConfigError,
    DataError,
    MissingFileError,
    TrainingError,
    WeightsError,
)
from harma.model.saved import describe
from harma.training import loop
from harma.training.loop import train
from harma.training.recipe_files import recipe_from_dict
from harma.training.run import RunDirectory
from harma.training.step import compute_gradients


def recipe_values(tiny_config, tiny_data, output, **changes):
    values = {
        "method": "harma",
        "backbone": tiny_config,
        "adapter": {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal"},
        "data": {"name": str(tiny_data / "data.yaml"), "batch_size": 8, "num_workers": 0},
        "loss": {"terms": {"contrastive": 1.0, "weighted_triplet": 0.1}},
        "optim": {"lr": 1e-2},
        "train": {"epochs": 2, "accelerator": "cpu", "log_every": 1, "report": False},
        "output": str(output),
    }
    for key, value in changes.items():
        values[key] = (
            {**values[key], **value} if isinstance(value, dict) and key != "backbone" else value
        )
    return values


@pytest.fixture
def make_recipe(tiny_config, tiny_data, tmp_path):
    return lambda name="run", **changes: recipe_from_dict(
        recipe_values(tiny_config, tiny_data, tmp_path / name, **changes)
    )


def test_losses_that_take_labels_are_named_where_there_are_none(make_recipe, tiny_data, tmp_path):
    rows = json.loads((tiny_data / "train.json").read_text())
    kept = ("caption", "image", "image_id")
    (tmp_path / "train.json").write_text(
        json.dumps([{key: row[key] for key in kept} for row in rows])
    )
    data = {"train": [str(tmp_path / "train.json")]}
    recipe = make_recipe(data=data, loss={"terms": {"contrastive": 1.0, "affiliation": 0.5}})
    with pytest.raises(
        ConfigError, match=r"have no labels, which .* without: --loss.terms.affiliation 0$"
    ):
        train(recipe)
    without = make_recipe("b", data=data, loss={"terms": {"contrastive": 1.0, "affiliation": 0}})
    assert (train(without) / "metrics.json").is_file()


def test_a_run_leaves_what_the_design_says_and_its_model_embeds(make_recipe, tiny_data):
    run = train(make_recipe(train={"report": True, "tensorboard": True}))
    left = {path.name for path in run.iterdir()}
    assert {
        "recipe.yaml",
        "environment.json",
        "log.jsonl",
        "metrics.json",
        "last",
        "best",
        "report.html",
        "tensorboard",
    } <= left
    figures = json.loads((run / "metrics.json").read_text())
    assert figures["test"]["metrics_without_adapters"] is not None
    assert figures["select_on"] == "val"
    events = [json.loads(line)["event"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert events.count("step") == 12
    assert events.count("validation") == 2
    model = harma.load(run)
    images = sorted((tiny_data / "images").glob("test_*.png"))
    assert model.embed_images(images).shape == (8, 16)
    assert model.embed_texts(["a red roof"]).shape == (1, 16)
    assert describe(run)["parameters"]["trained"] == model.num_parameters(trained=True)
    assert "✓" in (run / "report.html").read_text()


def test_full_and_none_run_through_the_same_loop(make_recipe):
    full = train(make_recipe("full", method="full", optim={"lr": 1e-3}))
    model = harma.load(full)
    assert model.adapters is None
    saved = json.loads((full / "metrics.json").read_text())
    assert saved["test"]["metrics_without_adapters"] is not None
    none = train(make_recipe("none", method="none", backbone=f"local-dir:{full / 'best'}"))
    again = json.loads((none / "metrics.json").read_text())
    assert again["test"]["metrics"]["mR"] == pytest.approx(saved["test"]["metrics"]["mR"], abs=1e-9)


@pytest.mark.parametrize("method", ["harma", "full", "none"])
def test_a_run_can_leave_the_test_split_unread(make_recipe, tiny_data, tmp_path, method):
    without = tmp_path / "data"
    shutil.copytree(tiny_data, without)
    (without / "test.json").unlink()
    data = {"name": str(without / "data.yaml")}
    run = train(make_recipe(method=method, data=data, train={"evaluate_on": "val", "report": True}))
    figures = json.loads((run / "metrics.json").read_text())
    assert "test" not in figures
    assert figures["val"]["num_images"] == 8
    assert figures["peak_memory_bytes"] > 50e6
    assert (run / "hits_val.npz").is_file()
    assert "test split was read" not in (run / "report.html").read_text()
    with pytest.raises(MissingFileError, match=r"test\.json"):
        train(make_recipe("other", method=method, data=data))


def plus(**train):
    """Everything that is ours and not the original's, at once."""
    return {
        "data": {
            "sampling": "images",
            "captions_per_image": 2,
            "spread_labels": True,
            "batch_size": 8,
        },
        "loss": {
            "min_temperature": 0.069,
            "terms": {"duplicate_contrastive": {"smoothing": 0.1}, "intra_modal_triplet": 0.1},
        },
        "train": {"average_decay": 0.9, **train},
    }


def test_what_is_kept_are_averaged_weights_and_the_temperature_stays_above_its_bound(make_recipe):
    run = train(make_recipe(**plus(validate_every=2), optim={"lr": 0.1}))
    trained = torch.load(run / "last" / "state.pt", weights_only=True)
    kept = load_file(run / "best" / "adapter_model.safetensors")
    # Ten times the learning rate moves τ by more than the bound allows.
    assert float(trained["model"]["temperature"]) >= 0.069
    averages = trained["averages"]
    assert int(averages["num_steps"]) == 6
    assert torch.equal(kept["temperature"], averages["temperature"])
    name = next(name for name in kept if name.endswith("down.weight"))
    full_name = next(
        n for n in averages if n.endswith("down.weight") and torch.equal(averages[n], kept[name])
    )
    assert not torch.equal(trained["model"][full_name], kept[name])


def test_second_views_and_gradient_checkpointing_exclude_each_other(make_recipe):
    with pytest.raises(
        ConfigError, match="second views, which train.gradient_checkpointing cannot serve"
    ):
        train(make_recipe(**plus(gradient_checkpointing=True)))


def test_a_resumed_run_goes_on_with_its_averages(make_recipe, monkeypatch):
    recipe = make_recipe("whole", **plus())
    train(recipe)
    from harma.training.loop import Trainer

    def stop(trainer, display):
        if trainer.progress.epoch == 2:
            raise KeyboardInterrupt
        return run_epoch(trainer, display)

    run_epoch = Trainer._run_epoch
    broken = make_recipe("broken", **plus())
    monkeypatch.setattr(Trainer, "_run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train(broken)
    monkeypatch.setattr(Trainer, "_run_epoch", run_epoch)
    train(broken, resume=True)
    states = [
        torch.load(Path(r.output) / "last" / "state.pt", weights_only=True)
        for r in (recipe, broken)
    ]
    for name, tensor in states[0]["averages"].items():
        assert torch.equal(tensor, states[1]["averages"][name]), name


def test_adapters_are_refused_on_other_weights(make_recipe, tiny_config, tmp_path):
    run = train(make_recipe())
    from harma.backbones import load_backbone

    load_backbone(tiny_config).save(tmp_path / "other")
    with pytest.raises(
        WeightsError, match=r"was trained on local-dir:.* with weights sha256:.*Give the backbone"
    ):
        harma.load(run, backbone=f"local-dir:{tmp_path / 'other'}")
    (run / "backbone").rename(tmp_path / "moved")
    with pytest.raises(MissingFileError, match=r"cannot be found .*say where it is with backbone="):
        harma.load(run)
    assert harma.load(run, backbone=f"local-dir:{tmp_path / 'moved'}").adapters is not None


def test_warm_start_begins_with_the_adapters_of_a_run(make_recipe):
    first = train(make_recipe("first"))
    backbone = f"local-dir:{first / 'backbone'}"
    second = train(make_recipe("second", backbone=backbone, init=str(first), optim={"lr": 1e-12}))
    a, b = (load_file(run / "best" / "adapter_model.safetensors") for run in (first, second))
    assert all(torch.allclose(a[name], b[name], atol=1e-6) for name in a)


@pytest.mark.slow
def test_a_run_killed_in_an_epoch_and_resumed_ends_bit_identical(tiny_config, tiny_data, tmp_path):
    changes = {
        "train": {"epochs": 4, "checkpoint_every": 2},
        "data": {"sampling": "images", "num_workers": 1},
    }
    for name in ("undisturbed", "killed"):
        values = recipe_values(tiny_config, tiny_data, tmp_path / name, **changes)
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "harma", "train"]
    subprocess.run(
        [*command, str(tmp_path / "undisturbed.yaml")],
        check=True,
        env=environment,
        capture_output=True,
    )
    process = subprocess.Popen(
        [*command, str(tmp_path / "killed.yaml")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = tmp_path / "killed" / "log.jsonl"
    deadline = time.time() + 120
    # Steps 4 to 6 are the second epoch; the checkpoint of step 4 lies in its middle.
    while time.time() < deadline and (not log.exists() or '"step": 5' not in log.read_text()):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "metrics.json").exists()
    subprocess.run(
        [*command, "--resume", str(tmp_path / "killed")],
        check=True,
        env=environment,
        capture_output=True,
    )
    weights = [
        load_file(tmp_path / name / "best" / "adapter_model.safetensors")
        for name in ("undisturbed", "killed")
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    states = [
        torch.load(tmp_path / name / "last" / "state.pt")["model"]
        for name in ("undisturbed", "killed")
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    steps = [
        json.loads(line)["step"]
        for line in log.read_text().splitlines()
        if '"event": "step"' in line
    ]
    assert steps == list(range(1, 13))


def test_a_directory_with_a_run_is_not_overwritten(make_recipe):
    train(make_recipe())
    with pytest.raises(
        ConfigError, match=r"holds a run already; continue it with `harma train --resume"
    ):
        train(make_recipe())


def test_a_loss_that_is_not_a_number_stops_the_run(make_recipe):
    with pytest.raises(
        TrainingError,
        match=r"loss is not a finite number in epoch 1, step \d+; try a lower --optim.lr",
    ):
        train(make_recipe(method="full", optim={"lr": 1e30}, train={"epochs": 3}))


def test_patience_ends_a_run_early(make_recipe):
    run = train(make_recipe(optim={"lr": 1e-12}, train={"epochs": 6, "patience": 1}))
    events = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert sum(event["event"] == "validation" for event in events) < 6


def test_unusable_recipes_are_named(make_recipe):
    with pytest.raises(
        ConfigError, match=r"24 items, fewer than one batch|48 items, fewer than one batch of 64"
    ):
        train(make_recipe(data={"batch_size": 64}))
    with pytest.raises(ConfigError, match=r"loss.terms is 'contrastif'; allowed are contrastive"):
        train(make_recipe("b", loss={"terms": {"contrastif": 1.0}}))
    with pytest.raises(
        ConfigError, match=r"loss.terms.triplet has no option margn; allowed are weight"
    ):
        train(make_recipe("c", loss={"terms": {"triplet": {"margn": 1}}}))
    with pytest.raises(
        ConfigError, match=r"train.select_by is 'R1'; allowed are mR, dup_mR, i2t_R@1"
    ):
        train(make_recipe("d", train={"select_by": "R1"}))
    with pytest.raises(ConfigError, match="fp16, which needs a GPU"):
        train(make_recipe("e", train={"precision": "fp16"}))
    with pytest.raises(ConfigError, match=r"data.root is not set"):
        train(make_recipe("f", data={"name": "rsitmd"}))


def test_a_missing_image_is_named_before_training(make_recipe, tiny_data, tmp_path):
    rows = json.loads((tiny_data / "train.json").read_text())
    rows[3]["image"] = "gone.png"
    rows[3]["image_id"] = 99
    (tmp_path / "broken.json").write_text(json.dumps(rows))
    with pytest.raises((MissingFileError, DataError), match=r"gone.png"):
        train(make_recipe(data={"root": str(tiny_data), "train": [str(tmp_path / "broken.json")]}))


def test_bf16_runs(make_recipe):
    assert train(make_recipe(train={"precision": "bf16", "epochs": 1})).is_dir()


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

    monkeypatch.setattr(loop, "compute_gradients", compute)
    monkeypatch.setattr(
        loop, "first_chunk_size", lambda asked, fabric: None if asked == "auto" else asked
    )
    return tried


@pytest.mark.parametrize("captions", [1, 2])
def test_chunks_are_halved_until_they_fit_and_give_the_run_of_the_whole_batch(
    make_recipe, monkeypatch, caplog, small_gpu, captions
):
    changes = {"data": {"augment": False, "sampling": "images", "captions_per_image": captions}}
    values = {"precision": "float64"}
    caplog.set_level("INFO")
    got = train(make_recipe("auto", train={**values, "chunk_size": "auto"}, **changes))
    assert small_gpu[:4] == [None, 4, 2, 2]
    assert set(small_gpu[3:]) == {2}
    assert "the memory of the GPU does not hold 8 images at once; going on with 4" in caplog.text
    logged = [event for event in RunDirectory(got).read_log() if event["event"] == "chunks"]
    assert [event["images"] for event in logged] == [4, 2]
    monkeypatch.setattr(loop, "compute_gradients", compute_gradients)
    expected = train(make_recipe("whole", train=values, **changes))
    halved, whole = (
        load_file(path / "best" / "adapter_model.safetensors") for path in (got, expected)
    )
    for name, tensor in whole.items():
        torch.testing.assert_close(halved[name], tensor, rtol=1e-5, atol=1e-7)


def test_a_resumed_run_goes_on_with_the_chunks_that_fitted(make_recipe, monkeypatch, small_gpu):
    recipe, run_epoch = make_recipe(train={"chunk_size": "auto"}), loop.Trainer._run_epoch

    def stop(trainer, display):
        if trainer.progress.epoch == 2:
            raise KeyboardInterrupt
        return run_epoch(trainer, display)

    monkeypatch.setattr(loop.Trainer, "_run_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train(recipe)
    monkeypatch.setattr(loop.Trainer, "_run_epoch", run_epoch)
    small_gpu.clear()
    train(recipe, resume=True)
    assert set(small_gpu) == {2}


def test_a_chunk_that_was_asked_for_and_does_not_fit_ends_the_run(make_recipe, small_gpu):
    message = (
        r"the GPU does not hold 4 images at once \(CUDA out of memory.*\); try"
        r" --train.chunk_size 2,"
    )
    with pytest.raises(TrainingError, match=message):
        train(make_recipe(train={"chunk_size": 4}))


def test_two_processes_give_the_run_of_one(tiny_config, tiny_data, tmp_path):
    # Float64, so that the order of sums does not show.
    changes = {"train": {"precision": "float64", "validate_every": 2}, "data": {"augment": False}}
    one = train(
        recipe_from_dict(recipe_values(tiny_config, tiny_data, tmp_path / "one", **changes))
    )
    values = recipe_values(tiny_config, tiny_data, tmp_path / "two", **changes)
    values["data"]["batch_size"] //= 2
    values["train"]["devices"] = 2
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(values))
    done = subprocess.run(
        [sys.executable, "-m", "harma", "train", str(tmp_path / "two.yaml")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.count("run written to") == 1
    expected, got = (
        load_file(path / "best" / "adapter_model.safetensors") for path in (one, tmp_path / "two")
    )
    assert expected.keys() == got.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(got[name], tensor, rtol=1e-5, atol=1e-7)
    figures = [
        json.loads((path / "metrics.json").read_text())["test"] for path in (one, tmp_path / "two")
    ]
    assert figures[0]["metrics"] == pytest.approx(figures[1]["metrics"])


def mean_of_own_pairs(images, captions, caption_to_image):
    """A metric of one's own."""
    return 100 * float((images[caption_to_image] * captions).sum(axis=1).mean())


def test_a_metric_of_ones_own_chooses_the_model(make_recipe):
    own = {"metrics": [f"{__name__}.mean_of_own_pairs"], "select_by": "mean_of_own_pairs"}
    run = train(make_recipe(train=own))
    logged = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    values = [line["mean_of_own_pairs"] for line in logged if line["event"] == "validation"]
    saved = json.loads((run / "best" / "adapter_config.json").read_text())
    assert saved["metrics"]["mean_of_own_pairs"] == max(values)
    assert "mean_of_own_pairs" in json.loads((run / "metrics.json").read_text())["test"]["metrics"]


def test_a_metric_that_is_not_computed_cannot_choose(make_recipe):
    with pytest.raises(ConfigError, match=r"train\.select_by is 'mr'; allowed are .*mR"):
        train(make_recipe(train={"select_by": "mr"}))


@pytest.fixture
def interrupted(make_recipe, tmp_path):
    """A run whose checkpoint is at the end of its first epoch of two."""

    def make(name="run", **changes):
        recipe = make_recipe(name, **changes)
        run = train(recipe)
        values = yaml.safe_load((run / "recipe.yaml").read_text())
        values["train"]["epochs"] = 3
        return run, lambda **other: train(recipe_from_dict({**values, **other}), resume=True)

    return make


def test_a_resumed_run_finds_the_backbone_it_was_begun_with(interrupted, tiny_config, tmp_path):
    torch.manual_seed(5)
    harma.HarMA(harma.backbones.load_backbone(tiny_config)).backbone.save(tmp_path / "bb")
    _, resume = interrupted(backbone=f"local-dir:{tmp_path / 'bb'}")
    torch.manual_seed(6)
    harma.HarMA(harma.backbones.load_backbone(tiny_config)).backbone.save(tmp_path / "bb")
    with pytest.raises(TrainingError, match=r"begun with other data or weights .*backbone changed"):
        resume()


def test_a_resumed_run_finds_the_data_it_was_begun_with(interrupted, tiny_data, tmp_path):
    shutil.copytree(tiny_data, tmp_path / "data")
    _, resume = interrupted(data={"name": str(tmp_path / "data" / "data.yaml")})
    rows = json.loads((tmp_path / "data" / "train.json").read_text())
    (tmp_path / "data" / "train.json").write_text(json.dumps(rows[::-1]))
    with pytest.raises(TrainingError, match=r"begun with other data or weights .*train changed"):
        resume()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state: state["model"].popitem(), "1 weights are missing or unexpected"),
        (
            lambda state: next(iter(state["model"].values())).fill_(float("nan")),
            "1 weights are not numbers",
        ),
        (lambda state: state.pop("optimizer"), "lacks optimizer; delete it to begin the run again"),
        (lambda state: state.pop("progress"), "cannot be read"),
        (lambda state: state["progress"].update(unknown=1), "cannot be read"),
        (lambda state: state.update(world_size=2), "begun with 2 processes and is resumed with 1"),
    ],
)
def test_damaged_checkpoints_are_refused(interrupted, damage, message):
    run, resume = interrupted()
    state = torch.load(run / "last" / "state.pt")
    damage(state)
    torch.save(state, run / "last" / "state.pt")
    with pytest.raises((WeightsError, TrainingError), match=message):
        resume()


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", b"PK\x03\x04"])
def test_a_checkpoint_that_is_none_is_refused(interrupted, content):
    run, resume = interrupted()
    (run / "last" / "state.pt").write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"state\.pt cannot be read .*; delete it to begin the run again"
    ):
        resume()


def test_a_log_that_lost_its_end_costs_nothing_else(interrupted):
    run, resume = interrupted(train={"report": True})
    log = (run / "log.jsonl").read_text().splitlines()
    (run / "log.jsonl").write_text("\n".join(log[:2]) + '\n{"event": "st')
    resume(train={**yaml.safe_load((run / "recipe.yaml").read_text())["train"], "epochs": 3})
    assert b"\0" not in (run / "log.jsonl").read_bytes()
    assert (run / "report.html").is_file()


def test_two_trainings_in_one_directory_are_one_too_many(make_recipe, tmp_path):
    from filelock import FileLock

    (tmp_path / "run").mkdir()
    with (
        FileLock(tmp_path / "run" / ".lock"),
        pytest.raises(BusyError, match="another process is training in"),
    ):
        train(make_recipe())


def test_an_output_with_other_files_is_refused_before_anything_is_read(make_recipe, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("important")
    with pytest.raises(
        ConfigError, match=r"holds files that are no run \(thesis.tex\); choose a new"
    ):
        train(make_recipe(data={"name": "nowhere.yaml"}))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        train(make_recipe("file"))


def test_a_recipe_that_fails_leaves_no_run_behind(make_recipe, tmp_path):
    for changes in (
        {"loss": {"terms": {"contrastve": 1.0}}},
        {"train": {"select_by": "MR"}},
        {"optim": {"name": "x.y"}},
    ):
        with pytest.raises(ConfigError):
            train(make_recipe(**changes))
        assert not (tmp_path / "run" / "recipe.yaml").exists()
    train(make_recipe())


def no_number(images, captions, caption_to_image):
    """A metric of one's own that failed."""
    return float("nan")


def test_a_metric_that_is_no_number_cannot_choose(make_recipe):
    with pytest.raises(
        TrainingError, match="no_number, which chooses the model, is nan in epoch 1"
    ):
        train(make_recipe(train={"metrics": [f"{__name__}.no_number"], "select_by": "no_number"}))


def test_a_temperature_that_no_loss_takes_does_not_train(make_recipe):
    run = train(make_recipe(loss={"terms": {"triplet": 1.0}}, train={"epochs": 1}))
    assert load_file(run / "best" / "adapter_model.safetensors")["temperature"] == pytest.approx(
        0.07
    )


@pytest.mark.parametrize("precision", ["float32", "float64", "bf16"])
def test_what_was_trained_in_any_precision_opens(make_recipe, precision):
    run = train(make_recipe(train={"precision": precision, "epochs": 1}))
    assert harma.load(run).embed_texts(["a roof"]).dtype == "float32"


def test_a_warm_start_with_other_options_is_refused(make_recipe):
    first = train(make_recipe("first", train={"epochs": 1}))
    backbone = f"local-dir:{first / 'backbone'}"
    for changes, message in (
        (
            {"text_attention": "full"},
            r"have text_attention causal \(here full\); start with the same options",
        ),
        ({"variant": "released"}, r"have variant document \(here released\)"),
    ):
        adapter = {"bottleneck_dim": 16, "num_heads": 2, "text_attention": "causal", **changes}
        with pytest.raises(ConfigError, match=message):
            train(make_recipe("second", backbone=backbone, init=str(first), adapter=adapter))


def test_none_needs_no_validation_split(make_recipe, tiny_data, tmp_path):
    description = (tiny_data / "data.yaml").read_text().replace("val: val.json\n", "")
    description = description.replace("images: images", f"images: {tiny_data / 'images'}")
    for name in ("train.json", "test.json"):
        shutil.copy(tiny_data / name, tmp_path / name)
    (tmp_path / "two.yaml").write_text(description)
    run = train(make_recipe(method="none", data={"name": str(tmp_path / "two.yaml")}))
    assert "select_on" not in json.loads((run / "metrics.json").read_text())
