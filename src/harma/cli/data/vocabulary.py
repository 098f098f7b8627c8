"""harma data vocabulary: terms of one and two words in captions, TF-IDF of each label.

Singular and plural count as one; stop words are dropped.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from harma.cli.argument_types import count, given_name, output_file, positive
from harma.cli.data.arguments import add_splits, data_and_root, show_table, with_commas
from harma.ground.outputs import as_written

if TYPE_CHECKING:
    from harma.curation.vocabulary.gathering import GatheredCaptions
    from harma.curation.vocabulary.terms import CountPieces, Tag, Vocabulary, VocabularyTerm

SUMMARY = "terms of captions, and what is typical of a label"
EPILOG = """examples:
  harma data vocabulary ucm=data/ucm
  harma data vocabulary rsitmd=data/rsitmd rsicd=data/rsicd --splits train --json vocabulary.json
  harma data vocabulary captions.txt more.csv --pieces --text vocabulary.txt
  harma data vocabulary ucm=data/ucm --pos en_core_web_sm     # needs spaCy and that model"""

TERMS_OF_A_LABEL = 6
CUT_WORDS_SHOWN = 20
FORMS_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the action."""
    parser.add_argument(
        "data",
        type=given_name,
        metavar="DATA[=DIR]",
        nargs="+",
        help=(
            "data sets with the folder of their files, descriptions (.yaml), or files of captions"
            " (.txt, .csv, .json)"
        ),
    )
    parser.add_argument(
        "--root", type=given_name, metavar="DIR", help="the folder of a single data set's files"
    )
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
    parser.add_argument("--json", type=output_file, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--text", type=output_file, metavar="FILE", help="write the terms, one per line"
    )


def run(args: argparse.Namespace) -> int:
    """Count, show, write."""
    from harma.curation.vocabulary.terms import build_vocabulary
    from harma.ground.files import write_json, write_text

    gathered = _gather(args)
    vocabulary = build_vocabulary(
        gathered.captions,
        images=gathered.images,
        labels=gathered.labels,
        min_count=args.min_count,
        pairs=not args.single,
        count_pieces=_clip_pieces() if args.pieces else None,
        tag=_tagger(args.pos) if args.pos else None,
    )
    _show_terms(vocabulary.terms[: args.top])
    for label in vocabulary.labels:
        typical = [term.text for term in vocabulary.of_label(label, TERMS_OF_A_LABEL)]
        print(f"{label}: {', '.join(typical)}")
    _show_counts(vocabulary)
    if args.json is not None:
        write_json(args.json, asdict(vocabulary))
        print(f"written: {as_written(args.json)}")
    if args.text is not None:
        write_text(args.text, "".join(f"{term.text}\n" for term in vocabulary.terms))
        print(f"written: {as_written(args.text)}")
    return 0


def _gather(args: argparse.Namespace) -> "GatheredCaptions":
    """Captions of everything that was named."""
    from harma.curation.raw import read_raw
    from harma.curation.vocabulary.gathering import GatheredCaptions
    from harma.data.caption_lists import is_caption_list, read_texts
    from harma.errors import ConfigError

    if args.root and len(args.data) > 1:
        raise ConfigError("--root is of a single data set; of several, write DATA=DIR for each")
    gathered = GatheredCaptions()
    for named in args.data:
        # A file by its ending; anything else is a data set's name or description.
        if is_caption_list(named):
            gathered.add_texts(read_texts(named))
            continue
        data, _, folder = named.partition("=")
        description, root = data_and_root(data, folder or args.root)
        for split in args.splits or description.splits:
            gathered.add_images(read_raw(description, split, root).images)
    return gathered


def _tagger(model: str) -> "Tag":
    from harma.curation.vocabulary.tagging import make_tagger

    return make_tagger(model)


def _clip_pieces() -> "CountPieces":
    """How many pieces CLIP's own tokenizer makes of a text."""
    from harma.backbones.tokenizers import clip_pieces

    return clip_pieces()


def _show_terms(terms: "Sequence[VocabularyTerm]") -> None:
    """A table; columns of what was not asked for are left out."""
    has_tags = any(term.part_of_speech for term in terms)
    has_pieces = any(term.num_pieces is not None for term in terms)
    headings = ["term", "written as", "times", "captions", "images"]
    num_names = 2
    if has_tags:
        headings.insert(num_names, "part of speech")
        num_names += 1
    if has_pieces:
        headings.append("pieces")
    rows = []
    for term in terms:
        row = [term.text, _forms(term)]
        if has_tags:
            row.append(term.part_of_speech)
        row += with_commas(term.count, term.num_captions, term.num_images)
        if has_pieces:
            row.append(str(term.num_pieces))
        rows.append(row)
    show_table(headings, rows, left=num_names)


def _show_counts(vocabulary: "Vocabulary") -> None:
    print(
        f"{len(vocabulary.terms):,} terms in {vocabulary.num_captions:,} captions of"
        f" {vocabulary.num_images:,} images; left out: {vocabulary.num_rare:,} rarer terms,"
        f" {vocabulary.num_stop_words:,} of {vocabulary.num_words:,} words as stop words"
    )
    if any(term.num_pieces is not None for term in vocabulary.terms):
        cut = [term for term in vocabulary.terms if term.is_split and term.num_words == 1]
        shown = [f"{term.usual_form} ({term.num_pieces})" for term in cut[:CUT_WORDS_SHOWN]]
        print(f"words that the tokenizer cuts: {len(cut):,}: {', '.join(shown)}")


def _forms(term: "VocabularyTerm") -> str:
    forms = list(term.forms.items())[:FORMS_SHOWN]
    return ", ".join(f"{form} {number:,}" for form, number in forms)
