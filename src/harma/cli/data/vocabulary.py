"""harma data vocabulary: terms of one and two words in captions, and what is typical of each label (TF-IDF).

Singular and plural count as one; stop words are dropped.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harma.cli.argument_types import count, positive
from harma.cli.data.arguments import add_splits, data_and_root, show_table

if TYPE_CHECKING:
    from harma.curation.vocabulary.terms import CountPieces, Term, Vocabulary

SUMMARY = "terms of captions, and what is typical of a label"
EPILOG = """examples:
  harma data vocabulary ucm=data/ucm
  harma data vocabulary rsitmd=data/rsitmd rsicd=data/rsicd --splits train --json vocabulary.json
  harma data vocabulary captions.txt more.csv --pieces --text vocabulary.txt
  harma data vocabulary ucm=data/ucm --pos en_core_web_sm     # needs spaCy and that model"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument(
        "data",
        metavar="DATA[=DIR]",
        nargs="+",
        help=(
            "data sets with the folder of their files, descriptions (.yaml), or files of captions"
            " (.txt, .csv, .json)"
        ),
    )
    parser.add_argument("--root", metavar="DIR", help="the folder of a single data set's files")
    add_splits(parser)
    parser.add_argument(
        "--min-count", type=positive, default=2, metavar="N", help="leave out rarer terms (2)"
    )
    parser.add_argument("--single", action="store_true", help="no terms of two words")
    parser.add_argument(
        "--pieces", action="store_true", help="count the pieces CLIP's tokenizer makes of each term"
    )
    parser.add_argument(
        "--pos", metavar="MODEL", help="parts of speech by an installed spaCy model"
    )
    parser.add_argument("--top", type=count, default=40, metavar="N", help="terms shown (40)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument("--text", type=Path, metavar="FILE", help="write the terms, one per line")


def run(args: argparse.Namespace) -> int:
    """Count, show, write."""
    from harma.curation.vocabulary.terms import build_vocabulary
    from harma.ground.files import write_json, write_text

    captions, images, labels = _captions(args)
    tag = None
    if args.pos:
        from harma.curation.vocabulary.tagging import make_tagger

        tag = make_tagger(args.pos)
    found = build_vocabulary(
        captions,
        images=images,
        labels=labels,
        min_count=args.min_count,
        pairs=not args.single,
        count_pieces=_clip_pieces() if args.pieces else None,
        tag=tag,
    )
    _show(found, args.top)
    if args.json is not None:
        write_json(args.json, asdict(found))
        print(f"written: {args.json}")
    if args.text is not None:
        write_text(args.text, "".join(f"{term.text}\n" for term in found.terms))
        print(f"written: {args.text}")
    return 0


def _captions(args: argparse.Namespace) -> tuple[list[str], list[int], list[str | None]]:
    """Captions of everything that was named, the image of each, and its label."""
    from harma.curation.raw import read_raw
    from harma.data.caption_lists import read_texts
    from harma.errors import ConfigError

    if args.root and len(args.data) > 1:
        raise ConfigError("--root is of a single data set; of several, write DATA=DIR for each")
    captions: list[str] = []
    images: list[int] = []
    labels: list[str | None] = []
    next_image = 0
    for named in args.data:
        data, _, folder = named.partition("=")
        if Path(named).suffix.lower() in (".txt", ".csv", ".json"):
            texts = read_texts(named)
            captions += texts
            images += range(next_image, next_image + len(texts))
            labels += [None] * len(texts)
            next_image += len(texts)
            continue
        description, root = data_and_root(data, folder or args.root)
        for split in args.splits or description.splits:
            for image in read_raw(description, split, root).images:
                captions += image.captions
                images += [next_image] * len(image.captions)
                labels += [image.class_name] * len(image.captions)
                next_image += 1
    return captions, images, labels


def _clip_pieces() -> "CountPieces":
    """How many pieces CLIP's own tokenizer makes of a text."""
    from harma.backbones.tokenizers import clip_pieces

    return clip_pieces()


def _show(found: "Vocabulary", top: int) -> None:
    shown = found.terms[:top]
    has_tags = any(term.part_of_speech for term in shown)
    has_pieces = any(term.num_pieces is not None for term in shown)
    headings = [
        "term",
        "written as",
        *(["part of speech"] if has_tags else []),
        "times",
        "captions",
        "images",
        *(["pieces"] if has_pieces else []),
    ]
    rows = [
        [
            term.text,
            _forms(term),
            *([term.part_of_speech] if has_tags else []),
            f"{term.count:,}",
            f"{term.num_captions:,}",
            f"{term.num_images:,}",
            *([str(term.num_pieces)] if has_pieces else []),
        ]
        for term in shown
    ]
    show_table(headings, rows, left=2 + has_tags)
    for label in found.labels:
        print(f"{label}: " + ", ".join(term.text for term in found.of_label(label, 6)))
    print(
        f"{len(found.terms):,} terms in {found.num_captions:,} captions of {found.num_images:,}"
        f" images; left out: {found.num_rare:,} rarer terms, {found.num_stop_words:,} of"
        f" {found.num_words:,} words as stop words"
    )
    if any(term.num_pieces is not None for term in found.terms):
        cut = [term for term in found.terms if term.is_split and term.num_words == 1]
        print(
            f"words that the tokenizer cuts: {len(cut):,}: "
            + ", ".join(f"{next(iter(term.forms))} ({term.num_pieces})" for term in cut[:20])
        )


def _forms(term: "Term") -> str:
    return ", ".join(f"{form} {number:,}" for form, number in list(term.forms.items())[:3])
