"""CLIP's byte pairs as numbers, by open_clip's own tokenizer and without torch.

open_clip's tokenizer module imports torch for its results alone. Where nobody has imported torch
yet, it waits while that module is imported, and only the encoding of a text is used.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.backbones.cut_texts import CutText, cut_at
from harma.backbones.open_clip_modules import PACKAGE, open_clip_module
from harma.errors import DataError, MissingDependencyError
from harma.ground.deferred_imports import deferring, waiting_for

# What a model may say of its tokenizer that is kept with an export.
KNOWN_OPTIONS = {"clean"}
# Of the module when it is imported without its package.
ALONE = "harma_clip_tokenizer"


class ClipTokens:
    """Texts as token ids.

    Args:
        context_length: longest text in tokens, marks of start and end included.
        options: of open_clip's tokenizer, of `KNOWN_OPTIONS`.
    """

    def __init__(self, context_length: int, options: Mapping[str, Any]) -> None:
        self.context_length = context_length
        module = _tokenizer_module()
        # The module has made the usual one already: a second would take as long again.
        self._tokenizer: Any = module._tokenizer
        if options:
            self._tokenizer = module.SimpleTokenizer(**options)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Token ids (N, context_length); longer texts are cut, 0 stands behind shorter ones."""
        token_ids = np.zeros((len(texts), self.context_length), dtype=np.int64)
        for row, text in enumerate(texts):
            tokens = self._encoded(text)[: self.context_length]
            # Of a text that is cut the mark of its end stays, as open_clip has it.
            tokens[-1] = self._tokenizer.eot_token_id
            token_ids[row, : len(tokens)] = tokens
        return token_ids

    def _encoded(self, text: str) -> list[int]:
        """All tokens of a text, with its marks."""
        if not isinstance(text, str):
            raise DataError(f"a text is {text!r} ({type(text).__name__}); tokenize takes strings")
        tokenizer = self._tokenizer
        return [tokenizer.sot_token_id, *tokenizer.encode(text), tokenizer.eot_token_id]

    def cut_texts(self, texts: Sequence[str]) -> list[CutText]:
        """Those that are not read to their end."""
        cut = []
        for text in texts:
            num_tokens = len(self._encoded(text))
            if num_tokens > self.context_length:
                start = cut_at(text, self._fits)
                cut.append(CutText(text, num_tokens, self.context_length, text[start:].strip()))
        return cut

    def _fits(self, text: str) -> bool:
        return len(self._encoded(text)) <= self.context_length


def _tokenizer_module() -> ModuleType:
    """open_clip's module of tokenizers, without torch where nobody has it."""
    if "torch" in sys.modules or not waiting_for("open_clip_torch"):
        return open_clip_module("tokenizer")
    if ALONE in sys.modules:
        return sys.modules[ALONE]
    package = find_spec(PACKAGE)
    if package is None or package.submodule_search_locations is None:
        raise MissingDependencyError("texts need open_clip: pip install open_clip_torch")
    file = Path(package.submodule_search_locations[0]) / "tokenizer.py"
    spec = spec_from_file_location(ALONE, file)
    assert spec is not None
    assert spec.loader is not None
    # Under a name of its own: whoever needs open_clip's own later gets it whole.
    module = module_from_spec(spec)
    with deferring("torch"):
        spec.loader.exec_module(module)
    sys.modules[ALONE] = module
    return module
