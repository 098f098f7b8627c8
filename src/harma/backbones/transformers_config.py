"""The config of an encoder of `transformers`: its keys checked, its defaults written out."""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from harma.backbones.architecture import close_matches
from harma.backbones.config_bounds import check_numbers
from harma.backbones.transformers_tower import transformers
from harma.errors import BackboneError, ConfigError
from harma.ground.messages import first_line, in_one_line

log = logging.getLogger(__name__)

# Of Python's errors within a reason.
CLASS = re.compile(r"\b\w+(?:Error|Exception): ")
# What a config says about files, programs and tasks; none of it changes the encoder.
NOT_ARCHITECTURE = {
    "transformers_version",
    "architectures",
    "dtype",
    "torch_dtype",
    "_name_or_path",
    "id2label",
    "label2id",
    "auto_map",
    "problem_type",
    "return_dict",
    "output_hidden_states",
    "output_attentions",
    "use_cache",
    "gradient_checkpointing",
    "num_labels",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "finetuning_task",
    "classifier_dropout",
    "torchscript",
}
# What older configs of BERT's kind say, and no encoder reads any more.
OLDER = {
    "position_embedding_type",
    "cross_attention_hidden_size",
    "tie_encoder_decoder",
    "output_past",
    "pruned_heads",
    "use_bfloat16",
    "tf_legacy_loss",
    "tie_weights_",
    "directionality",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
}


def check_text_config(
    values: Mapping[str, object], where: str, *, is_file: bool = False
) -> dict[str, Any]:
    """Complete a config of `transformers` after checking its names.

    Completed, it is the same on every later release's defaults.

    Args:
        values: a config.json's content, or the values that differ from the defaults of its
            `model_type` ("bert").
        where: what it is called in messages.
        is_file: whether it is a published file. They hold names that the class of their kind does
            not state: some that only its encoder reads (DeBERTa's), some of older releases. All are
            kept, as transformers does.

    Raises:
        ConfigError: a key is unknown, or it has no padding token.
        BackboneError: the model type is unknown or no encoder.
    """
    check_numbers(values, where)
    kind = str(values.get("model_type", "bert"))
    given = _architecture(values)
    given.pop("model_type", None)
    default = _default_config(kind, where)
    allowed = {*default.to_dict(), *default.attribute_map}
    _check_positions(given, allowed, where)
    # A key that nothing reads is a slip of the pen, but for those of files, which hold many.
    unknown = sorted(given.keys() - allowed - OLDER)
    if unknown and is_file:
        log.debug("%s: %s does not state %s", where, type(default).__name__, ", ".join(unknown))
    elif unknown:
        raise ConfigError(
            f"{where} has the unknown key {unknown[0]!r}{close_matches(unknown[0], allowed)}; it"
            f" takes the keys of {type(default).__name__}"
        )
    config = _config(kind, _numbers(given, default.to_dict()), where)
    decodes = any(getattr(config, key, False) for key in ("is_encoder_decoder", "is_decoder"))
    if decodes or type(config) not in transformers().MODEL_FOR_MASKED_LM_MAPPING:
        raise BackboneError(
            f"{where}: {kind} is no encoder; take one such as bert, roberta, distilbert, electra"
        )
    if getattr(config, "pad_token_id", None) is None:
        raise ConfigError(f"{where} has no pad_token_id; state the tokenizer's")
    return _architecture(config.to_dict())


def _architecture(values: Mapping[str, object]) -> dict[str, Any]:
    """The values of a config that change the encoder."""
    return {key: value for key, value in values.items() if key not in NOT_ARCHITECTURE}


def _default_config(kind: str, where: str) -> Any:
    """The config that transformers has for a model type.

    Raises:
        BackboneError: it has none.
    """
    try:
        return transformers().AutoConfig.for_model(kind)
    except (ValueError, TypeError) as error:
        raise BackboneError(
            f"{where}: the model type {kind!r} cannot be used ({first_line(error, length=300)})"
        ) from error


def _check_positions(given: Mapping[str, object], allowed: set[str], where: str) -> None:
    """Refuse relative positions of BERT, which older releases had."""
    positions = given.get("position_embedding_type") or "absolute"
    if positions != "absolute" and "position_embedding_type" not in allowed:
        raise ConfigError(
            f"{where}: position_embedding_type is {positions!r}, which this release of transformers"
            " cannot build; take an encoder with absolute positions"
        )


def _numbers(given: Mapping[str, object], default: Mapping[str, object]) -> dict[str, object]:
    """Numbers such as 1e-12, which YAML reads as text, as numbers."""
    values = dict(given)
    for key, value in given.items():
        if isinstance(value, str) and isinstance(default.get(key), float):
            # What is no number is left to transformers to refuse.
            with suppress(ValueError):
                values[key] = float(value)
    return values


def _config(kind: str, values: Mapping[str, object], where: str) -> Any:
    from huggingface_hub.errors import StrictDataclassError

    try:
        return transformers().AutoConfig.for_model(kind, **values)
    except (ValueError, TypeError, StrictDataclassError) as error:
        reason = CLASS.sub("", in_one_line(error, length=300)).replace("NoneType", "nothing")
        raise ConfigError(f"{where}: a {kind} cannot have these values ({reason})") from error
