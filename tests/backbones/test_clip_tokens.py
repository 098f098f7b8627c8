"""CLIP's byte pairs without torch: the same token ids as open_clip's tokenizer gives."""

import subprocess
import sys

import numpy as np
import pytest

from harma.backbones.clip_tokens import ClipTokens
from harma.backbones.open_clip_modules import open_clip_module
from harma.errors import DataError

TEXTS = ["a river", "", "Ärger &amp; naïve  CAFÉ", "x " * 90, "supercalifragilistic stadiums, 12!"]

ALONE = """
import json, sys
from harma.backbones.clip_tokens import ClipTokens
ids = ClipTokens(77, {})(json.loads(sys.argv[1]))
assert "torch" not in sys.modules
print(json.dumps(ids.tolist()))
"""


@pytest.mark.parametrize("options", [{}, {"clean": "canonicalize"}])
def test_the_ids_are_those_of_open_clip(options):
    theirs = open_clip_module("tokenizer").SimpleTokenizer(**options)(TEXTS, 20).numpy()
    ours = ClipTokens(20, options)(TEXTS)
    assert ours.dtype == np.int64
    assert (ours == theirs).all()


def test_without_torch_they_are_the_same():
    import json

    done = subprocess.run(
        [sys.executable, "-c", ALONE, json.dumps(TEXTS)], capture_output=True, text=True, check=True
    )
    assert (np.array(json.loads(done.stdout)) == ClipTokens(77, {})(TEXTS)).all()


def test_a_text_that_is_cut():
    cut = ClipTokens(8, {}).cut_texts(["a river", "one two three four five six seven eight"])
    assert [(one.num_tokens, one.num_read, one.dropped) for one in cut] == [(10, 8, "seven eight")]


def test_what_is_no_text():
    with pytest.raises(DataError, match=r"a text is 3 \(int\)"):
        ClipTokens(8, {})([3])
