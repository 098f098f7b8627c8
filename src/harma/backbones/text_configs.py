"""Configs of the Hugging Face text towers of open_clip models: XLM-RoBERTa, RoBERTa, NLLB, mT5.

open_clip fetches the config of such a tower from the hub, whatever weights it is given. Those of
its own architectures are known here, so that nothing is fetched where the weights are at hand.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.backbones.directories import Config, read_json
from harma.backbones.weights.hub import find_file, hub_repo
from harma.errors import ConfigError

# What RoBERTa's kind adds to the defaults of its class.
_ROBERTA = {
    "layer_norm_eps": 1e-5,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
_XLM_ROBERTA = {"model_type": "xlm-roberta", "vocab_size": 250002, **_ROBERTA}
_NLLB = {"model_type": "m2m_100", "vocab_size": 256206, "max_position_embeddings": 1024}
_MT5 = {"model_type": "mt5", "vocab_size": 250112, "feed_forward_proj": "gated-gelu"}
# Name on the hub → what its config.json states beyond the defaults of its kind.
KNOWN_CONFIGS: dict[str, Config] = {
    "roberta-base": {"model_type": "roberta", "vocab_size": 50265, **_ROBERTA},
    "xlm-roberta-base": _XLM_ROBERTA,
    "xlm-roberta-large": {
        **_XLM_ROBERTA,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_attention_heads": 16,
        "num_hidden_layers": 24,
    },
    "facebook/nllb-200-distilled-600M": _NLLB,
    "facebook/nllb-200-distilled-1.3B": {
        **_NLLB,
        "encoder_layers": 24,
        "encoder_ffn_dim": 8192,
        "decoder_layers": 24,
        "decoder_ffn_dim": 8192,
    },
    "google/mt5-base": {**_MT5, "d_model": 768, "d_ff": 2048, "num_layers": 12, "num_heads": 12},
    "google/mt5-xl": {**_MT5, "d_model": 2048, "d_ff": 5120, "num_layers": 24, "num_heads": 32},
}
# The hub moved some of them into a publisher's folder; both names are in use.
PUBLISHER = "FacebookAI/"


def text_config(
    config: Mapping[str, Any], beside: Path | None, where: str, *, allow_download: bool
) -> Config | None:
    """The config of an open_clip model's Hugging Face text tower; None where it has none.

    Args:
        config: of the open_clip model.
        beside: the file that a saved model has for it, if it has one.
        where: what the model is called in messages.
        allow_download: fetch it where it is not on this machine.

    Raises:
        ConfigError: the file is no config of transformers.
        MissingFileError: it is not there and may not be downloaded.
    """
    name = config["text_cfg"].get("hf_model_name")
    if not name:
        return None
    if not isinstance(name, str):
        raise ConfigError(f"{where}: text_cfg.hf_model_name is {name!r}; it must be a text")
    if beside is not None:
        return _read(beside)
    file = Path(name) / "config.json"
    if file.is_file():
        return _read(file)
    known = KNOWN_CONFIGS.get(name.removeprefix(PUBLISHER))
    if known is not None:
        return dict(known)
    remote = hub_repo(name, ("config.json",))
    what = f"the config of {name}, the text tower of {where}"
    return _read(find_file(remote, what, allow_download=allow_download))


def _read(file: Path) -> Config:
    """A config.json of transformers.

    Raises:
        ConfigError: it is none.
    """
    values = read_json(file)
    if not isinstance(values, dict) or "model_type" not in values:
        raise ConfigError(f"{file} is no config of transformers: it states no model_type")
    return values
