"""List the backbones with a name: architecture, activation, file, licence, where to get it.

Any open_clip name, file, directory or config is a backbone too: see
`harma.backbones.load_backbone`.
"""

import argparse

EPILOG = """examples:
  harma backbones
  harma backbones ViT-B-32        # which methods it takes, and what each would train
  harma backbones swin-bert       # the same for a dual encoder"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "architecture",
        nargs="?",
        help="say which methods this architecture, preset or model takes, what each would train",
    )


def run(args: argparse.Namespace) -> int:
    """Print the presets, or the counts of one architecture."""
    if args.architecture is None:
        _list_presets()
    else:
        _count(args.architecture)
    return 0


def _list_presets() -> None:
    from harma.backbones import DUAL_ENCODERS, PRESETS
    from harma.methods.table import METHODS

    for name, preset in PRESETS.items():
        print(f"{name}\n  {preset.architecture}, {preset.activation}: {preset.about}")
        print(f"  {preset.remote.describe()}\n  {preset.remote.page}")
        if preset.preprocess.bands is not None:
            print(f"  bands: {preset.preprocess.bands}")
        taken = [method for method in (*METHODS, "full") if method not in preset.not_taken]
        print(f"  methods: {', '.join(taken)}")
    for name, dual in DUAL_ENCODERS.items():
        print(f"{name}\n  dual encoder, its projections untrained: {dual.about}")
        print(
            f"  {dual.parameters:,} parameters: image tower {dual.image_parameters:,}, text tower "
            f"{dual.text_parameters:,}, temperature 1"
        )


def _count(architecture: str) -> None:
    from harma.methods.taking import methods_taken

    for method, taken in methods_taken(architecture).items():
        if taken.refusal:
            print(f"{architecture}: {method} is not taken: {taken.refusal}")
            continue
        percent = 100 * taken.trained / taken.total
        name = architecture if method == "harma" else f"{architecture}: {method}"
        print(f"{name}: {taken.trained:,} trained parameters of {taken.total:,} ({percent:.2f} %)")
