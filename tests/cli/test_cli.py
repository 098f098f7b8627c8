"""The command line as a whole: verbs on real runs, help, messages and exit statuses."""

import json
import logging
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import harma.errors
from harma.cli import VERBS, main
from harma.cli.endings import EXTRAS
from harma.errors import HarmaError


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
    again = tmp_path / "again"
    assert main(["evaluate", str(run_directory), "--output", str(again), "--report"]) == 0
    first, second = (
        json.loads((directory / "metrics.json").read_text())["test"]["metrics"]
        for directory in (run_directory, again)
    )
    assert first == pytest.approx(second)
    assert (again / "report.html").is_file()
    assert main(["info", str(run_directory)]) == 0
    shown = capsys.readouterr().out
    assert "trained parameters" in shown
    assert "sha256:" in shown
    assert main(["export", str(run_directory), "--output", str(tmp_path / "released.pth")]) == 0
    (tmp_path / "architecture.json").write_text(json.dumps(tiny_config))
    options = ["--architecture", str(tmp_path / "architecture.json")]
    options += ["--output", str(tmp_path / "imported")]
    # The released form does not say how many heads there are; eight is the original's number.
    assert main(["import", str(tmp_path / "released.pth"), *options]) == 0
    assert main(["info", str(tmp_path / "imported")]) == 0


def test_published_parameter_count_is_printed(capsys):
    assert main(["backbones", "ViT-B-32"]) == 0
    shown = capsys.readouterr().out
    assert "ViT-B-32: 5,934,397 trained parameters of 157,211,710" in shown
    assert "ViT-B-32: lora: 1,966,081 trained parameters of 153,243,394" in shown
    assert "ViT-B-32: linear: 655,361 trained parameters of 151,277,314" in shown


def test_methods_that_a_model_does_not_take_are_said_with_the_reason(capsys):
    assert main(["backbones", "RN50"]) == 0
    shown = capsys.readouterr().out
    assert "RN50: lora is not taken: the image tower of RN50 is a ModifiedResNet" in shown
    assert "RN50: clip-adapter:" in shown


def test_presets_and_recipes_are_listed(capsys):
    assert main(["backbones"]) == 0
    shown = capsys.readouterr().out
    for text in (
        *("openai", "laion2b", "georsclip", "georsclip-ret2", "remoteclip", "skyclip"),
        *("remoteclip-l14", "georsclip-h14", "farslip-b16", "rs-m-clip", "llama3-ms-clip"),
        "methods: harma, clip-adapter, bottleneck, lora, mrs-adapter, bitfit, full",
        "137,198,459 parameters: image tower 27,913,082, text tower 109,285,376, temperature 1",
        "131,148,161 parameters: image tower 21,862,784, text tower 109,285,376, temperature 1",
    ):
        assert text in shown
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


@pytest.mark.parametrize(("verb", "last"), [("data", "scenes"), ("index", "export")])
def test_actions_are_told_a_line_each(verb, last, capsys):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    shown = capsys.readouterr().out
    options = shown.index("positional arguments:")
    described = re.findall(r"^(\w+): ", shown[:options].partition("\n\n")[2], re.M)
    assert described[-1] == last
    assert len(described) >= 8


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
    written = tmp_path / "problems.json"
    assert main(["data", "check", str(tmp_path / "data.yaml"), "--json", str(written)]) == 1
    rows_with_problems = {problem["row"] for problem in json.loads(written.read_text())}
    assert rows_with_problems == {f"row {i}" for i in (1, 2, 3, 4, 5, 6, 7, 8)}
    assert "8 problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    "code",
    [
        "import sys, harma, harma.metrics, harma.cli",
        "import sys\nfrom harma.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
    ],
)
def test_import_is_light_and_help_does_not_load_torch(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nsys.exit('torch' in sys.modules)"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def make_verb(monkeypatch):
    """A verb of a test's own: what is given is done when it runs."""

    def make(do):
        module = ModuleType("harma.cli.probe", "Probe.")
        module.EPILOG = "examples:"
        module.add_arguments = lambda parser: parser.add_argument("--bbox")
        module.run = do
        monkeypatch.setitem(sys.modules, "harma.cli.probe", module)
        monkeypatch.setitem(VERBS, "probe", ("probe", "probes"))

    return make


def raising(error):
    def run(args):
        raise error

    return run


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in vars(harma.errors).values()
        if isinstance(kind, type) and issubclass(kind, HarmaError)
    ],
)
def test_every_error_of_ours_is_a_line_and_status_2(make_verb, kind, capsys):
    make_verb(raising(kind("it is full", source="disk")))
    assert main(["probe"]) == 2
    assert capsys.readouterr().err == "error: disk: it is full\n"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            KeyboardInterrupt(),
            130,
            "interrupted (SIGINT): files are written whole or not at all, so none is half written;"
            " go on with: harma probe\n",
        ),
        (
            OSError(28, "No space left", "/a/b"),
            2,
            "error: No space left: /a/b; make room, and give the command again\n",
        ),
        (OSError("odd"), 2, "error: odd\n"),
    ],
)
def test_how_a_command_may_end(make_verb, error, status, message, capsys):
    make_verb(raising(error))
    assert main(["probe"]) == status
    assert capsys.readouterr().err == message


def test_a_bug_of_ours_is_not_hidden(make_verb, capsys):
    make_verb(raising(ZeroDivisionError("ours")))
    assert main(["probe"]) == 70
    assert "a bug of HarMA: ZeroDivisionError: ours" in capsys.readouterr().err


def test_a_reader_that_goes_is_no_error():
    command = f"{sys.executable} -m harma backbones | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "bbox"),
    [
        (["--bbox", "-10,0,5,5"], "-10,0,5,5"),
        (["--bbox", "-.5,0,5,5"], "-.5,0,5,5"),
        (["--bbox=-10,0,5,5"], "-10,0,5,5"),
        (["--bbox", "1,2,3,4"], "1,2,3,4"),
    ],
)
def test_numbers_below_zero_are_no_options(make_verb, arguments, bbox):
    seen = []
    make_verb(lambda args: seen.append(args.bbox) or 0)
    assert main(["probe", *arguments]) == 0
    assert seen == [bbox]


@pytest.mark.parametrize("argument", ["-5", "--bbox=1,2,3,4 -5"])
def test_a_number_that_follows_no_option_stays_where_it_is(make_verb, argument, capsys):
    make_verb(lambda args: 0)
    with pytest.raises(SystemExit) as stop:
        main(["probe", *argument.split()])
    assert stop.value.code == 2
    assert "unrecognized arguments: -5" in capsys.readouterr().err


def test_what_the_system_refuses_is_said_in_a_line(run_directory, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for output in (f"{tmp_path}/file/below", "/proc/nowhere/x", f"{tmp_path}/{'n' * 300}"):
        # What can be told beforehand is refused by the flag, the rest when it is written.
        try:
            status = main(["export", str(run_directory), "--output", output])
        except SystemExit as ended:
            status = ended.code
        assert status == 2
        *_, last = capsys.readouterr().err.splitlines()
        assert "error: " in last


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


@pytest.mark.parametrize(
    ("said", "everything", "ours", "gdal"),
    [
        ("", "WARNING", "INFO", "ERROR"),
        ("debug", "DEBUG", "DEBUG", "NOTSET"),
        ("ERROR", "ERROR", "ERROR", "NOTSET"),
    ],
)
def test_log_levels(monkeypatch, said, everything, ours, gdal):
    monkeypatch.setenv("HARMA_LOG", said)
    loggers = [logging.getLogger(name) for name in (None, "harma", "rasterio")]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    try:
        loggers[0].handlers.clear()
        loggers[2].setLevel("NOTSET")
        assert main(["recipes"]) == 0
        levels = [logging.getLevelName(logger.level) for logger in loggers]
        assert levels == [everything, ours, gdal]
    finally:
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers[:] = handlers


@pytest.mark.parametrize("words", [["searches", "list"], ["watch", "list"], ["watch", "run"]])
def test_saved_searches_say_what_to_install(words, tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy.exc")

    monkeypatch.setattr("harma.cli.run_command", fail)
    assert main([*words, str(tmp_path)]) == 2
    assert "needs sqlalchemy: pip install 'harma[search]'" in capsys.readouterr().err


def test_what_to_install_is_known_of_each_library_of_an_extra():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for extra in ("search", "serve"):
        names = [re.match(r"[\w-]+", line)[0] for line in project["optional-dependencies"][extra]]
        for name in names:
            if name != "harma":
                assert EXTRAS[name.replace("-", "_")] == extra


# As the plain install is: none of the libraries of extras.
PLAIN = """
import sys
from harma.cli import main
from harma.cli.endings import EXTRAS

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nowhere())
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["search", ".", "a road"], "search"),
        (["index", "info", "."], "search"),
        (["index", "build", "a", "."], "search"),
        (["searches", "list", "."], "search"),
        (["watch", "run", "."], "search"),
        (["serve", "."], "serve"),
        (["mcp", "."], "mcp"),
    ],
)
def test_the_plain_install_says_what_to_install(command, extra, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert re.fullmatch(rf"error: .+ needs? \w+: pip install 'harma\[{extra}\]'\n", done.stderr)
