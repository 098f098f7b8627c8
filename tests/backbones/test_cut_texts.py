"""Texts longer than a model reads: found with each kind of tokenizer, from the right word on."""

import pytest
import torch
from open_clip import SimpleTokenizer
from open_clip.tokenizer import HFTokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizer, PreTrainedTokenizerFast

from harma.backbones.cut_texts import find_cut_texts
from harma.backbones.text_tokenizers import TextTokenizer

WORDS = [
    "a",
    "bridge",
    "over",
    "the",
    "river",
    "beside",
    "an",
    "industrial",
    "area",
    "with",
    "many",
    "storage",
    "tanks",
]


def word_level(pad, end, *, side="right", start=None):
    """A tokenizer of Hugging Face with a token for each word, and marks as they are asked for."""
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys((pad, end, "[UNK]")))}
    for token in (*([start] if start else []), *WORDS):
        vocabulary[token] = len(vocabulary)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = [(end, vocabulary[end])]
    template = f"$A {end}"
    if start:
        marks.append((start, vocabulary[start]))
        template = f"{start} $A {end}"
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=marks)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, eos_token=end, padding_side=side
    )


def hugging_face(tokenizer):
    def tokenize(texts, length):
        encoded = tokenizer(list(texts), padding="max_length", truncation=True, max_length=length)
        return torch.tensor(encoded["input_ids"])

    return tokenize, lambda text: len(tokenizer(text)["input_ids"])


def clip():
    tokenizer = SimpleTokenizer()
    return tokenizer, lambda text: len(tokenizer.encode(text)) + 2


def bert():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS[:6], "in", "##dust", "##rial", "##s"]
    tokenizer = BertTokenizer(vocab={token: index for index, token in enumerate(pieces)})
    return TextTokenizer(tokenizer, 0, "bert"), lambda text: len(tokenizer(text)["input_ids"])


# SigLIP's T5 pads with the mark of the end; LLMs as text towers pad on the left.
KINDS = {
    "CLIP": clip,
    "BERT": bert,
    "end mark": lambda: hugging_face(word_level("[PAD]", "</s>")),
    "SigLIP": lambda: hugging_face(word_level("</s>", "</s>")),
    "left": lambda: hugging_face(word_level("[PAD]", "</s>", side="left", start="<s>")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [8, 16, 77])
def test_lengths_around_the_limit(kind, length):
    tokenize, count = KINDS[kind]()
    texts = [" ".join((WORDS * 20)[:number]) for number in range(1, 2 * length)]
    cut = list(find_cut_texts(tokenize, texts, tokenize(texts, length)))
    assert [one.text for one in cut] == [text for text in texts if count(text) > length]
    assert len(cut) > length // 2
    # The mark of the end that pads too is no token of its own.
    marks = 1 if kind == "SigLIP" else 0
    for one in cut:
        assert (one.num_tokens, one.num_read) == (count(one.text) - marks, length - marks)
        # What is left can be read to its end, and with a word more it could not be.
        kept = one.text.removesuffix(one.dropped)
        assert count(kept) <= length
        assert count(kept + one.dropped.split()[0]) > length


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_tokenized_again_where_nothing_is_cut(kind):
    tokenize, _ = KINDS[kind]()
    texts = ["a river", "", "a bridge over the river"]
    token_ids = tokenize(texts, 16)
    asked = []

    def counted(texts, length):
        asked.extend(texts)
        return tokenize(texts, length)

    assert list(find_cut_texts(counted, texts, token_ids)) == []
    assert asked == [""]


@pytest.mark.parametrize(
    "text",
    [
        "industrial " * 100,
        "x" * 3000,  # one word: shown from where it is cut
        "橋と川と工業地帯" * 30,  # no spaces at all
        "a river\n" * 40 + "the end",
        "🛰️ antidisestablishmentarianism " * 30,
        "&amp; a &lt;b&gt; " * 60,  # cleaned before it is cut
    ],
)
def test_odd_texts(text):
    tokenize, count = clip()
    (cut,) = find_cut_texts(tokenize, [text], tokenize([text], 77))
    assert cut.num_tokens == count(text)
    assert text.rstrip().endswith(cut.dropped)
    kept = text.rstrip().removesuffix(cut.dropped)
    assert 0 < count(kept) <= 77
    # No whole word more would fit.
    assert 77 - count(kept) < 40


def test_open_clips_own_wrapper_of_hugging_face(tmp_path):
    word_level("[PAD]", "</s>").save_pretrained(tmp_path)
    tokenizer = HFTokenizer(str(tmp_path), context_length=8)
    text = " ".join(WORDS)
    (cut,) = find_cut_texts(tokenizer, ["a river", text], tokenizer(["a river", text]))
    assert (cut.text, cut.num_tokens, cut.num_read) == (text, len(WORDS) + 1, 8)
    assert cut.dropped == " ".join(WORDS[7:])
