"""The tokenizer that belongs to an open_clip model: CLIP's byte pairs, or one of Hugging Face."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from harma.backbones.open_clip_modules import open_clip_module
from harma.backbones.source_kinds import BackboneSource
from harma.errors import MissingDependencyError, MissingFileError
from harma.ground.messages import in_one_line

# What open_clip takes where a config does not say it.
DEFAULT_CONTEXT_LENGTH = 77

# (texts, length) → token ids (N, length).
Tokenizer = Callable[[Sequence[str], int], Tensor]


def make_tokenizer(source: BackboneSource, *, allow_download: bool) -> Tokenizer:
    """Make a model's tokenizer: CLIP's own, or the one of Hugging Face that its config names.

    Raises:
        MissingDependencyError: it needs the package `transformers`, which is not installed.
        MissingFileError: its files are not on this machine and may not be downloaded.
    """
    text: dict[str, Any] = source.config["text_cfg"]
    options = {"context_length": text.get("context_length", DEFAULT_CONTEXT_LENGTH)}
    options |= text.get("tokenizer_kwargs") or {}
    name = text.get("hf_tokenizer_name")
    if not name:
        tokenizer: Tokenizer = open_clip_module("tokenizer").SimpleTokenizer(**options)
        return tokenizer
    # A saved model has its tokenizer beside it and needs no hub.
    try:
        tokenizer = open_clip_module("tokenizer").HFTokenizer(
            str(source.tokenizer or name),
            tokenizer_mode=text.get("tokenizer_mode"),
            local_files_only=not allow_download,
            **options,
        )
    except ImportError as error:
        raise MissingDependencyError(
            f"{source.name} needs the tokenizer {name} of the package transformers: pip install"
            " transformers"
        ) from error
    # Of a folder without a tokenizer's files transformers says that it cannot tell its kind.
    except (OSError, ValueError) as error:
        reason = in_one_line(error, length=300)
        raise MissingFileError(
            f"{source.name} needs the tokenizer {name}, which is not on this machine ({reason});"
            " allow the download"
        ) from error
    return tokenizer


def clip_pieces() -> Callable[[str], int]:
    """A function that counts the BPE pieces that CLIP's tokenizer makes of a text.

    The marks of start and end are not counted.
    """
    tokenizer = open_clip_module("tokenizer").SimpleTokenizer()
    return lambda text: len(tokenizer.encode(text))
