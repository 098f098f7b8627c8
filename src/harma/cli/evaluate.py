"""Evaluate a run, adapter, model directory or preset on a split, or the search of an index.

A run knows its data; for anything else name it with --data and --root. With a directory,
metrics.json is written beside the model unless --output says where.

The search of an INDEX is measured on judgments of your own (--queries): mAP, nDCG@10, precision of
each standing. Its judgments are a CSV (query,chip,relevance or query,source,relevance; also id,
unlike, image, before, after) or qrels of TREC with --topics.
"""

import argparse
from pathlib import Path

from harma.cli.argument_types import given_name, output_directory, positive, worker_count
from harma.cli.device import add_device_argument
from harma.cli.judged_search import add_search_arguments, is_of_search, run_search

EPILOG = """examples:
  harma evaluate runs/a
  harma evaluate runs/a/best --data rsicd --root data/rsicd --split val
  harma evaluate adapters/rsitmd_geo --data my_data.yaml --backbone weights/RS5M_ViT-B-32_RET-2.pt
  harma evaluate openai --data ucm --root data/ucm --output results/openai
  harma evaluate archive --queries judgments.csv --output results/archive
  harma evaluate archive --queries judgments.csv --against results/archive --source "*_2019*.tif"
  harma evaluate years/2019 --index years/2020 --queries judgments.csv
  harma evaluate archive --queries qrels.txt --topics topics.tsv --depth 100"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what",
        type=given_name,
        metavar="RUN_OR_ADAPTER",
        help="run, adapter or model directory, preset, open_clip name; or an index, with --queries",
    )
    _add_data_arguments(parser)
    parser.add_argument(
        "--backbone",
        type=given_name,
        help="where the backbone is now, if not where the directory says",
    )
    add_device_argument(parser)
    parser.add_argument(
        "--output",
        type=output_directory,
        metavar="DIR",
        help="where metrics.json and report.html go; of a search search.json and run.trec",
    )
    add_search_arguments(parser)


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """What only a model on a data set is asked."""
    parser.add_argument(
        "--data",
        type=given_name,
        help="data set (rsitmd, rsicd, ucm) or the path of its description",
    )
    parser.add_argument("--root", type=given_name, help="the folder its files are in")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default="test", help="default: test"
    )
    parser.add_argument("--batch-size", type=positive, default=128, help="images at once (128)")
    parser.add_argument(
        "--num-workers", type=worker_count, default=0, help="processes that decode (0)"
    )
    parser.add_argument("--report", action="store_true", help="also write report.html")
    parser.add_argument(
        "--umap",
        action="store_true",
        help="with a UMAP of the embeddings (umap-learn; takes a minute or two)",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, say what was written."""
    if is_of_search(args, _add_data_arguments):
        return run_search(args)
    from rich.console import Console

    from harma.evaluation import metrics_table
    from harma.training.evaluate import evaluate

    # What has a directory keeps its figures there.
    output = args.output
    if output is None and Path(args.what).is_dir():
        output = args.what
    report = None
    if args.report or args.umap:
        report = "." if output is None else output
    evaluation = evaluate(
        args.what,
        args.data,
        root=args.root,
        split=args.split,
        backbone=args.backbone,
        device=args.device,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
        output=output,
        report=report,
        umap=args.umap,
        progress=True,
    )
    Console().print(metrics_table(evaluation))
    if output is not None:
        print(f"figures written to {Path(output) / 'metrics.json'}")
    if report is not None:
        print(f"report written to {Path(report) / 'report.html'}")
    return 0
