"""List the backbones with a name: architecture, activation, file, licence, where to get it.

Any open_clip name, file, directory or config is a backbone too: see
`harma.backbones.load_backbone`.
"""

import argparse

EPILOG = """examples:
  harma backbones
  harma backbones ViT-B-32        # what HarMA's adapters would train on it
  harma backbones swin-bert       # the same for a dual encoder"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "architecture",
        nargs="?",
        help="count the adapters' weights on this open_clip architecture or dual encoder",
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

    for name, preset in PRESETS.items():
        activation = "QuickGELU" if preset.quick_gelu else "GELU"
        print(f"{name}\n  {preset.architecture}, {activation}: {preset.about}")
        print(f"  {preset.remote.describe()}\n  {preset.remote.page}")
    for name, dual in DUAL_ENCODERS.items():
        print(f"{name}\n  dual encoder, its projections untrained: {dual.about}")
        print(
            f"  {dual.parameters:,} parameters: image tower {dual.image_parameters:,}, text tower "
            f"{dual.text_parameters:,}, temperature 1"
        )


def _count(architecture: str) -> None:
    from harma.backbones import load_backbone
    from harma.methods.harma.config import AdapterConfig
    from harma.model.model import HarMA

    model = HarMA(load_backbone(architecture, pretrained=False), AdapterConfig())
    trained = model.num_parameters(trained=True)
    total = model.num_parameters()
    percent = 100 * trained / total
    print(f"{architecture}: {trained:,} trained parameters of {total:,} ({percent:.2f} %)")
