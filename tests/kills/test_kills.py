"""`make killtest`: a few trials, and that it sees what is lost, doubled or left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.kills.commands import COMMANDS
from tests.kills.contents import between, differences, leftovers
from tests.kills.disturbances import possible
from tests.kills.report import report
from tests.kills.trials import LAST_WORDS, chosen

ROOT = Path(__file__).resolve().parents[2]
# Seconds, on a machine that does other work too.
PATIENCE = 400
ROW = ("row", np.ones(3, np.float32))
BEFORE = {"chip a": ROW, "chip b": ROW}
AFTER = {"chip a": ROW, "chip c": ("new", np.zeros(3, np.float32))}


@pytest.mark.slow
def test_a_few_trials(tmp_path):
    words = ["--trials", "5", "--seed", "ci", "--directory", str(tmp_path)]
    words += ["--only", "index add", "data download", "--by", "SIGKILL", "SIGTERM", "few files"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = list(map(json.loads, (tmp_path / "trials-ci.jsonl").read_text().splitlines()))
    assert [one["number"] for one in verdicts] == list(range(5))
    assert all(one["problems"] == [] for one in verdicts)
    assert "| all |" in (tmp_path / "report-ci.md").read_text()


def test_what_is_lost_doubled_or_other_is_seen():
    assert differences(AFTER, AFTER) == []
    assert differences({"chip a": ROW}, AFTER) == ["lost: chip c"]
    assert differences({**AFTER, "chip d": ROW}, AFTER) == ["too much: chip d"]
    (told,) = differences({**AFTER, "chip c": ROW}, AFTER)
    assert told.startswith("other: chip c: ")
    nearly = {**AFTER, "chip c": ("new", np.full(3, 1e-3, np.float32))}
    assert differences(nearly, AFTER) == []


def test_right_after_a_disturbance_all_is_as_before_or_as_after():
    for there in (BEFORE, AFTER, {"chip a": ROW}, {**BEFORE, **AFTER}):
        assert between(there, BEFORE, AFTER) == []
    assert between({"chip b": ROW}, BEFORE, AFTER) == ["lost meanwhile: chip a"]
    half = {"chip a": ROW, "chip c": ROW}
    (told,) = between(half, BEFORE, AFTER)
    assert told.startswith("neither as before nor as after: chip c")
    assert between(half, BEFORE, AFTER, ["chip"]) == []


@pytest.mark.parametrize("name", [".a.parquet.0f.tmp", "x/.best.old", "y/1.lance#1"])
def test_what_is_left_over_is_seen(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    (tmp_path / "kept.txt").write_text("")
    assert leftovers(tmp_path) == [name]


def test_a_seed_and_a_number_say_the_trial(tmp_path):
    table, _ = possible(tmp_path)
    names = set()
    for number in range(300):
        one, other = (chosen(number, "7", COMMANDS, table) for _ in range(2))
        assert one[0] == other[0]
        assert one[1].name == other[1].name
        assert one[2].random() == other[2].random()
        names.add(one[0].name)
    assert names == {command.name for command in COMMANDS}


def test_last_words_are_known():
    assert LAST_WORDS.findall(
        "x\ninterrupted (SIGTERM): all is kept; go on with: harma index add a b\n"
    )
    assert not LAST_WORDS.findall("interrupted\n")


def test_the_report_counts():
    row = {"command": "train", "disturbance": "SIGKILL", "when": "", "status": -9, "notes": []}
    rows = [
        {**row, "number": 0, "seconds": 0, "crashed": False, "problems": []},
        {**row, "number": 1, "seconds": 0, "crashed": False, "problems": ["lost: chip a"]},
    ]
    told = report(rows, {"clock": "no libfaketime"})
    assert "| train | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 2 | 1 |" in told
    assert "1: train, SIGKILL : lost: chip a" in told
    assert "not tried: clock: no libfaketime" in told
