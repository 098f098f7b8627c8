"""The frame of the fuzzing sees what it is for, and goes on after it."""

import psutil
import pytest
from tests.fuzz import own_time
from tests.fuzz.__main__ import run, shares
from tests.fuzz.damage import damaged
from tests.fuzz.edge import chance_of
from tests.fuzz.judging import Answer, cause_of, judge_answer, judge_message
from tests.fuzz.made_edge import WAYS
from tests.fuzz.pool import judged
from tests.fuzz.report import read_lines, table

NAME = "tests.fuzz.made_edge"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    found = {}
    # What hangs is given up soon; the others have time, also where other programs have the cores.
    hanging = [WAYS.index("hang"), WAYS.index("child")]
    others = [number for number in range(len(WAYS)) if number not in hanging]
    for numbers, seconds in ((others, 50), (hanging, 2)):
        for outcome in judged(NAME, 0, numbers, work, seconds=seconds, memory=1200 << 20):
            found[WAYS[outcome.number]] = outcome
    return found, work


def test_each_way_to_fail_is_seen(outcomes):
    kinds = {way: outcome.verdict.kind for way, outcome in outcomes[0].items()}
    assert kinds == {
        **{way: way for way in WAYS},
        "unnamed": "vague",
        "child": "hang",
    }


def test_inputs_that_fail_are_kept_and_others_not(outcomes):
    kept = {path.name for path in outcomes[1].glob(f"{NAME}-*")}
    failed = [number for number, way in enumerate(WAYS) if way not in ("right", "clean")]
    assert kept == {f"{NAME}-0-{number}" for number in failed}


def test_no_process_is_left(outcomes):
    assert not any(
        process.info["cmdline"] == ["sleep", "61.25"]
        for process in psutil.process_iter(["cmdline"])
    )


def test_a_run_goes_on_where_it_stood(tmp_path, capsys):
    assert run([NAME], 2, 0, tmp_path) == 0
    file = tmp_path / "seed-0.jsonl"
    first = file.read_text()
    file.write_text(first + '{"edge": "cut')
    assert run([NAME], 3, 0, tmp_path) == 1
    assert [line["verdict"] for line in read_lines(file)] == ["right", "clean", "traceback"]
    assert f"{NAME}:0:2 traceback KeyError" in capsys.readouterr().out
    assert f"| {NAME} | 3 | 1 | 1 | 1 |" in (tmp_path / "report-0.md").read_text()


def test_shares_make_up_the_number():
    counts = shares([NAME], 100)
    assert counts == {NAME: 100}


def test_chance_is_the_same_for_the_same_input_alone():
    data = bytes(range(256)) * 8
    first = damaged(chance_of("a", 1, 2), data)
    assert first == damaged(chance_of("a", 1, 2), data)
    assert first != damaged(chance_of("a", 1, 3), data)


def test_causes_hold_no_numbers_and_names():
    assert cause_of("/a/b.tif: 3 bands of 'x', 1e5 wide") == "… # bands of '…', # wide"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("a.tif: it holds 3 bands; 4 are needed", "clean"),
        ("a.tif: it cannot be read (ValueError)", "vague"),
        ("a.tif: rasterio.errors.RasterioIOError: no", "vague"),
        ("a.tif: called `unwrap()`, src/a.rs:12", "vague"),
        ("it holds 3 bands", "vague"),
        ("a.tif: " + "x" * 5000, "vague"),
    ],
)
def test_messages(message, kind):
    assert judge_message(message, ["a.tif"]).kind == kind


def test_the_table_counts():
    lines = [
        {"edge": "a", "verdict": "right", "cause": "", "seconds": 1.0, "mb": 5},
        {"edge": "a", "verdict": "hang", "cause": "over 20 s", "seconds": 20.0, "mb": 7},
    ]
    said = table(lines)
    assert "| a | 2 | 1 | 0 | 0 | 1 |" in said
    assert "| a | hang | over 20 s | 1 |" in said


def test_time_in_which_other_programs_have_the_cores_does_not_count(monkeypatch):
    now = [0.0]
    waits = {"main": 0.0, "worker": 5.0}
    monkeypatch.setattr(own_time.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(own_time, "_waits_of", lambda pid: list(waits.items()))
    clock = own_time.OwnTime()
    # Whatever it waited before: no longer than there was time.
    now[0] = 1.0
    assert clock.seconds([1]) == pytest.approx(0.1)
    now[0], waits["main"] = 3.0, 1.5
    assert clock.seconds([1]) == pytest.approx(0.5)
    # It sleeps, and has only itself to blame.
    now[0] = 9.0
    assert clock.seconds([1]) == pytest.approx(6.5)
    now[0], waits["worker"] = 209.0, 205.0
    assert clock.seconds([1]) == pytest.approx(20.9), "given up, by any clock"


def test_a_crash_is_seen_whatever_it_says():
    report = "error: this is a bug of HarMA: KeyError: 'a'\n  at harma/x.py:1 y"
    assert judge_answer(Answer(70, "", report), ["a"]).kind == "traceback"
    assert judge_answer(Answer(2, "", "error: a.tif is damaged"), ["a.tif"]).kind == "clean"
