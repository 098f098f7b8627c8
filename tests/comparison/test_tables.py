"""The terminal's tables."""

import io
import re

import pytest
from rich.console import Console

from harma.comparison.compare import collect
from harma.comparison.results import Spread
from harma.comparison.runs import rate_runs
from harma.comparison.tables import (
    cost_cells,
    cost_table,
    differences_table,
    main_table,
    megabytes,
    plus_minus,
    recalls_table,
    setting_cells,
    three_digits,
)


def text_of(*tables):
    console = Console(width=300, record=True, file=io.StringIO())
    for table in tables:
        console.print(table)
    return console.export_text()


def test_numbers_for_people():
    assert [three_digits(value) for value in (None, 0.01234, 12.345, 99.96, 1234.5)] == [
        "",
        "0.0123",
        "12.3",
        "100",
        "1,234",
    ]
    assert (megabytes(None), megabytes(2000), megabytes(1_500_000_000)) == ("", "0.002", "1,500")
    assert plus_minus(Spread(1.234, None, (1.234,))) == "1.23"
    assert plus_minus(Spread(1.0, 0.5, (0.5, 1.5))) == "1.00 ± 0.50"


def test_cells_say_how_a_row_was_trained_and_what_it_took(finished):
    none, harma, _, full, _ = collect(finished).results
    assert setting_cells(harma) == {
        "lr": "0.01",
        "seeds": "2/2",
        "trained": "4,000",
        "share %": "4.00",
    }
    assert setting_cells(none) == {"lr": "", "seeds": "", "trained": "0", "share %": "0.00"}
    assert setting_cells(full) == {"lr": "", "seeds": "0/2", "trained": "", "share %": ""}
    assert list(cost_cells(harma).values()) == ["15", "45", "500", "0.002", "", "", "", ""]
    assert set(cost_cells(full).values()) == {""}


def test_rows_without_figures_say_why(finished):
    outcome = collect(finished)
    text = text_of(main_table(outcome.results, "val"))
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "failed" in rows["full"]
    assert "waiting" in rows["lora"]
    assert "±" in rows["harma"]
    assert "not read" in text_of(main_table(outcome.results, "test"))
    assert "lora" not in text_of(recalls_table(outcome.results, "val"))
    assert "lora" not in text_of(cost_table(outcome.results))


def test_differences_are_to_the_reference(finished):
    outcome = collect(finished)
    names = [result.row.name for result in outcome.results]
    text = text_of(differences_table(outcome.shown, "harma", names))
    assert "Minus harma" in text
    rows = [line.split()[0] for line in text.splitlines() if re.search(r"\[[+-]\d", line)]
    assert rows == ["none", "a_b"]
    assert re.search(r"none +-\d+\.\d\d \[-\d+\.\d\d, -\d+\.\d\d\]", text), "none is worse, clearly"


def test_names_of_rows_are_no_markup(make, finish):
    names = ("_first [bold]", "x [/red]")
    plan = make({name: {"method": "harma"} for name in names}, learning_rates=[0.01])
    for row in plan.rows:
        finish(rate_runs(plan, row)[0])
    outcome = collect(plan)
    text = text_of(
        main_table(outcome.results, "val"),
        recalls_table(outcome.results, "val"),
        cost_table(outcome.results),
        differences_table(outcome.shown, "_first [bold]", names),
    )
    assert text.count("_first [bold]") == 4, "three tables and a title"
    assert text.count("x [/red]") == 4
    assert len(re.findall(r"\[[+-]\d", text)) == 2, "intervals keep their brackets"


@pytest.mark.parametrize("split", ["val", "test"])
def test_titles_name_the_split(finished, split):
    title = {"val": "Validation split", "test": "Test split"}[split]
    assert title in text_of(main_table(collect(finished).results, split))
