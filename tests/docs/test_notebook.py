"""The notebooks run from end to end, and are kept without outputs."""

from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
# Notebook → a file that it leaves.
LEAVES = {
    "quickstart.ipynb": "quickstart/clip/metrics.json",
    "explore_archive.ipynb": "archive.parquet",
}
# Its cells that show hits.
TABLES = 4


def executed(name, folder):
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def pages(notebook):
    """What cells show as HTML."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            yield from [output.data["text/html"]] if "text/html" in output.get("data", {}) else []


def test_every_notebook_is_known():
    assert {path.name for path in NOTEBOOKS.glob("*.ipynb")} == set(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_outputs_are_stripped(name):
    for cell in nbformat.read(NOTEBOOKS / name, as_version=4).cells:
        assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None)


@pytest.mark.slow
def test_the_quick_start_runs(tmp_path):
    executed("quickstart.ipynb", tmp_path)
    assert (tmp_path / LEAVES["quickstart.ipynb"]).is_file()


@pytest.mark.slow
def test_the_archive_is_explored(tmp_path):
    notebook = executed("explore_archive.ipynb", tmp_path)
    assert (tmp_path / LEAVES["explore_archive.ipynb"]).is_file()
    tables = [page for page in pages(notebook) if 'class="harma-hits"' in page]
    assert len(tables) == TABLES
    for page in tables:
        assert "<svg" in page
        assert page.count("<img") >= 4
    assert tables[-1].count("<figcaption>") == 8
