"""harma data download: get a data set that has an open address, or say where a person gets it.

What it is, its licence and its size are said first. Of sets without an open address it is
said what the folder must hold.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import output_directory
from harma.ground.progress import progress_bar

if TYPE_CHECKING:
    from harma.curation.download import Download

SUMMARY = "get a data set, or say where it is to be had"
EPILOG = """examples:
  harma data download                                   # what there is
  harma data download rsitmd                            # where a person gets it
  harma data download ucm-images --output data/ucm      # asks before it downloads
  harma data download ucm-images --output data/ucm --yes --unpack
A download that broke off goes on where it was; size and SHA-256 are verified. Nothing is downloaded
while HF_HUB_OFFLINE or HARMA_OFFLINE is set.
status: 0 done, 1 not downloaded, 2 it failed"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a data set; without one, all are listed"
    )
    parser.add_argument(
        "--output", type=output_directory, metavar="DIR", help="where the file goes"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--unpack", action="store_true", help="also unpack the archive, beside it")


def run(args: argparse.Namespace) -> int:
    """Tell, ask, get."""
    from harma.curation.download import known_downloads, refuse_offline
    from harma.errors import ConfigError

    known = known_downloads()
    if args.name is None:
        for item in known.values():
            how = "open address" if item.url else "by hand     "
            print(f"{item.name:<12} {how}  {item.title}")
        return 0
    if args.name not in known:
        raise ConfigError(f"there is no download {args.name!r}; there are {', '.join(known)}")
    item = known[args.name]
    # What it is and its licence come before the question.
    print("\n".join(_described(item)))
    if not item.url:
        return 1
    if args.output is None:
        raise ConfigError(
            f"--output is not given; name the folder where {item.file} goes: --output DIR"
        )
    # Before the question: who forbade requests should not be asked.
    refuse_offline()
    if not args.yes and not _agreed(item):
        print("not downloaded")
        return 1
    _download(item, args.output, unpacked=args.unpack)
    return 0


def _download(item: "Download", directory: Path, *, unpacked: bool) -> None:
    from harma.curation.download import fetch, unpack

    with progress_bar("downloading") as progress:
        path, digest = fetch(item, directory, progress=progress)
    verdict = "as it should be" if item.sha256 else "NOT verified: none is known"
    print(f"{path}: SHA-256 {digest}, {verdict}")
    if unpacked:
        print(f"unpacked {unpack(path, directory):,} files to {directory}")


def _described(item: "Download") -> list[str]:
    lines = [item.title, f"licence:  {item.licence}", f"homepage: {item.homepage}"]
    if item.url:
        lines += [
            f"address:  {item.url}",
            f"size:     {_megabytes(item.bytes)}",
            f"SHA-256:  {item.sha256 or 'unknown'}",
        ]
    lines += [f"where:    {item.where.strip()}", "the folder must hold:"]
    lines += [f"  {line}" for line in item.layout.strip().splitlines()]
    if not item.url:
        lines.append(f"then look whether it is complete: harma data check {item.name} --root DIR")
    return lines


def _megabytes(num_bytes: int) -> str:
    if not num_bytes:
        return "unknown"
    return f"{num_bytes / 1e6:,.0f} MB"


def _agreed(item: "Download") -> bool:
    """A yes from the keyboard; where nobody sits, no."""
    if not sys.stdin.isatty():
        print("nobody can be asked here; give --yes to download")
        return False
    return input(f"download {item.file}? [y/N] ").strip().lower() in ("y", "yes")
