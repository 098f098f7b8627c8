"""Tokenizers of dual encoders: `transformers`' own, from a directory, a vocab.txt or the hub."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from harma.backbones.transformers_tower import transformers
from harma.backbones.weights.hub import Remote, find_file
from harma.errors import ConfigError, MissingFileError
from harma.ground.messages import in_one_line

VOCABULARY = "vocab.txt"
# Any one of the first is a tokenizer; what else a repository has is taken too.
HUB_FILES = ("tokenizer.json", VOCABULARY)
HUB_EXTRAS = ("tokenizer_config.json", "special_tokens_map.json", "config.json")
# With one of these beside it, `transformers` knows what kind of tokenizer a vocabulary belongs to.
DESCRIBING_FILES = ("tokenizer_config.json", "tokenizer.json", "config.json")


class TextTokenizer:
    """A tokenizer that pads on the right.

    Args:
        tokenizer: of `transformers`.
        pad_id: padding id of the encoder it goes with.
        name: in messages.

    Raises:
        ConfigError: it pads with another id.
    """

    def __init__(self, tokenizer: Any, pad_id: int, name: str) -> None:
        if tokenizer.pad_token_id != pad_id:
            raise ConfigError(
                f"the tokenizer {name} pads with id {tokenizer.pad_token_id}, the text encoder with"
                f" {pad_id}; state pad_token_id in its config"
            )
        tokenizer.padding_side = tokenizer.truncation_side = "right"
        self._tokenizer = tokenizer

    def __call__(self, texts: Sequence[str], length: int) -> Tensor:
        """Token ids (N, length) of texts; longer ones are cut, their end token kept."""
        encoded = self._tokenizer(
            list(texts),
            padding="max_length",
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )
        token_ids: Tensor = encoded["input_ids"]
        return token_ids

    def save(self, directory: Path) -> None:
        """Write the tokenizer's files."""
        self._tokenizer.save_pretrained(directory)


def make_text_tokenizer(
    place: Path | Remote | None, pad_id: int, *, allow_download: bool
) -> TextTokenizer:
    """Open a tokenizer.

    Args:
        place: a directory with its files, a vocabulary (`vocab.txt`, a token per line), or a
            repository.
        pad_id: padding id of the encoder it goes with.
        allow_download: fetch what is not on this machine.

    Raises:
        ConfigError: there is none, its files cannot be used, or it pads with another id.
        MissingFileError: its files are not there and may not be downloaded.
    """
    if place is None:
        raise ConfigError(
            "text has no tokenizer; state tokenizer: a directory with tokenizer.json or vocab.txt,"
            " a vocab.txt, or the name of a model on the hub"
        )
    if isinstance(place, Remote):
        directory = _on_hub(place, allow_download)
        name = str(place.repo)
    else:
        directory = place
        name = str(place)
    if not directory.exists():
        raise MissingFileError(
            f"the tokenizer {directory} is not there; name a directory or a {VOCABULARY}"
        )
    if directory.is_file() and directory.suffix == ".json":
        raise ConfigError(
            f"the tokenizer {directory} is one file of several; name the directory it is in"
        )
    return TextTokenizer(_open(directory), pad_id, name)


def _on_hub(remote: Remote, allow_download: bool) -> Path:
    """The folder of the cache with a repository's tokenizer."""
    what = f"the tokenizer of {remote.repo}"
    path = find_file(replace(remote, files=HUB_FILES), what, allow_download=allow_download)
    for file in HUB_EXTRAS:
        # A repository has some of them.
        with suppress(MissingFileError):
            find_file(replace(remote, files=(file,)), what, allow_download=allow_download)
    return path.parent


def _open(path: Path) -> Any:
    """A tokenizer from local files; nothing is fetched, and no code in them is run."""
    is_described = any((path / name).is_file() for name in DESCRIBING_FILES)
    vocabulary = path
    if not path.is_file():
        vocabulary = path / VOCABULARY
    try:
        if vocabulary.is_file() and not is_described:
            return _of_vocabulary(vocabulary)
        return transformers().AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        reason = in_one_line(error, length=300)
        raise ConfigError(f"the tokenizer in {path} cannot be used ({reason})") from error


def _of_vocabulary(path: Path) -> Any:
    """BERT's tokenizer with the tokens of a file, a line each."""
    # Not splitlines: it also parts at characters that stand in vocabularies as tokens.
    tokens = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return transformers().BertTokenizer(vocab={token: i for i, token in enumerate(tokens)})
