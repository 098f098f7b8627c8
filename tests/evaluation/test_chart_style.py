"""SVG for a page, light and dark."""

from matplotlib.figure import Figure

from harma.evaluation.chart_style import INK, charting, in_legend, svg


def test_ink_becomes_that_of_the_page_and_the_same_chart_the_same_text():
    def chart():
        with charting():
            figure = Figure()
            figure.subplots().set(xlabel="$x$ <b>")
            return svg(figure, "What it says & shows")

    text = chart()
    assert text.startswith('<svg role="img" aria-label="What it says &amp; shows" ')
    assert INK not in text
    assert "currentColor" in text
    assert "<!-- $x$ &lt;b&gt; -->" in text, "words, no formula"
    assert text == chart()


def test_another_ink_can_be_the_pages():
    figure = Figure()
    figure.suptitle("title", color="#123456")
    assert "#123456" not in svg(figure, "", ink="#123456")
    assert "#123456" in svg(figure, "")


def test_a_legend_hides_no_name():
    assert (in_legend("_a"), in_legend("a_")) == (" _a", "a_")
