"""harma compare: flags, words, status."""

import pytest
import yaml
from tests.comparison.made_up import base_values, finish_run, finished_plan, write_folds_of

import harma.cli
from harma.comparison import compare as comparing
from harma.comparison.plan import read_plan
from harma.comparison.runs import rate_runs


@pytest.fixture
def base(tiny_config, tiny_data):
    return base_values(tiny_config, tiny_data)


@pytest.fixture
def finished(base, tmp_path):
    return finished_plan(base, tmp_path / "made_up")


@pytest.fixture
def file(base, tmp_path):
    """Two methods, two rates, two seeds."""
    values = {
        "recipe": base,
        "methods": {"harma": None, "full": None},
        "seeds": [1, 2],
        "learning_rates": [1e-3, 1e-2],
        "output": str(tmp_path / "out"),
    }
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


@pytest.fixture
def called(monkeypatch, finished):
    """What `compare` is called with, in place of running; its outcome is that of `finished`."""
    calls = []

    def compare(plan, **options):
        options.pop("say")("measured")
        calls.append((plan, options))
        return comparing.collect(finished)

    monkeypatch.setattr(comparing, "compare", compare)
    return calls


def test_flags_become_arguments(file, called, capsys):
    flags = ["--only", "full", "--retry", "--final", "--seeds", "3", "--jobs", "2"]
    flags += ["--learning-rates", "1e-4", "--output", "there", "--data.batch_size", "6"]
    assert harma.cli.main(["compare", str(file), *flags]) == 1, "a run of the outcome failed"
    plan, options = called[0]
    assert options == {"only": ["full"], "retry": True, "final": True, "report_only": False}
    assert (plan.rows[0].seeds, plan.rows[0].rates, plan.jobs) == ((3,), (1e-4,), 2)
    assert (str(plan.output), plan.base.data.batch_size) == ("there", 6)
    assert harma.cli.main(["compare", str(file), "--report-only"]) == 1
    assert called[1][1] == {"only": (), "retry": False, "final": False, "report_only": True}
    assert "measured" in capsys.readouterr().err


def test_tables_failures_and_files_are_shown(file, called, finished, capsys):
    harma.cli.main(["compare", str(file)])
    shown = capsys.readouterr().out
    for title in ("Validation split", "recalls in percent", "Cost", "Minus none"):
        assert title in shown
    assert "failed: full, lr 0.01, seed 1: killed by SIGKILL, probably out of memory" in shown
    assert "the best rate is the lowest of the grid" in shown
    for line in ("report: ", "tables: ", "LaTeX: "):
        assert f"{line}{finished.output}" in shown


def test_status_0_without_a_failure(file):
    plan = read_plan(file)
    finish_run(rate_runs(plan, plan.rows[0])[0])
    assert harma.cli.main(["compare", str(file), "--report-only"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{file}", "--report-only"], "there is no comparison in"),
        (["{file}", "--only", "lora"], "there is no row 'lora'; the rows are harma, full"),
        (["{file}", "--data.batchsize", "6"], "the recipe cannot be used"),
        (["{file}", "--train.select_on", "test"], "models are compared by validation"),
        (["{file}", "--data.name", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_bad_input_is_named(file, capsys, arguments, message):
    assert harma.cli.main(["compare", *(a.format(file=file) for a in arguments)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the first argument is the comparison"),
        (["--data.root", "x"], "the first argument is the comparison"),
        (["c.yaml", "--report-only", "--final"], "--report-only runs nothing"),
        (["c.yaml", "--report-only", "--retry"], "--report-only runs nothing"),
        (["c.yaml", "--learning-rates", "0"], "give a number above 0"),
        (["c.yaml", "--learning-rates", "inf"], "give a number above 0"),
        (["c.yaml", "--jobs", "0"], "give a whole number from 1"),
    ],
)
def test_bad_usage_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        harma.cli.main(["compare", *arguments])
    assert message in capsys.readouterr().err


def test_shipped_comparisons_are_listed(capsys):
    assert harma.cli.main(["compare", "--list"]) == 0
    shown = capsys.readouterr().out
    assert "harma_bottleneck" in shown
    assert "HarMA, its peers, full training and the bare backbone" in shown


def test_a_plan_over_folds_says_what_would_run_and_what_it_can_show(
    file, tiny_data, tmp_path, capsys
):
    folds = write_folds_of(tiny_data, tmp_path / "folds")
    arguments = ["compare", str(file), "--folds", str(folds), "--plan"]
    assert harma.cli.main([*arguments, "--scatter", "10", "1.5"]) == 0
    shown = capsys.readouterr().out
    assert "harma: rates 0.001, 0.01; seeds 2; 9 runs" in shown
    assert "all: 18 runs in 3 folds" in shown
    assert "scatter as given: 10.0 points an image, 1.50 a run" in shown
    assert "smallest difference that an interval shows" in shown
    assert not (tmp_path / "out").exists(), "nothing ran"
    assert harma.cli.main([*arguments, "--scatter", "nan", "2"]) == 2
    assert "the scatter has nan; give points from 0" in capsys.readouterr().err
    assert harma.cli.main(["compare", str(file), "--folds", "no.yaml", "--plan"]) == 2
    assert "there are no folds in" in capsys.readouterr().err
