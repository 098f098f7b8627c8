"""The model card."""

from harma.model.card import model_card, trained_share

ABOUT = {
    "backbone": {"name": "openai", "weights_hash": "sha256:1"},
    "parameters": {"trained": 5, "total": 200},
}


def test_a_card_says_what_is_known_and_no_more():
    card = model_card(ABOUT)
    assert card.startswith("---\nlibrary_name: harma\n")
    assert "Backbone: `openai`, weights `sha256:1`.\nTrained weights: 5 of 200 (2.50 %).\n" in card
    assert 'harma.load("this/directory")' in card
    for absent in ("Method", "Trained on", "metric |", "captions.safetensors"):
        assert absent not in card
    facts = {
        "method": "lora",
        "data": {"name": "rsitmd", "train_captions": 23715},
        "metrics": {"split": "test", "t2i_R@1": 2.0, "mR": 12.345, "loss": 3.0},
    }
    card = model_card({**ABOUT, **facts})
    assert "Method: lora.\n" in card
    assert "Trained on: rsitmd (23,715 captions).\n" in card
    table = "Metrics on the test split, percent:\n\n| metric | value |\n|---|---|\n"
    assert f"{table}| mR | 12.35 |\n| t2i_R@1 | 2.00 |\n\n```python" in card
    assert "loss" not in card
    assert "Method" not in model_card({**ABOUT, "method": "harma"})


def test_a_card_says_that_captions_are_passed_on():
    card = model_card({**ABOUT, "kept_captions": 16_880})
    assert "`captions.safetensors` holds 16,880 distinct captions of the training data" in card
    assert "Who gets this directory gets the captions" in card
    assert "captions.safetensors" not in model_card({**ABOUT, "kept_captions": 0})


def test_a_model_without_weights_has_a_share():
    assert trained_share(5_934_397, 157_211_710) == "5,934,397 of 157,211,710 (3.77 %)"
    assert trained_share(1, 1) == "1 of 1 (100.00 %)"
    assert trained_share(0, 0) == "0 of 0 (0.00 %)"


def test_a_card_of_unnamed_data_and_split():
    card = model_card({**ABOUT, "data": {"name": "mine"}, "metrics": {"mR": 1.0}})
    assert "Trained on: mine (0 captions)." in card
    assert "Metrics on the validation split, percent:" in card
