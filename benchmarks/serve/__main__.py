"""The command line of these measurements."""

import argparse
from pathlib import Path

from benchmarks.serve import __doc__ as description
from benchmarks.serve import enlarged, load, parts, searching


def main():
    """Measure what is asked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serve",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True)
    for name, do in (
        ("search", searching.search),
        ("tiles", searching.tiles),
        ("load", load.run),
        ("million", enlarged.measure),
        ("parts", parts.measure),
    ):
        action = actions.add_parser(name)
        action.set_defaults(do=do)
        if name == "million":
            action.add_argument("--vectors", type=Path, required=True)
            action.add_argument("--model", type=Path, required=True)
            action.add_argument("--output", type=Path, required=True)
            action.add_argument("--chips", type=int, default=1_000_000)
        else:
            action.add_argument("--index", type=Path, required=True)
        if name == "parts":
            action.add_argument("--vectors", type=Path, help="make the index of them")
            action.add_argument("--model", type=Path, help="that the index is of")
            action.add_argument("--chips", type=int, default=240_000)
            action.add_argument("--degrees", type=int, default=10, help="sides of the parts")
        if name == "load":
            action.add_argument("--scenes", type=Path, required=True, help="are added meanwhile")
            action.add_argument("--minutes", type=float, default=10)
        action.add_argument("--queries", type=int, default=200)
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    main()
