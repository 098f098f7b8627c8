"""The distributions of a data set as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from harma.curation.stats import DataStats
from harma.ground.files import replacing

# Colours of train, val and test that stay apart for colour-blind readers.
COLOURS = {"train": "#3b6ea5", "val": "#e0a030", "test": "#b8474b"}
INK, SOFT = "#1c2321", "#5b6460"
MOST_WORDS, MOST_LABELS, MOST_SIZES = 25, 45, 8


def draw_stats(stats: DataStats, path: Path) -> None:
    """Write a PNG: caption lengths, captions per image, words, labels, sizes of images, repeated captions."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = _labels(stats)
    style: dict[str, Any] = {
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
    height = max(8.5, 0.2 * max(MOST_WORDS, len(labels)) + 4)
    with plt.rc_context(cast(Any, style)):
        figure = plt.figure(figsize=(13, height), layout="constrained")
        figure.suptitle(_title(stats), x=0.01, ha="left", fontsize=13, color=INK)
        grid = figure.add_gridspec(3, 3, width_ratios=(1.3, 1, 1))
        _lengths(figure.add_subplot(grid[0, 0]), stats)
        _per_image(figure.add_subplot(grid[1, 0]), stats)
        _repeats(figure.add_subplot(grid[2, 0]), stats)
        _words(figure.add_subplot(grid[:, 1]), stats)
        if labels:
            _label_bars(figure.add_subplot(grid[:2, 2]), stats, labels)
            _sizes(figure.add_subplot(grid[2, 2]), stats)
        else:
            _sizes(figure.add_subplot(grid[:, 2]), stats)
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=110)
        plt.close(figure)


def _title(stats: DataStats) -> str:
    images, captions = (
        sum(s.num_images for s in stats.splits),
        sum(s.num_captions for s in stats.splits),
    )
    return f"{stats.name}: {images:,} images, {captions:,} captions, {stats.vocabulary:,} words"


def _named(split: str, value: str) -> str:
    return f"{split} ({value})"


def _lengths(axes: Any, stats: DataStats) -> None:
    longest = max((max(s.caption_lengths, default=0) for s in stats.splits), default=0)
    for split in stats.splits:
        shares = [
            100 * split.caption_lengths.get(n, 0) / max(1, split.num_captions)
            for n in range(longest + 2)
        ]
        mean = split.num_words / max(1, split.num_captions)
        axes.step(
            range(longest + 2),
            shares,
            where="mid",
            color=COLOURS[split.split],
            linewidth=1.8,
            label=_named(split.split, f"mean {mean:.1f}"),
        )
    axes.set(
        title="Words of a caption",
        xlabel="words",
        ylabel="% of captions",
        xlim=(0, longest + 1),
        ylim=(0, None),
    )
    axes.legend(frameon=False)


def _per_image(axes: Any, stats: DataStats) -> None:
    numbers = sorted({n for split in stats.splits for n in split.captions_per_image})
    _grouped_bars(
        axes,
        stats,
        [str(n) for n in numbers],
        [
            [100 * split.captions_per_image.get(n, 0) / max(1, split.num_images) for n in numbers]
            for split in stats.splits
        ],
    )
    axes.set(title="Captions of an image", xlabel="captions", ylabel="% of images")


def _grouped_bars(
    axes: Any, stats: DataStats, names: Sequence[str], values: Sequence[Sequence[float]]
) -> None:
    width = 0.8 / max(1, len(values))
    for number, (split, heights) in enumerate(zip(stats.splits, values, strict=True)):
        places = [i + (number - (len(values) - 1) / 2) * width for i in range(len(names))]
        axes.bar(places, heights, width * 0.92, color=COLOURS[split.split], label=split.split)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)


def _repeats(axes: Any, stats: DataStats) -> None:
    names = ["distinct", "shared by images"]
    values = [
        [100 * s.num_distinct / max(1, s.num_captions), 100 * s.num_shared / max(1, s.num_captions)]
        for s in stats.splits
    ]
    _grouped_bars(axes, stats, names, values)
    axes.set(title="Repeated captions", ylabel="% of captions", ylim=(0, 108))
    for container, split in zip(axes.containers, stats.splits, strict=True):
        counts = (split.num_distinct, split.num_shared)
        axes.bar_label(
            container, [f"{count:,}" for count in counts], fontsize=8, color=SOFT, padding=1
        )


def _words(axes: Any, stats: DataStats) -> None:
    words = stats.top_words[:MOST_WORDS][::-1]
    axes.barh([word for word, _ in words], [count for _, count in words], color="#6b8f71")
    _count_axis(axes)
    axes.set(title="Words (without stop words)", xlabel="times", ylim=(-0.6, len(words) - 0.4))
    axes.tick_params(axis="y", colors=INK, length=0)


def _count_axis(axes: Any) -> None:
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _labels(stats: DataStats) -> list[str]:
    totals: dict[str, int] = {}
    for split in stats.splits:
        for label, count in split.labels.items():
            totals[label] = totals.get(label, 0) + count
    return sorted(totals, key=lambda label: (-totals[label], label))[:MOST_LABELS]


def _label_bars(axes: Any, stats: DataStats, labels: Sequence[str]) -> None:
    left = [0] * len(labels)
    places = range(len(labels))[::-1]
    for split in stats.splits:
        counts = [split.labels.get(label, 0) for label in labels]
        axes.barh(places, counts, left=left, color=COLOURS[split.split], label=split.split)
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.set_yticks(
        places,
        [label if len(label) <= 22 else f"{label[:21]}…" for label in labels],
        fontsize=9 if len(labels) <= 25 else 7,
    )
    axes.tick_params(axis="y", colors=INK, length=0)
    number = len({label for split in stats.splits for label in split.labels})
    shown = f"{len(labels)} of {number}" if number > len(labels) else str(number)
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


def _sizes(axes: Any, stats: DataStats) -> None:
    totals: dict[tuple[int, int], int] = {}
    for split in stats.splits:
        for size, count in split.image_sizes.items():
            totals[size] = totals.get(size, 0) + count
    shown = sorted(totals.items(), key=lambda item: -item[1])[:MOST_SIZES]
    rest = sum(totals.values()) - sum(count for _, count in shown)
    names = [f"{width}×{height}" for (width, height), _ in shown] + (["others"] if rest else [])
    counts = [count for _, count in shown] + ([rest] if rest else [])
    bars = axes.barh(names[::-1], counts[::-1], color="#8a7aa8")
    axes.bar_label(
        bars, [f"{count:,}" for count in counts[::-1]], padding=3, fontsize=8, color=SOFT
    )
    _count_axis(axes)
    # A few bars keep their width, at the top.
    axes.set(
        title=f"Sizes of images ({len(totals):,})",
        xlabel="images",
        ylim=(len(names) - 0.4 - max(6, len(names)), len(names) - 0.4),
    )
    axes.margins(x=0.15)
    axes.tick_params(axis="y", colors=INK, length=0)
