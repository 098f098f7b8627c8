"""Actions of `harma index` that exchange an index with other programs: export, import."""

import argparse

from harma.cli.argument_types import given_name, local_file, output_file
from harma.cli.command import Command
from harma.ground.outputs import as_written
from harma.ground.progress import progress_bars


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE.parquet", type=output_file, help="GeoParquet file to write"
    )
    parser.add_argument("--thumbnails", action="store_true", help="write the small pictures too")


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE.parquet", type=local_file, help="GeoParquet file with embeddings"
    )
    made = parser.add_mutually_exclusive_group()
    made.add_argument(
        "--model",
        type=given_name,
        metavar="MODEL",
        help="what embedded: run, adapter or model directory, or preset; an export states it",
    )
    made.add_argument(
        "--label",
        metavar="NAME",
        help="name of a model that HarMA cannot load; no texts can be looked for",
    )
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the model's backbone is now, if not where it says",
    )
    parser.add_argument(
        "--embedding-column",
        metavar="NAME",
        help="lists of floats (embedding, or the only such column)",
    )
    parser.add_argument(
        "--id-column", metavar="NAME", help="names of chips (id, if there); '' makes them"
    )
    parser.add_argument(
        "--date-column",
        metavar="NAME",
        help="when scenes were taken (datetime, if there); '' for none",
    )
    parser.add_argument(
        "--source-column",
        metavar="NAME",
        help="names of scenes (source, if there); '' for the file's",
    )


def _export(args: argparse.Namespace) -> int:
    from harma.ground.files import written_bytes
    from harma.index.index import Index

    index = Index.open(args.directory)
    with progress_bars() as progress:
        num_chips = index.export(args.file, thumbnails=args.thumbnails, progress=progress)
    num_bytes = written_bytes(args.file)
    print(f"{as_written(args.file)}: {num_chips:,} chips, {num_bytes / 1e6:,.1f} MB")
    return 0


def _import(args: argparse.Namespace) -> int:
    from harma.exchange.embedding_file import Columns
    from harma.exchange.importing import import_geoparquet

    columns = Columns(args.embedding_column, args.id_column, args.date_column, args.source_column)
    with progress_bars() as progress:
        done = import_geoparquet(
            args.directory,
            args.file,
            columns=columns,
            model=args.model,
            backbone=args.backbone,
            label=args.label,
            progress=progress,
        )
    print(
        f"{args.directory}: {done.num_added:,} chips of {done.num_sources:,} sources added in"
        f" {done.seconds:,.0f} s"
    )
    if done.num_there:
        print(f"{done.num_there:,} were there already")
    if done.num_repeated:
        print(f"{done.num_repeated:,} rows say the same as an earlier one, and count as one chip")
    print(f"search is {done.search}")
    return 0


ACTIONS = (
    Command("export", "write all chips to a GeoParquet file", _export, _add_export_arguments),
    Command(
        "import", "bring in the embeddings of a GeoParquet file", _import, _add_import_arguments
    ),
)
