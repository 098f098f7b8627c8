"""Rows, differences, tables, plots and page of runs that are made up."""

import csv
import io
import json
import re
import statistics

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from harma.comparison.compare import collect, write_outcome, write_plan
from harma.comparison.differences import between
from harma.comparison.latex import escape, latex_table
from harma.comparison.plan import read_plan
from harma.comparison.published import published_rows
from harma.comparison.results import spread
from harma.comparison.runs import rate_runs, seed_runs
from harma.comparison.tables import cost_table, differences_table, main_table, recalls_table
from harma.errors import DataError
from harma.evaluation import difference_interval, load_evaluation, mean_over_seeds

METHODS = {
    "none": None,
    "harma": None,
    "a_b & c": {"adapter": {"bottleneck_dim": 32}},
    "full": None,
    "lora": None,
}
LEVELS = {"none": 0.2, "harma": 0.6, "a_b & c": 0.55}


@pytest.fixture
def finished(make, finish):
    """Three rows done, one failed, one waiting."""
    plan = make(
        METHODS, learning_rates=[0.01, 0.1], seeds=[1, 2], published="rsitmd", budget={"epochs": 3}
    )
    for row in plan.rows[:3]:
        for run, less in zip(rate_runs(plan, row), (0.0, 0.1), strict=False):
            finish(run, LEVELS[row.name] - less, trained=0 if row.name == "none" else 4000)
        for run in seed_runs(plan, row)[1:]:
            finish(run, LEVELS[row.name], trained=4000, seconds=20.0)
    for run in rate_runs(plan, plan.row("full")):
        run.failure_file.parent.mkdir(parents=True, exist_ok=True)
        run.failure_file.write_text(
            json.dumps({"reason": "killed by SIGKILL, probably out of memory"})
        )
    return plan


def test_spread_is_the_sample_standard_deviation():
    assert spread([1.0, 3.0]).deviation == pytest.approx(2**0.5)
    assert spread([1.0]).deviation is None
    assert spread([1.0, 2.0, 6.0]).mean == 3


def test_rows_have_means_over_seeds_and_what_they_cost(finished):
    none, harma, _, full, lora = collect(finished).results
    values = [run.metrics()["val"]["metrics"]["mR"] for run in seed_runs(finished, harma.row)]
    assert harma.figures["val"]["mR"].mean == pytest.approx(statistics.mean(values))
    assert harma.figures["val"]["mR"].deviation == pytest.approx(statistics.stdev(values))
    assert (harma.rate, harma.ended, harma.planned, harma.status) == (0.01, 3, 3, "done")
    cost = harma.cost
    assert (cost.trained, cost.total, cost.peak_bytes, cost.saved_bytes) == (
        4000,
        100_000,
        500_000_000,
        2000,
    )
    assert cost.epoch_seconds == 15, "median of three epochs of 10 s and three of 20 s"
    assert cost.best_seconds == 45, "mean of 30 s and 60 s"
    assert (none.status, none.rate, none.cost.trained, none.cost.epoch_seconds) == (
        "done",
        None,
        0,
        None,
    )
    assert (full.status, full.figures, len(full.failures)) == ("failed", {}, 2)
    assert (lora.status, lora.planned) == ("waiting", 3)


def test_differences_are_paired_bootstraps_of_seed_means(finished):
    outcome = collect(finished)
    means = [
        mean_over_seeds([load_evaluation(path, "val") for path in result.directories("val")])
        for result in outcome.results[1:3]
    ]
    for metric in ("mR", "dup_mR"):
        found = between(outcome.shown, metric, "a_b & c", "harma")
        expected = difference_interval(means[1], means[0], metric)
        assert (found.point, found.low, found.high) == pytest.approx(expected)
    assert len(outcome.shown) == 6, "three pairs, two metrics"
    assert between(outcome.shown, "mR", "lora", "harma") is None


def test_everything_is_written(finished):
    write_plan(finished)
    write_outcome(collect(finished))
    output = finished.output
    assert read_plan(output / "comparison.yaml").rows[2].recipe.adapter.bottleneck_dim == 32
    rows = list(csv.DictReader((output / "results.csv").open()))
    assert [row["status"] for row in rows] == ["done", "done", "done", "failed", "waiting"]
    assert {row["split"] for row in rows} == {"val"}
    assert float(rows[1]["mR_mean"]) == pytest.approx(
        collect(finished).results[1].figures["val"]["mR"].mean
    )
    assert "killed by SIGKILL" in rows[3]["notes"]
    runs = list(csv.DictReader((output / "runs.csv").open()))
    assert [run["state"] for run in runs] == ["finished"] * 7 + ["failed"] * 2 + ["missing"] * 2
    assert len(list(csv.DictReader((output / "differences.csv").open()))) == 6
    for name in ("parameters", "time", "curves_epochs", "curves_time", "differences"):
        assert np.asarray(Image.open(output / f"{name}.png")).std() > 5, "something is drawn"


def test_the_page_stands_alone_and_says_which_split_it_shows(finished):
    write_outcome(collect(finished))
    page = (finished.output / "report.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", page), "no request to elsewhere"
    assert not re.search(r"url\((?!#)|@import|<script", page)
    assert "a_b &amp; c" in page
    assert "Validation split." in page
    assert "Test split." not in page
    assert "2 runs failed" in page
    assert "killed by SIGKILL, probably out of memory" in page
    assert "arXiv 2308.12509" in page
    assert page.count('<svg role="img" aria-label="') == page.count("<svg") == 5
    assert not re.findall(r"<th(?! scope=)[ >]", page)
    assert "How seeds scatter is not in it" in page
    assert "that seed's luck" not in page, "every row has two"
    assert "prefers-color-scheme: dark" in page


def test_names_of_rows_are_words_everywhere(make, finish):
    """Not HTML, not LaTeX, not a formula of matplotlib, not the markup of the terminal."""
    names = (r"$\frac$", "<script>x</script>", "_first [bold]", "x [/red]")
    plan = make({name: {"method": "harma"} for name in names}, learning_rates=[0.01])
    for row in plan.rows:
        finish(rate_runs(plan, row)[0])
    outcome = collect(plan)
    write_outcome(outcome)
    page = (plan.output / "report.html").read_text()
    assert "<script" not in page
    assert "<!-- $\\frac$ -->" in page
    assert "<!--  _first [bold] -->" in page, "in a legend"
    assert "that seed's luck" in page
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(main_table(outcome.results, "val"))
    console.print(recalls_table(outcome.results, "val"))
    console.print(cost_table(outcome.results))
    console.print(differences_table(outcome.shown, "_first [bold]", names))
    text = console.export_text()
    assert text.count("_first [bold]") == 4, "three tables and a title"
    assert text.count("x [/red]") == 4
    assert len(re.findall(r"\[[+-]\d", text)) == 6, "intervals keep their brackets"


def test_test_figures_that_are_gone_are_named(finished):
    (finished.output / "final.json").write_text(
        json.dumps(
            {
                "rows": {
                    "harma": {
                        "learning_rate": 0.01,
                        "runs": ["runs/harma/lr0.01-seed1"],
                        "fingerprint": "x",
                        "began": "",
                        "read": "now",
                    }
                }
            }
        )
    )
    with pytest.raises(
        DataError, match="lr0.01-seed1 has no test figures, and final.json says that it was read"
    ):
        collect(finished)


def test_a_comparison_without_any_run_can_be_shown(make):
    plan = make({"none": None, "harma": None})
    write_plan(plan)
    write_outcome(collect(plan))
    assert "waiting" in (plan.output / "report.html").read_text()


def test_latex_has_what_it_costs(finished):
    write_outcome(collect(finished))
    text = (finished.output / "costs.tex").read_text()
    assert (
        r"method & lr & seeds & trained & share \% & s per epoch & s to best & peak MB & saved MB"
        in text
    )
    assert r"a\_b \& c & 0.01 & 2/2 & 4,000 & 4.00 & 15 & 45 & 500 & 0.002" in text
    lines = [line for line in text.splitlines() if r" \\" in line]
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines} == {13}
    assert "{l" + "r" * 12 + "}" in text
    csv_row = list(csv.DictReader((finished.output / "results.csv").open()))[1]
    assert float(csv_row["trained_percent"]) == 4


def test_latex_takes_nothing_at_the_start_of_a_row_for_an_option():
    assert escape("[a] *b*") == "{[}a{]} {*}b{*}"
    assert escape("a---b|c\nd") == r"a-{}-{}-b\textbar{}c d"


def test_latex_escapes_names_and_marks_the_best(finished):
    outcome = collect(finished)
    text = latex_table(outcome.results, "val", published_rows("rsitmd"))
    assert r"a\_b \& c & 4\,000 & " in text
    best = max(outcome.results[:3], key=lambda result: result.figures["val"]["mR"].mean)
    line = next(line for line in text.splitlines() if line.startswith(escape(best.row.name)))
    assert rf"\textbf{{{best.figures['val']['mR'].mean:.2f}}}" in line
    alone = latex_table(outcome.results[1:2], "val")
    assert "textbf" not in alone, "of one row none is the best"
    assert r"\toprule" in text
    assert "not measured here" in text
    lines = [line for line in text.splitlines() if r" \\" in line and "multicolumn" not in line]
    assert len(lines) == 1 + 5 + 14
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines} == {10}, (
        "every line has the same columns"
    )
    assert escape("100% of $x_1^2$ #{~\\}") == (
        r"100\% of \$x\_1\textasciicircum{}2\$ \#\{\textasciitilde{}\textbackslash{}\}"
    )
