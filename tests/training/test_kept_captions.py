"""Captions that a run keeps: of training alone, once, and none where they may not be passed on."""

import json
from pathlib import Path

import pytest
from tests.training.runs import logged, stopped, trained

import harma
from harma.data.captions import clean_caption
from harma.errors import WeightsError
from harma.model.caption_file import read_captions
from harma.model.fingerprint import model_id
from harma.model.saved import describe
from harma.training import kept_captions
from harma.training.kept_captions import KeptCaptions
from harma.training.launch import resume

FILE = "captions.safetensors"


def captions_of(data, split):
    rows = json.loads((data / f"{split}.json").read_text())
    found = []
    for row in rows:
        texts = row["caption"] if isinstance(row["caption"], list) else [row["caption"]]
        found += texts
    return list(dict.fromkeys(map(clean_caption, found)))


@pytest.mark.parametrize("method", ["harma", "bitfit", "full"])
def test_a_run_keeps_the_captions_of_training_embedded_by_its_best_model(
    make_recipe, tiny_data, capsys, method
):
    changes = {} if method == "harma" else {"adapter": {}}
    run = trained(make_recipe(method=method, **changes, train={"average_decay": 0.5}))
    model = harma.load(run)
    kept = model.captions
    assert list(kept.captions) == captions_of(tiny_data, "train")
    assert "red field test 0" in captions_of(tiny_data, "test")
    assert "red field test 0" not in kept.captions
    assert kept.embeddings == pytest.approx(model.embed_texts(kept.captions), abs=1e-3)
    assert kept.model_id == model_id(model)
    assert f"holds {len(kept)} distinct captions" in (run / "best" / "README.md").read_text()
    said = " ".join(capsys.readouterr().out.split())
    assert f"{len(kept)} captions of training are kept in best/{FILE} (0.0 MB, " in said
    assert "--train.keep_captions false leaves them out" in said
    (event,) = logged(run, "captions")
    assert (event["num_captions"], event["num_bytes"]) == (
        len(kept),
        (run / "best" / FILE).stat().st_size,
    )


@pytest.mark.parametrize("method", ["harma", "full"])
def test_captions_that_may_not_be_passed_on_are_left_out(make_recipe, capsys, method):
    run = trained(make_recipe(method=method, train={"keep_captions": False, "epochs": 1}))
    assert not (run / "best" / FILE).exists()
    assert harma.load(run).captions is None
    assert "captions.safetensors" not in (run / "best" / "README.md").read_text()
    assert "kept in best" not in capsys.readouterr().out
    assert logged(run, "captions") == []


def test_the_model_is_the_same_with_them_and_without(make_recipe):
    runs = [
        trained(make_recipe(str(keep), train={"keep_captions": keep})) for keep in (True, False)
    ]
    assert len({model_id(harma.load(run)) for run in runs}) == 1
    facts = [describe(run) for run in runs]
    assert facts[0].pop("kept_captions") > 0
    for fact in facts:
        del fact["directory"], fact["bytes"]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("precision", ["float64", "bf16"])
@pytest.mark.parametrize("method", ["harma", "full"])
def test_captions_of_any_precision_belong_to_the_model(make_recipe, precision, method):
    train = {"precision": precision, "epochs": 1}
    model = harma.load(trained(make_recipe(method=method, train=train)))
    kept = model.captions
    assert kept.embeddings == pytest.approx(model.embed_texts(kept.captions), abs=1e-3)


def test_a_warm_start_keeps_the_captions_of_its_own_training(make_recipe, tiny_data, tmp_path):
    first = trained(make_recipe("first", train={"epochs": 1}))
    rows = json.loads((tiny_data / "train.json").read_text())
    (tmp_path / "fewer.json").write_text(json.dumps(rows[:16]))
    data = {"train": [str(tmp_path / "fewer.json")]}
    changes = {"backbone": f"local-dir:{first / 'backbone'}", "init": str(first)}
    second = trained(make_recipe("second", **changes, data=data, train={"epochs": 1}))
    kept = harma.load(second).captions
    assert list(kept.captions) == captions_of(tiny_data, "train")[:16]


def test_where_nothing_trains_nothing_is_kept(make_recipe):
    run = trained(make_recipe(method="none"))
    assert not (run / "best").exists()


def test_a_run_that_was_stopped_keeps_the_same(make_recipe, monkeypatch):
    whole = trained(make_recipe("whole"))
    recipe = make_recipe("stopped")
    with stopped(monkeypatch):
        trained(recipe)
    run = recipe_path(recipe)
    assert not (run / "best" / FILE).exists()
    resume(run)
    content = (run / "best" / FILE).read_bytes()
    ours, theirs = kept_by(whole), kept_by(run)
    assert ours.captions == theirs.captions
    assert (ours.embeddings == theirs.embeddings).all()
    # Ended again, they are not made a second time; missing or damaged ones are.
    with monkeypatch.context() as patched:
        patched.setattr(kept_captions, "remember", lambda *_: pytest.fail("made again"))
        resume(run)
    for spoil in ((lambda file: file.unlink()), (lambda file: file.write_bytes(b"x"))):
        spoil(run / "best" / FILE)
        resume(run)
        assert (run / "best" / FILE).read_bytes() == content
    assert len(logged(run, "captions")) == 1


def test_a_run_killed_before_its_end_makes_them_when_it_goes_on(make_recipe, monkeypatch):
    recipe = make_recipe(train={"epochs": 1})

    def killed(*_):
        raise WeightsError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(kept_captions, "write_captions", killed)
        with pytest.raises(WeightsError, match="killed"):
            trained(recipe)
    run = recipe_path(recipe)
    assert not (run / "metrics.json").exists()
    assert harma.load(run).captions is None
    resume(run)
    assert len(harma.load(run).captions) > 0


def test_a_recipe_that_keeps_none_takes_away_what_was_there(make_recipe):
    run = trained(make_recipe(train={"epochs": 1}))
    recipe = (run / "recipe.yaml").read_text()
    assert "keep_captions: true" in recipe
    (run / "recipe.yaml").write_text(recipe.replace("keep_captions: true", "keep_captions: false"))
    resume(run)
    assert not (run / "best" / FILE).exists()
    assert "captions.safetensors" not in (run / "best" / "README.md").read_text()


def test_what_was_kept_in_words():
    said = str(KeptCaptions(16_880, 8_650_000, 12.4))
    assert said.startswith("16,880 captions of training are kept in best/captions.safetensors (8.7")
    assert "MB, 12 s), and go wherever the model goes" in said


def recipe_path(recipe):
    return Path(recipe.output)


def kept_by(run):
    model = harma.load(run)
    return read_captions(run / "best" / FILE, model_id(model), model.embed_dim)
