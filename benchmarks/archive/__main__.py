"""The command line: make, build, check (see `benchmarks.archive`)."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.archive import __doc__ as description
from benchmarks.archive.checking import check, table
from benchmarks.archive.making import make
from benchmarks.archive.truth import Truth

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}


def tiny_model(folder):
    """A small untrained model in a folder."""
    import harma
    from harma.model.saved import save_model

    config = Path(folder, "tiny.json")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(TINY))
    saved = Path(folder, "tiny")
    save_model(harma.load(config), saved)
    return saved


def build(folder, index, model=None, more=()):
    """Give the one command that builds the index; what it said is in INDEX.said.txt too."""
    truth = Truth.read(folder)
    model = model or tiny_model(Path(f"{index}.model"))
    sources = [str(Path(folder, source)) for source in truth.sources]
    command = [sys.executable, "-m", "harma", "index", "build", str(index), *sources]
    command += ["--model", str(model), "--whole", "--num-workers", "0", *more]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    # Progress is drawn again and again on stderr; what stays there is words.
    said = done.stdout + done.stderr
    Path(f"{index}.said.txt").write_text(said, errors="replace")
    return done.returncode, said


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.archive",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True)
    made = actions.add_parser("make")
    made.add_argument("folder", type=Path)
    made.add_argument("--scenes", type=int, default=200)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--products", help="some alone, such as naip,scan")
    built = actions.add_parser("build")
    built.add_argument("folder", type=Path)
    built.add_argument("index", type=Path)
    built.add_argument("--model")
    checked = actions.add_parser("check")
    checked.add_argument("folder", type=Path)
    checked.add_argument("index", type=Path)
    checked.add_argument("--all", action="store_true", help="each thing that is wrong, by scene")
    args = parser.parse_args()
    start = time.monotonic()
    if args.action == "make":
        products = args.products.split(",") if args.products else None
        truth = make(args.folder, args.scenes, args.seed, products)
        print(f"{len(truth.scenes)} scenes in {time.monotonic() - start:.0f} s")
        return 0
    if args.action == "build":
        status, said = build(args.folder, args.index, args.model)
        print(said)
        print(f"status {status}, {time.monotonic() - start:.0f} s")
        return 0
    spoken = Path(f"{args.index}.said.txt")
    findings = check(args.folder, args.index, spoken.read_text() if spoken.exists() else "")
    print(table(findings))
    if args.all:
        for product, path, reason in findings.wrong:
            print(f"{product}: {path}: {reason}")
    return 0 if findings.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
