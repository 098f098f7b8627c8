import json
import subprocess
import sys

import pytest
import yaml

from harma.cli import VERBS, main


@pytest.fixture
def run_directory(tiny_config, tiny_data, tmp_path, capsys):
    recipe = {
        "backbone": tiny_config,
        "adapter": {"bottleneck_dim": 16, "num_heads": 8},
        "data": {"name": str(tiny_data / "data.yaml"), "batch_size": 8, "num_workers": 0},
        "optim": {"lr": 1e-3},
        "train": {"epochs": 1, "accelerator": "cpu", "report": False},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    assert main(["train", str(tmp_path / "recipe.yaml"), "--output", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def test_train_evaluate_info_export_import(run_directory, tmp_path, capsys, tiny_config):
    assert (
        main(["evaluate", str(run_directory), "--output", str(tmp_path / "again"), "--report"]) == 0
    )
    figures = [
        json.loads((d / "metrics.json").read_text())["test"]
        for d in (run_directory, tmp_path / "again")
    ]
    assert figures[0]["metrics"] == pytest.approx(figures[1]["metrics"])
    assert (tmp_path / "again" / "report.html").is_file()
    assert main(["info", str(run_directory)]) == 0
    shown = capsys.readouterr().out
    assert "trained parameters" in shown
    assert "sha256:" in shown
    assert main(["export", str(run_directory), "--output", str(tmp_path / "released.pth")]) == 0
    (tmp_path / "architecture.json").write_text(json.dumps(tiny_config))
    options = [
        "--architecture",
        str(tmp_path / "architecture.json"),
        "--output",
        str(tmp_path / "imported"),
    ]
    # The released form does not say how many heads there are; eight is the original's number.
    assert main(["import", str(tmp_path / "released.pth"), *options]) == 0
    assert main(["info", str(tmp_path / "imported")]) == 0


def test_published_parameter_count_is_printed(capsys):
    assert main(["backbones", "ViT-B-32"]) == 0
    assert "5,934,397 trained parameters of 157,211,710" in capsys.readouterr().out


def test_presets_and_recipes_are_listed(capsys):
    assert main(["backbones"]) == 0
    shown = capsys.readouterr().out
    assert all(
        name in shown
        for name in ("openai", "laion2b", "georsclip", "georsclip-ret2", "remoteclip", "skyclip")
    )
    assert (
        "137,198,459 parameters: image tower 27,913,082, text tower 109,285,376, temperature 1"
        in shown
    )
    assert (
        "131,148,161 parameters: image tower 21,862,784, text tower 109,285,376, temperature 1"
        in shown
    )
    assert main(["recipes"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("rsitmd_geo", "rsitmd_swin_bert"))
    assert main(["recipes", "rsitmd_geo"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["optim"]["lr"] == 4e-6


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert "examples:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "nothing"], "error: there is no recipe 'nothing'"),
        (["train", "--resume", "nowhere"], "error: nowhere holds no run"),
        (
            ["train", "--resume", "a", "--optim.lr", "1"],
            "error: --resume takes the run's directory and nothing else",
        ),
        (["info", "nowhere"], "error: nothing to load in nowhere"),
        (["evaluate", "openai"], "error: openai is no run that knows its data; name it"),
        (["recipes", "x"], "error: there is no recipe 'x'"),
        (["data", "check", "x"], "error: there is no data set 'x'"),
    ],
)
def test_bad_input_gets_a_message_and_status_2(argv, message, capsys):
    assert main(argv) == 2
    assert message in capsys.readouterr().err


def test_data_check_lists_every_problem_at_once(tmp_path, capsys):
    from PIL import Image

    (tmp_path / "images").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "good.png")
    (tmp_path / "images" / "empty.png").write_bytes(b"")
    (tmp_path / "images" / "text.jpg").write_text("not an image")
    Image.effect_noise((64, 64), 50).save(tmp_path / "noise.png")
    cut = (tmp_path / "noise.png").read_bytes()[:1000]
    (tmp_path / "images" / "cut.png").write_bytes(cut)
    rows = [
        {"image": "good.png", "caption": "a river"},
        {"image": "good.png", "caption": " . "},
        {"image": "good.png"},
        {"image": 3, "caption": "a"},
        {"image": "empty.png", "caption": "a"},
        {"image": "text.jpg", "caption": "b"},
        {"image": "cut.png", "caption": "c"},
        {"image": "gone.png", "caption": "d"},
        "text",
    ]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    (tmp_path / "data.yaml").write_text("name: broken\ntrain: train.json\n")
    assert (
        main(
            [
                "data",
                "check",
                str(tmp_path / "data.yaml"),
                "--json",
                str(tmp_path / "problems.json"),
            ]
        )
        == 1
    )
    problems = json.loads((tmp_path / "problems.json").read_text())
    found = {problem["row"]: problem["what"] for problem in problems}
    assert set(found) == {f"row {i}" for i in (1, 2, 3, 4, 5, 6, 7, 8)}
    assert "8 problems" in capsys.readouterr().out


def test_import_is_light_and_help_does_not_load_torch():
    code = "import sys, harma, harma.metrics, harma.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = (
        "import sys\nfrom harma.cli import main\ntry: main(['--help'])\nfinally: sys.exit('torch'"
        " in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode
        == 0
    )


def test_what_the_system_refuses_is_said_in_a_line(run_directory, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for output in (f"{tmp_path}/file/below", "/proc/nowhere/x", f"{tmp_path}/{'n' * 300}"):
        assert main(["export", str(run_directory), "--output", output]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_the_directory_one_is_in(run_directory, capsys, monkeypatch):
    monkeypatch.chdir(run_directory / "best")
    assert main(["info", "."]) == 0
    assert main(["info", "/"]) == 2


@pytest.mark.parametrize(
    "options", [["--batch-size", "0"], ["--num-workers", "-1"], ["--batch-size", "many"]]
)
def test_numbers_out_of_range(run_directory, options, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(run_directory), *options])
    assert stop.value.code == 2
    assert "give a whole number from" in capsys.readouterr().err


def test_an_unknown_log_level(capsys, monkeypatch):
    monkeypatch.setenv("HARMA_LOG", "loud")
    assert main(["recipes"]) == 2
    assert "HARMA_LOG is 'LOUD'; allowed are DEBUG, INFO, WARNING, ERROR" in capsys.readouterr().err


def test_scenes_are_drawn_as_a_data_set(tmp_path, capsys):
    options = ["--train", "3", "--val", "2", "--test", "2", "--size", "32", "--look", "winter"]
    assert main(["data", "scenes", str(tmp_path / "s"), *options]) == 0
    assert "harma train RECIPE --data.name" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path / "s" / "data.yaml")]) == 0
    assert "0 problems" in capsys.readouterr().out
    assert main(["data", "scenes", str(tmp_path / "s"), "--look", "dusk"]) == 2
