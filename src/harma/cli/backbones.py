"""List the backbone presets: architecture, activation, file, licence, where a person gets it.

Any open_clip name, file, directory or config is a backbone too: see `harma.backbones.load_backbone`.
"""

import argparse

EPILOG = """examples:
  harma backbones
  harma backbones ViT-B-32        # what HarMA's adapters would train on it"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("architecture", nargs="?", help="count the adapters' weights on this open_clip architecture")


def run(args: argparse.Namespace) -> int:
    """Print the presets, or the counts of one architecture."""
    if args.architecture is not None:
        return _count(args.architecture)
    from harma.backbones import PRESETS

    for name, preset in PRESETS.items():
        activation = "QuickGELU" if preset.quick_gelu else "GELU"
        print(f"{name}\n  {preset.architecture}, {activation}: {preset.about}")
        print(f"  {preset.remote.describe()}\n  {preset.remote.page}")
    return 0


def _count(architecture: str) -> int:
    from harma.adapters import AdapterConfig
    from harma.backbones import load_backbone
    from harma.model import HarMA

    model = HarMA(load_backbone(architecture, pretrained=False), AdapterConfig())
    trained, total = model.num_parameters(trained=True), model.num_parameters()
    print(f"{architecture}: {trained:,} trained parameters of {total:,} ({100 * trained / total:.2f} %)")
    return 0
