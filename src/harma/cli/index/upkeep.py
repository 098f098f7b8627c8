"""Actions of `harma index` that embed nothing: remove, relocate, info, verify, optimize."""

import argparse
import json

from harma.cli.argument_types import given_name, thread_count
from harma.cli.command import Command
from harma.ground.garbage import paused_collection
from harma.ground.progress import progress_bars


def _add_remove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="name as in the index, with * and ?"
    )


def _add_relocate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "old", type=given_name, metavar="OLD", help="folder or address, as sources are called now"
    )
    parser.add_argument("new", type=given_name, metavar="NEW", help="where they lie")
    parser.add_argument(
        "--dry-run", action="store_true", help="only say how many sources would be renamed"
    )
    parser.add_argument(
        "--force", action="store_true", help="also where files of the new place are not there"
    )


def _add_info_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _add_optimize_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-model",
        action="store_true",
        help="measure recall without texts; the model is not loaded",
    )
    parser.add_argument(
        "--workers",
        type=thread_count,
        default=1,
        help="processes that make the ANN index (1); more need harma[cluster]",
    )


def _remove(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    removed = Index.remove(args.directory, args.sources)
    print(f"removed {removed.num_sources:,} sources with {removed.num_chips:,} chips")
    return 0


def _relocate(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    places = (args.directory, args.old, args.new)
    # Said before the work, which may take a while; what cannot be done is refused here.
    planned = Index.relocate(*places, force=args.force, dry_run=True)
    print(f"{planned.num_sources:,} sources with {planned.num_chips:,} chips lie elsewhere")
    if args.dry_run:
        return 0
    with progress_bars() as progress:
        done = Index.relocate(*places, force=args.force, progress=progress)
    print(f"renamed {done.num_sources:,} sources with {done.num_chips:,} chips")
    return 0


@paused_collection()
def _info(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    facts = Index.open(args.directory).info()
    if args.json:
        print(json.dumps(facts, indent=2, default=str))
        return 0
    for name, value in facts.items():
        print(f"{name:<12} {value}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    problems = Index.open(args.directory).verify()
    for problem in problems:
        print(problem)
    plural = "" if len(problems) == 1 else "s"
    print(f"{len(problems):,} problem{plural}")
    return 1 if problems else 0


def _optimize(args: argparse.Namespace) -> int:
    from harma.index.index import Index

    with progress_bars() as progress:
        how = Index.optimize(
            args.directory,
            with_texts=not args.no_model,
            num_workers=args.workers,
            progress=progress,
        )
    print(f"search is {how}")
    return 0


ACTIONS = (
    Command("remove", "take sources out", _remove, _add_remove_arguments),
    Command(
        "relocate",
        "sources lie elsewhere: rename them, embed nothing",
        _relocate,
        _add_relocate_arguments,
    ),
    Command("info", "what an index holds, and how it is searched", _info, _add_info_arguments),
    Command("verify", "look for damage", _verify),
    Command("optimize", "join files, make the ANN index anew", _optimize, _add_optimize_arguments),
)
