"""Import a released checkpoint of the original HarMA: turn it into an adapter directory."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.cli.argument_types import given_name, output_directory
from harma.errors import ConfigError

EPILOG = """examples:
  harma import rsitmd_geo.pth --architecture ViT-B-32-quickgelu --output adapters/rsitmd_geo
  harma import vit.pth --architecture ViT-B-32 --backbone laion2b --output vit

The activation belongs to the architecture: checkpoints from GeoRSCLIP need ViT-B-32-quickgelu,
those from LAION-2B ViT-B-32. Without --backbone the checkpoint's backbone is written beside the
adapters (600 MB for ViT-B/32)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("checkpoint", type=given_name, help="the .pth, .pt or .safetensors file")
    parser.add_argument(
        "--architecture",
        type=given_name,
        required=True,
        help="open_clip model name, or a JSON file with its config",
    )
    parser.add_argument(
        "--output", required=True, type=output_directory, metavar="DIR", help="where to write"
    )
    parser.add_argument(
        "--variant", choices=("released", "document"), default="released", help="shared adapter"
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="preset or file with the same backbone weights; they are compared",
    )


def run(args: argparse.Namespace) -> int:
    """Import and tell what was written."""
    from harma.model.convert import import_released

    model = import_released(
        args.checkpoint,
        _architecture(args.architecture),
        args.output,
        variant=args.variant,
        backbone=args.backbone,
    )
    print(f"{model.num_parameters(trained=True):,} trained parameters written to {args.output}")
    return 0


def _architecture(text: str) -> str | Mapping[str, Any]:
    """An open_clip name as it is; a JSON file as the config in it.

    Raises:
        ConfigError: the file is not JSON with a mapping.
    """
    from harma.backbones.directories import read_json

    path = Path(text)
    if path.suffix != ".json" or not path.is_file():
        return text
    config = read_json(path)
    if not isinstance(config, dict):
        raise ConfigError(f"{path} holds a {type(config).__name__}; it must be an open_clip config")
    return config
