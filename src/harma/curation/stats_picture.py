"""Statistics of a data set as one picture, drawn with matplotlib (`harma data stats`)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harma.curation.stats import DataStats, SplitStats
from harma.errors import ConfigError
from harma.ground.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours of train, val and test that stay apart for colour-blind readers.
SPLIT_COLOURS = {"train": "#3b6ea5", "val": "#e0a030", "test": "#b8474b"}
WORD_COLOUR = "#6b8f71"
SIZE_COLOUR = "#8a7aa8"
INK, SOFT = "#1c2321", "#5b6460"
# What is shown of long lists.
MOST_WORDS = 25
MOST_LABELS = 45
MOST_SIZES = 8
LONGEST_LABEL = 22
STYLE = {
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "text.parse_math": False,  # a dollar in a name is a dollar
}


def check_picture_name(path: Path) -> None:
    """Raise if a file cannot be called so: the picture is a PNG.

    Raises:
        ConfigError: the name ends otherwise.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(
            f"the picture is called {path.name}; it is a PNG: give it a name that ends in .png"
        )


def draw_stats(stats: DataStats, path: Path) -> None:
    """Write a PNG: caption lengths, captions per image, words, labels, sizes, repeated captions."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = _label_totals(stats)
    height = max(8.5, 0.2 * max(MOST_WORDS, min(MOST_LABELS, len(labels))) + 4)
    with plt.rc_context(STYLE):  # type: ignore[arg-type]
        figure = plt.figure(figsize=(13, height), layout="constrained")
        figure.suptitle(_title(stats), x=0.01, ha="left", fontsize=13, color=INK)
        _draw_panels(figure, stats, labels)
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=110)
        plt.close(figure)


def _draw_panels(figure: "Figure", stats: DataStats, labels: "Counter[str]") -> None:
    grid = figure.add_gridspec(3, 3, width_ratios=(1.3, 1, 1))
    _draw_lengths(figure.add_subplot(grid[0, 0]), stats)
    _draw_per_image(figure.add_subplot(grid[1, 0]), stats)
    _draw_repeats(figure.add_subplot(grid[2, 0]), stats)
    _draw_words(figure.add_subplot(grid[:, 1]), stats)
    # Sizes take the room of labels where there are none.
    first_row_of_sizes = 0
    if labels:
        _draw_labels(figure.add_subplot(grid[:2, 2]), stats, labels)
        first_row_of_sizes = 2
    _draw_sizes(figure.add_subplot(grid[first_row_of_sizes:, 2]), stats)


def _title(stats: DataStats) -> str:
    num_images = sum(split.num_images for split in stats.splits)
    num_captions = sum(split.num_captions for split in stats.splits)
    counts = f"{num_images:,} images, {num_captions:,} captions, {stats.vocabulary:,} words"
    return f"{stats.name}: {counts}"


def _percent(part: int, whole: int) -> float:
    return 100 * part / max(1, whole)


def _draw_lengths(axes: "Axes", stats: DataStats) -> None:
    longest = max((max(split.caption_lengths, default=0) for split in stats.splits), default=0)
    # One beyond the longest, so that the line comes down to 0.
    lengths = range(longest + 2)
    for split in stats.splits:
        counts = [split.caption_lengths.get(length, 0) for length in lengths]
        mean = split.num_words / max(1, split.num_captions)
        axes.step(
            lengths,
            [_percent(count, split.num_captions) for count in counts],
            where="mid",
            color=SPLIT_COLOURS[split.split],
            linewidth=1.8,
            label=f"{split.split} (mean {mean:.1f})",
        )
    axes.set(
        title="Words of a caption",
        xlabel="words",
        ylabel="% of captions",
        xlim=(0, longest + 1),
        ylim=(0, None),
    )
    axes.legend(frameon=False)


def _draw_per_image(axes: "Axes", stats: DataStats) -> None:
    numbers: set[int] = set()
    for split in stats.splits:
        numbers |= set(split.captions_per_image)
    ordered = sorted(numbers)
    heights = [_shares_of_images(split, ordered) for split in stats.splits]
    _grouped_bars(axes, stats, [str(number) for number in ordered], heights)
    axes.set(title="Captions of an image", xlabel="captions", ylabel="% of images")


def _shares_of_images(split: SplitStats, numbers: Sequence[int]) -> list[float]:
    counts = [split.captions_per_image.get(number, 0) for number in numbers]
    return [_percent(count, split.num_images) for count in counts]


def _grouped_bars(
    axes: "Axes", stats: DataStats, names: Sequence[str], values: Sequence[Sequence[float]]
) -> None:
    """Bars of the splits side by side over each name."""
    width = 0.8 / max(1, len(values))
    middle = (len(values) - 1) / 2
    for index, (split, heights) in enumerate(zip(stats.splits, values, strict=True)):
        offset = (index - middle) * width
        places = [place + offset for place in range(len(names))]
        # A little narrower than its room, so that neighbours stay apart.
        axes.bar(
            places,
            heights,
            width * 0.92,
            color=SPLIT_COLOURS[split.split],
            label=split.split,
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)


def _draw_repeats(axes: "Axes", stats: DataStats) -> None:
    counts = [(split.num_distinct, split.num_shared) for split in stats.splits]
    shares = []
    for split, (distinct, shared) in zip(stats.splits, counts, strict=True):
        total = split.num_captions
        shares.append([_percent(distinct, total), _percent(shared, total)])
    _grouped_bars(axes, stats, ["distinct", "shared by images"], shares)
    axes.set(title="Repeated captions", ylabel="% of captions", ylim=(0, 108))
    for container, numbers in zip(axes.containers, counts, strict=True):
        labels = [f"{number:,}" for number in numbers]
        axes.bar_label(container, labels, fontsize=8, color=SOFT, padding=1)  # type: ignore[arg-type]


def _draw_words(axes: "Axes", stats: DataStats) -> None:
    # The most frequent at the top: bars are drawn from the bottom.
    shown = stats.top_words[:MOST_WORDS][::-1]
    words = [word for word, _ in shown]
    axes.barh(words, [count for _, count in shown], color=WORD_COLOUR)
    _count_axis(axes)
    axes.set(title="Words (without stop words)", xlabel="times", ylim=(-0.6, len(shown) - 0.4))
    axes.tick_params(axis="y", colors=INK, length=0)


def _count_axis(axes: "Axes") -> None:
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _label_totals(stats: DataStats) -> "Counter[str]":
    totals: Counter[str] = Counter()
    for split in stats.splits:
        totals.update(split.labels)
    return totals


def _draw_labels(axes: "Axes", stats: DataStats, totals: "Counter[str]") -> None:
    labels = sorted(totals, key=lambda label: (-totals[label], label))[:MOST_LABELS]
    left = [0] * len(labels)
    places = range(len(labels))[::-1]
    for split in stats.splits:
        counts = [split.labels.get(label, 0) for label in labels]
        axes.barh(places, counts, left=left, color=SPLIT_COLOURS[split.split], label=split.split)
        left = [start + count for start, count in zip(left, counts, strict=True)]
    font_size = 9 if len(labels) <= 25 else 7
    axes.set_yticks(places, [_short(label) for label in labels], fontsize=font_size)
    axes.tick_params(axis="y", colors=INK, length=0)
    shown = str(len(totals))
    if len(totals) > len(labels):
        shown = f"{len(labels)} of {len(totals)}"
    _count_axis(axes)
    axes.set(title=f"Labels ({shown})", xlabel="images", ylim=(-0.6, len(labels) - 0.4))
    axes.margins(x=0.02)
    # Above the bars: they fill the room.
    axes.legend(
        frameon=False,
        ncols=3,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        fontsize=8,
        handlelength=1,
        columnspacing=1,
    )


def _short(label: str) -> str:
    if len(label) <= LONGEST_LABEL:
        return label
    return f"{label[: LONGEST_LABEL - 1]}…"


def _draw_sizes(axes: "Axes", stats: DataStats) -> None:
    totals: Counter[tuple[int, int]] = Counter()
    for split in stats.splits:
        totals.update(split.image_sizes)
    frequent = totals.most_common(MOST_SIZES)
    bars = [(f"{width}×{height}", count) for (width, height), count in frequent]
    rest = totals.total() - sum(count for _, count in bars)
    if rest:
        bars.append(("others", rest))
    bars.reverse()
    counts = [count for _, count in bars]
    drawn = axes.barh([name for name, _ in bars], counts, color=SIZE_COLOUR)
    numbers = [f"{count:,}" for count in counts]
    axes.bar_label(drawn, numbers, padding=3, fontsize=8, color=SOFT)
    _count_axis(axes)
    # A few bars keep their width, at the top.
    top = len(bars) - 0.4
    axes.set(
        title=f"Sizes of images ({len(totals):,})",
        xlabel="images",
        ylim=(top - max(6, len(bars)), top),
    )
    axes.margins(x=0.15)
    axes.tick_params(axis="y", colors=INK, length=0)
