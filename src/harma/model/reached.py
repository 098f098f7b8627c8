"""Which weights an embedding depends on, read off its graph (unused parameters).

Some models carry more than their embeddings need: the decoder of a CoCa, the pooler of a BERT. Such
a weight never gets a gradient; several processes that train together would wait for it.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from harma.model.model import HarMA


def freeze_unreached(model: HarMA) -> list[str]:
    """Freeze what trains although no embedding depends on it.

    Embeds one image and one caption on the way; nothing random is drawn, and no statistics change.

    Args:
        model: before gradient checkpointing is turned on, which hides weights from the graph.

    Returns:
        The names of what was frozen.
    """
    # Each module's own mode: some parts of a model may be kept in evaluation.
    modes = {module: module.training for module in model.modules()}
    # Evaluation: a dropout of everything would reach nothing, and batch norm would learn of zeros.
    model.eval()
    pixels = torch.zeros(1, *model.preprocess.shape, device=model.device)
    token_ids = model.tokenize(["a"]).to(model.device)
    reached = graph_leaves(model(pixels, token_ids))
    for module, mode in modes.items():
        module.training = mode
    trained = model.trained_parameters()
    unreached = [name for name, parameter in trained.items() if parameter not in reached]
    for name in unreached:
        trained[name].requires_grad_(False)
    return unreached


def graph_leaves(outputs: Iterable[Tensor]) -> set[Tensor]:
    """The leaves of a graph: all parameters that some outputs depend on."""
    leaves: set[Tensor] = set()
    waiting = [output.grad_fn for output in outputs if output.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        # Nodes that add to a parameter's gradient have it.
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, nn.Parameter):
            leaves.add(leaf)
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return leaves
