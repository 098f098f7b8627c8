"""Mutations: faults put into a copy of the code one at a time, to see whether a test notices.

    python benchmarks/mutate.py [--only WORD] [--list mutations.yaml]

Each entry of the list names a file, a text that must be there exactly once, what takes its place,
and the tests to run. The checkout itself is never changed. Prints a line per fault: caught, by
which test, or SURVIVED.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_name("mutations.yaml")
COPIED = ("src", "tests", "benchmarks", "docs", "pyproject.toml", "README.md", "CONTRIBUTING.md")


@dataclass(frozen=True)
class Mutation:
    """A fault: in `file`, `before` becomes `after`; `tests` should fail."""

    file: str
    before: str
    after: str
    tests: str


def read_list(path: Path = LIST) -> list[Mutation]:
    """The faults of a list."""
    return [Mutation(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def mutated(text: str, mutation: Mutation) -> str:
    """The text of a file with the fault.

    Raises:
        ValueError: the text to replace is not there exactly once.
    """
    count = text.count(mutation.before)
    if count != 1:
        raise ValueError(f"{mutation.file} holds {mutation.before!r} {count} times; it must be 1")
    return text.replace(mutation.before, mutation.after)


def run(folder: Path, mutation: Mutation) -> str:
    """Which test fails in a copy with the fault; "" if none does."""
    path = folder / mutation.file
    text = path.read_text(encoding="utf-8")
    path.write_text(mutated(text, mutation), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        result = subprocess.run(
            [*command, *mutation.tests.split()],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(text, encoding="utf-8")
    if result.returncode == 0:
        return ""
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", result.stdout, re.MULTILINE)
    return failed[0] if failed else result.stdout[-300:] + result.stderr[-300:]


def main() -> None:
    """Try all faults; the exit status is the number that survived."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", type=Path, default=LIST)
    parser.add_argument("--only", default="", help="faults whose file holds this word")
    args = parser.parse_args()
    mutations = [entry for entry in read_list(args.list) if args.only in entry.file]
    survived = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkout"
        folder.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            else:
                shutil.copy(source, folder / name)
        if (ROOT.parent / "shared").is_dir():
            (folder.parent / "shared").symlink_to(ROOT.parent / "shared")
        for mutation in mutations:
            test = run(folder, mutation)
            survived += not test
            print(
                f"{'caught  ' if test else 'SURVIVED'} {mutation.file}: {mutation.before.strip()!r}"
                f" -> {mutation.after.strip()!r} {test}",
                flush=True,
            )
    print(f"{len(mutations) - survived} of {len(mutations)} caught")
    sys.exit(survived)


if __name__ == "__main__":
    main()
