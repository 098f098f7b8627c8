"""Published figures."""

from harma.comparison.published import published_note, published_rows, published_sets


def test_published_figures_are_the_mean_of_their_recalls():
    assert published_sets() == ("rsicd", "rsitmd", "ucm")
    for name in published_sets():
        for row in published_rows(name):
            assert row.source
            if row.recalls:
                assert abs(sum(row.recalls) / 6 - row.mean_recall) < 0.02, (name, row.method)
    assert published_note()


def test_no_data_set_has_no_figures():
    assert published_rows(None) == []
