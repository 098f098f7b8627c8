"""Marks that help: share of a class found by several rules after 5, 10, 20 and 50 marks.

    python -m benchmarks.marks --model RUN --ucm DIR --rsicd DIR --cache DIR
    python -m benchmarks.marks --model RUN --scenes DIR [DIR ...] --cache DIR

A simulated person types the name of a class, marks the five best hits that have no mark yet,
searches again, and so on. A figure is the share of the class among the first R of the list, R its
size, with what is known to be good put first and what is known to be bad last, as a mean over
classes. Each rule's list decides what it gets to see. Embeddings are kept in --cache: give each
model its own.
"""

import argparse
from pathlib import Path

from benchmarks.marks.comparing import difference, mean
from benchmarks.marks.rules import RULES, ours
from benchmarks.marks.sets import captioned_set, made_set
from benchmarks.marks.walk import CHECKED, Archive, walk


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="run or model that embeds")
    parser.add_argument("--cache", type=Path, required=True, help="keeps embeddings")
    parser.add_argument("--ucm", type=Path, help="UCM-Captions")
    parser.add_argument("--rsicd", type=Path, help="RSICD")
    parser.add_argument("--scenes", type=Path, nargs="*", default=[], help="made scenes")
    args = parser.parse_args()
    roots = {"ucm": args.ucm, "rsicd": args.rsicd}
    sets = [
        captioned_set(name, root, args.model, args.cache) for name, root in roots.items() if root
    ]
    sets += [made_set(root, args.model, args.cache) for root in args.scenes]
    for labelled in sets:
        show(labelled, list(RULES))


def walked(labelled, rule, **how):
    """Figures of each class."""
    archive = Archive(labelled)
    return [
        walk(archive, is_good, text, rule, **how)
        for is_good, text in zip(labelled.labels.T, labelled.texts, strict=True)
    ]


def show(labelled, names):
    rows, classes = labelled.labels.shape
    print(f"\n## {labelled.name}: {rows:,} pictures, {classes} classes")
    heads = " | ".join(str(count) for count in CHECKED)
    print(f"\nshare of the class / good ones found / mAP\n\n| rule | {heads} |")
    print("|---" * (len(CHECKED) + 1) + "|")
    figures = {}
    for name in names:
        figures[name] = walked(labelled, RULES[name])
        _row(name, figures[name])
    asked = walked(labelled, ours, doubtful=True)
    _row("HarMA, doubtful ones asked", asked)
    print("\ndifference of HarMA's share, 95 % over classes, p, classes below\n")
    found = figures["HarMA"]
    for other in ("text only", "sums (before)"):
        _differences(f"- {other}", found, figures[other])
    _differences("doubtful ones asked - best asked", asked, found)


def _row(name, figures):
    shares, good, precisions = (
        mean(figures, what)[1] for what in ("shares", "num_good", "precisions")
    )
    cells = [
        f".{1000 * share:03.0f} / {count:.1f} / .{1000 * precision:03.0f}"
        for share, count, precision in zip(shares, good, precisions, strict=True)
    ]
    print(f"| {name} | " + " | ".join(cells) + " |")


def _differences(name, first, second):
    cells = [
        f"{gain:+.3f} [{low:+.3f}, {high:+.3f}] p {p:.2g}, {below}"
        for gain, low, high, p, below in difference(first, second, "shares")
    ]
    print(f"{name:45s} " + " | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
