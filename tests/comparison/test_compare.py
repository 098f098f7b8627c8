"""The whole command on tiny data, with real processes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

import harma.cli
from harma.ground.files import locked

COMMAND = [sys.executable, "-m", "harma", "compare"]


@pytest.fixture
def file(base, tmp_path):
    """Two methods, two rates, two seeds; one of the rates is no rate."""
    values = {
        "recipe": base,
        "methods": {"harma": None, "full": {"learning_rates": [1e-3, 1e30]}},
        "seeds": [1, 2],
        "learning_rates": [1e-3, 1e-2],
        "jobs": 2,
        "output": str(tmp_path / "out"),
    }
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def compare(file, *options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*COMMAND, str(file), *options], capture_output=True, text=True, env=environment
    )


def trainings(output):
    """Processes that train in a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if (
                b"harma.cli.run_process" in (text := path.read_bytes())
                and str(output).encode() in text
            ):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds=900):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_killed_comparison_loses_no_run_and_a_failed_method_is_in_its_row(file, tmp_path):
    output = tmp_path / "out"
    finished = lambda: list(output.glob("runs/*/*/metrics.json"))  # noqa: E731
    parent = subprocess.Popen(
        [*COMMAND, str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        wait_until(lambda: finished() and trainings(output))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not trainings(output), 60)
    before = {path: path.stat().st_mtime_ns for path in finished()}

    done = compare(file)
    assert done.returncode == 1, done.stderr
    assert "full, lr 1e+30, seed 1: the loss is not a finite number" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before, (
        "no finished run is done again"
    )
    assert len(finished()) == 5
    rows = {row["name"]: row for row in csv.DictReader((output / "results.csv").open())}
    assert (rows["harma"]["status"], rows["harma"]["seeds"]) == ("done", "2")
    assert (rows["full"]["status"], rows["full"]["learning_rate"]) == ("done", "0.001")
    assert "rate 1e+30 failed" in rows["full"]["notes"]
    assert float(rows["harma"]["embedding_images_per_second"]) > 0
    assert not list(output.glob("runs/*/*/hits_test.npz")), "test is not read"

    before = {path: path.stat().st_mtime_ns for path in finished()}
    assert compare(file, "--final").returncode == 1
    record = json.loads((output / "final.json").read_text())["rows"]
    assert {name: len(row["runs"]) for name, row in record.items()} == {"harma": 2, "full": 2}
    assert "Test split." in (output / "report.html").read_text()
    read = {path: path.stat().st_mtime_ns for path in output.glob("runs/*/*/hits_test.npz")}
    assert len(read) == 4
    assert compare(file, "--final").returncode == 1
    assert {path: path.stat().st_mtime_ns for path in read} == read, "test is read once"


@pytest.fixture
def fake(monkeypatch, finish):
    """Runs that finish at once, in place of processes; the ones that were asked for."""
    from harma.comparison import compare as comparing
    from harma.comparison import execute
    from harma.comparison.jobs import Job

    asked = []

    class Done:
        stdin = None

        def poll(self):
            return 0

        wait = poll

    def start(run, slot, jobs):
        asked.append(f"{run.row.folder}/{run.path.name}")
        finish(run)
        return Job(run, Done(), slot, time.monotonic())

    monkeypatch.setattr(execute, "start", start)
    monkeypatch.setattr(execute, "POLL", 0)
    monkeypatch.setattr(comparing, "measure_speeds", lambda *_: None)
    return asked


def test_only_runs_the_rows_that_are_named_and_nothing_twice(file, fake, capsys):
    assert harma.cli.main(["compare", str(file), "--only", "full"]) == 0
    assert fake[:2] == ["full/lr0.001-seed1", "full/lr1e+30-seed1"]
    assert len(fake) == 3
    assert fake[2].startswith("full/")
    assert fake[2].endswith("-seed2")
    assert harma.cli.main(["compare", str(file)]) == 0
    assert len(fake) == len(set(fake)) == 6
    assert harma.cli.main(["compare", str(file), "--report-only"]) == 0
    assert len(fake) == 6
    assert "Validation split" in capsys.readouterr().out


def test_a_failed_run_waits_for_retry(file, fake, tmp_path):
    failure = tmp_path / "out" / "runs" / "harma" / "lr0.001-seed1.failed.json"
    failure.parent.mkdir(parents=True)
    failure.write_text('{"reason": "killed"}')
    assert harma.cli.main(["compare", str(file)]) == 1
    assert "harma/lr0.001-seed1" not in fake
    assert harma.cli.main(["compare", str(file), "--retry"]) == 0
    assert "harma/lr0.001-seed1" in fake


def test_flags_change_the_recipe_and_what_is_there_must_fit(file, fake, capsys):
    assert harma.cli.main(["compare", str(file), "--data.batch_size", "6"]) == 0
    assert harma.cli.main(["compare", str(file)]) == 2
    assert "data.batch_size is 6 there and 12 here" in capsys.readouterr().err


def test_two_comparisons_in_one_directory_are_refused(file, fake, tmp_path, capsys):
    with locked(tmp_path / "out", "comparing in"):
        assert harma.cli.main(["compare", str(file)]) == 2
    assert "another process is comparing in" in capsys.readouterr().err


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
def test_bad_input_is_named(file, fake, capsys, arguments, message):
    assert harma.cli.main(["compare", *(a.format(file=file) for a in arguments)]) == 2
    assert message in capsys.readouterr().err
    assert not fake


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the first argument is the comparison"),
        (["--data.root", "x"], "the first argument is the comparison"),
        (["c.yaml", "--report-only", "--final"], "--report-only runs nothing"),
        (["c.yaml", "--learning-rates", "0"], "give a number above 0"),
    ],
)
def test_bad_usage_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        harma.cli.main(["compare", *arguments])
    assert message in capsys.readouterr().err


def test_shipped_comparisons_are_listed(capsys):
    assert harma.cli.main(["compare", "--list"]) == 0
    assert "harma_bottleneck" in capsys.readouterr().out
