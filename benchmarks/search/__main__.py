"""What a search finds: mAP and nDCG of label queries, as typed and as the product asks them.

    python -m benchmarks.search --ucm UCM --split val --model RUN [RUN ...] --output DIR
    python -m benchmarks.search --scenes DATA --split test --model RUN --output DIR

The pictures of a split are indexed by each model through the product, with one and two chip sizes
in a vector; labels that are known of them are asked for as words. Figures are means over models,
intervals of a paired bootstrap over queries. Whatever is chosen is chosen on val; test is read
once. `--output` keeps the indexes.
"""

import argparse
from pathlib import Path

import numpy as np
from benchmarks.search.changing import change_figures
from benchmarks.search.labels import drawn_set, ucm_set
from benchmarks.search.marking import marked_figures
from benchmarks.search.measuring import Archive, difference, evaluated, gain_of, standings, told
from benchmarks.search.queries import Queries


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="runs or models")
    parser.add_argument("--ucm", type=Path, help="UCM-Captions with its multi-labels")
    parser.add_argument("--scenes", type=Path, help="drawn scenes")
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--output", type=Path, required=True, help="keeps the indexes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts")
    parser.add_argument(
        "--check", action="store_true", help="fail if expansion does not help single labels"
    )
    args = parser.parse_args()
    make = ucm_set if args.ucm else drawn_set
    labelled = make(args.ucm or args.scenes, args.split)
    archives = [Archive(labelled, model, args.output) for model in args.model]
    print(f"## {labelled.name}: {len(labelled.files)} pictures, {len(labelled.words)} labels")
    chance = 100 * labelled.labels.mean()
    print(f"chance {chance:.1f}; {len(archives)} models")
    for part in args.only:
        PARTS[part](labelled, archives)
    if args.check and not helps(labelled, archives):
        raise SystemExit("expansion does not help: the interval of its gain is not above 0")


def helps(labelled, archives):
    """Whether single labels gain by expansion, the whole interval of it."""
    typed, expanded = (
        evaluated(archives, Queries(labelled, expand=how).singles()) for how in ("off", "auto")
    )
    return gain_of(expanded, typed).low > 0


def show_expansion(labelled, archives):
    """Labels and pairs: as typed, expanded, with two chip sizes."""
    for kind in ("singles", "pairs", "counts"):
        typed, expanded = (
            getattr(Queries(labelled, expand=how), kind)() for how in ("off", "auto")
        )
        if not typed:
            continue
        print(f"\n### {kind}: {len(typed)} queries\n\n| | mAP | nDCG@10 | P@10 | mAP of each |")
        print("|---|---|---|---|---|")
        found = {
            "as typed": evaluated(archives, typed),
            "expanded": evaluated(archives, expanded),
            "as typed, two sizes": evaluated(archives, typed, tiles=2),
            "expanded, two sizes": evaluated(archives, expanded, tiles=2),
        }
        for name, evaluations in found.items():
            print(f"| {name} | {told(evaluations)} |", flush=True)
        for name in ("expanded", "expanded, two sizes"):
            gain = difference(found[name], found["as typed"])
            gain_10 = difference(found[name], found["as typed"], "nDCG@10")
            print(f"{name} - as typed: mAP {gain}, nDCG@10 {gain_10}")
        print(f"standings, as typed: {standings(found['as typed'])}")
        print(f"standings, expanded: {standings(found['expanded'])}", flush=True)


def show_without(labelled, archives):
    """One label without another."""
    queries = Queries(labelled)
    asked = queries.without()
    if not asked:
        return
    said, ignored = (
        evaluated(archives, which) for which in (asked, queries.without(is_said=False))
    )
    print(f"\n### without: {len(asked)} queries\n\nignored {told(ignored)}\nsaid    {told(said)}")
    print(f"said - ignored: mAP {difference(said, ignored)}", flush=True)


def show_examples(labelled, archives):
    """A picture and a text, beside either alone."""
    for kind in ("alike", "composed"):
        make = getattr(Queries(labelled), kind)
        if not make():
            continue
        both = evaluated(archives, make())
        text = evaluated(archives, make(picture=False))
        picture = evaluated(archives, make(text=False))
        print(f"\n### picture and text, {kind}: {len(make())} queries\n")
        print(f"text    {told(text)}\npicture {told(picture)}\nboth    {told(both)}")
        print(f"both - text: mAP {difference(both, text)}")
        print(f"both - picture: mAP {difference(both, picture)}", flush=True)


def show_captions(labelled, archives):
    """Whole captions, of which long ones must be as they were."""
    typed, expanded = (
        evaluated(archives, Queries(labelled, expand=how).captions()) for how in ("off", "auto")
    )
    print(f"\n### captions: {len(typed[0].queries)} queries\n")
    print(f"as typed {told(typed)}\nexpanded {told(expanded)}")
    print(f"expanded - as typed: mAP {difference(expanded, typed)}", flush=True)


def show_marks(_, archives):
    """Marks of the first hits."""
    print("\n### marks: mAP of what is not marked, without and with the marks\n")
    for how in ("off", "auto"):
        figures = [marked_figures(archive, expand=how) for archive in archives]
        for count in figures[0]:
            before, after = np.mean([one[count] for one in figures], axis=0)
            print(f"expand {how}, {count:2d} marks: {before:5.1f} -> {after:5.1f}", flush=True)


def show_change(_, archives):
    """Labels that came."""
    print("\n### change: mAP and nDCG@10 of labels that came; of later pictures alone\n")
    for how in ("off", "auto"):
        figures = np.mean([change_figures(archive, expand=how) for archive in archives], axis=0)
        change, change_10, later, later_10 = figures
        print(
            f"expand {how}: change {change:5.1f} {change_10:5.1f}, later alone {later:5.1f}"
            f" {later_10:5.1f}",
            flush=True,
        )


PARTS = {
    "labels": show_expansion,
    "without": show_without,
    "examples": show_examples,
    "captions": show_captions,
    "marks": show_marks,
    "change": show_change,
}

if __name__ == "__main__":
    main()
