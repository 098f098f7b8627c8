"""The table and the page."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from harma.evaluation import evaluate, report
from harma.evaluation.chart_style import INK
from harma.evaluation.charts import most_images
from harma.evaluation.report import write_report
from harma.evaluation.retrieval import Embedded, summarize_embedded
from harma.metrics import captions_of


def test_the_page_has_figures_curves_pictures_and_asks_nobody(evaluation, split, tmp_path):
    lines = [
        {"event": "step", "step": i, "loss": 3.0 / i, "epoch": 1, "lr": 1.0} for i in range(1, 9)
    ]
    lines += [
        {"event": "validation", "epoch": i, "mR": 10.0 * i, "dup_mR": 11.0 * i} for i in (1, 2)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = write_report(
        tmp_path, evaluation=evaluation, split=split, info={"note": "Beware of <this>."}
    ).read_text()
    assert f"{evaluation.metrics['mR']:.2f}" in page
    assert f"{evaluation.metrics['mR'] - evaluation.without_adapters.metrics['mR']:+.2f}" in page
    assert page.count("<svg") == 6, "curves, recall by label and by term, confusion both ways, maps"
    assert page.count('<svg role="img" aria-label="') == 6
    assert re.findall(r"<img (?![^>]*alt=\"[^\"]+)", page) == []
    assert re.findall(r"<th(?! scope=)[ >]", page) == []
    for heading in (
        "By label",
        "By term",
        "Labels mixed up",
        "Map of the embeddings",
        "Hardest negatives",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert "Why this hit" not in page, "no model was given"
    assert INK not in page
    assert page.count("currentColor") > 20, "charts have the ink of the page, light or dark"
    assert "✓" in page
    assert "✗" in page
    assert "Beware of &lt;this&gt;." in page
    addresses = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert addresses
    assert [address for address in addresses if not address.startswith("data:")] == []


def test_a_page_without_a_log_or_a_baseline(evaluation, split, tmp_path):
    page = write_report(tmp_path, evaluation=evaluation.without_adapters, split=split).read_text()
    assert "<h2>Training</h2>" not in page
    assert "curves of the training: there is no log of it" in page
    assert "without adapters" not in page


def test_a_page_without_labels_or_embeddings(evaluation, split, tmp_path):
    page = write_report(
        tmp_path, evaluation=evaluation, split=replace(split, labels=None)
    ).read_text()
    assert "By label" not in page
    assert "Labels mixed up" not in page
    assert "recall by label: the split has no labels" in page
    assert "labels mixed up: the split has no labels" in page
    assert "Map of the embeddings" in page
    page = write_report(
        tmp_path, evaluation=replace(evaluation, embedded=None), split=split
    ).read_text()
    assert "By label" in page
    assert "all that needs embeddings, which were not kept" in page
    for heading in (
        "Labels mixed up",
        "Map of the embeddings",
        "Hardest negatives",
        "Why this hit",
    ):
        assert heading not in page


def test_a_page_with_the_model_says_why(model, split, tmp_path):
    found = evaluate(model[0], split)
    page = write_report(tmp_path, evaluation=found, split=split, model=model[0]).read_text()
    assert "<h2>Why this hit</h2>" in page
    assert 1 <= page.count("relevance of its parts") <= 3


def test_a_page_with_a_single_label_and_a_single_image(evaluation, split, embed, tmp_path):
    one = split.subset([0])
    alone = evaluate_one(one)
    page = write_report(tmp_path, evaluation=alone, split=one).read_text()
    assert "Hardest negatives" not in page
    assert "Labels mixed up" not in page
    assert "labels mixed up: the split has one label" in page
    assert "hardest negatives: no caption has a wrong image before its own" in page


def evaluate_one(one):
    names, text = np.unique(np.array(one.captions), return_inverse=True)
    rng = np.random.default_rng(0)
    embedded = Embedded(
        rng.standard_normal((1, 8)).astype(np.float32),
        rng.standard_normal((len(names), 8)).astype(np.float32),
        tuple(names.tolist()),
        captions_of(one.caption_to_image, 1, text),
    )
    return summarize_embedded(embedded, one)


def test_captions_cannot_write_html(evaluation, split, tmp_path):
    hostile = replace(
        split, captions=tuple(f"<script>{i}</script>" for i in range(split.num_captions))
    )
    distinct = tuple("<script>x</script>" for _ in evaluation.embedded.distinct)
    changed = replace(evaluation, embedded=replace(evaluation.embedded, distinct=distinct))
    page = write_report(tmp_path, evaluation=changed, split=hostile).read_text()
    assert "<script" not in page


@pytest.mark.filterwarnings("error:Glyph")
def test_labels_are_words_not_formulas(evaluation, split, tmp_path):
    """To matplotlib two dollar signs begin a formula, an underscore hides a name in a legend."""
    names = (r"$\frac$ <b>", "_hidden", "a-->b")
    labels = np.arange(split.num_images) % 3
    page = write_report(
        tmp_path, evaluation=evaluation, split=replace(split, labels=labels, label_names=names)
    )
    text = page.read_text()
    assert "<b>" not in text
    assert r"<!-- $\frac$ &lt;b&gt; -->" in text
    assert "<!--  _hidden -->" in text, "in the legend of the map"


def test_of_many_labels_some_are_drawn_and_the_page_says_so(
    evaluation, split, tmp_path, monkeypatch
):
    monkeypatch.setattr(report, "MOST_LABELS", 4)
    monkeypatch.setattr(report, "NUMBERED", 3)
    monkeypatch.setattr(report, "most_images", lambda recalls: most_images(recalls, 4))
    labels = np.array([0, 1, 1, 2, 3, 3, 4, 5, 5, 5, 6, 7])
    many = replace(split, labels=labels, label_names=tuple(f"kind {i}" for i in range(8)))
    page = write_report(tmp_path, evaluation=evaluation, split=many).read_text()
    assert "4 of 8 labels are drawn, those of most images; the table has all." in page
    assert page.count("Of 8 labels the 3 that are mixed up most often are drawn") == 2
    table = page[page.index("All 8 labels as a table") :]
    assert all(f'<th scope="row">kind {i}</th>' in table for i in range(8))
