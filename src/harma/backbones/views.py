"""Views: the same weights bare of what was attached to a module, or with a hook of one call.

A view is a tree of modules of its own whose parameters and buffers are those of the module. It
belongs to the call that made it: nothing is switched on the module itself, so other threads are
not concerned, and a block that gradient checkpointing runs again is still a block of the view.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

M = TypeVar("M", bound=nn.Module)

# Where torch keeps a module's hooks, by number.
HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


class Parts(NamedTuple):
    """What a module consists of, by name.

    Attributes:
        children: its submodules; None where it may have one and has none.
        parameters: names of its own parameters.
        buffers: names of its own buffers.
    """

    children: dict[str, nn.Module | None]
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]


# The root is noted as None: what it keeps may not refer to itself, or a model that nobody uses any
# more would keep its weights in memory until the garbage collector comes by.
Noted = Mapping[nn.Module | None, Parts]


def note_parts(root: nn.Module) -> Noted:
    """What every module of a tree consists of now; the root is None."""
    return {
        None if module is root else module: Parts(
            dict(module._modules), tuple(module._parameters), tuple(module._buffers)
        )
        for module in root.modules()
    }


def bare_view(
    root: M,
    noted: Noted,
    *,
    without_hooks: range,
    values: Mapping[nn.Parameter, Tensor],
) -> M:
    """A tree of modules as it was noted.

    What was put into the modules since then, or wrapped around them, is not in it. Their other
    attributes, such as the mode they are in, are those of now.

    Args:
        root: of the tree.
        noted: what `note_parts` gave for the root.
        without_hooks: numbers of the hooks to leave out (see `next_hook`).
        values: what parameters are in the view, where it is not what they are.
    """
    # Every module is copied, though a method touches few: what hooks itself to the modules in its
    # first call, as encoders of transformers do, would otherwise reach those that are shared.
    by_module = {_module(key, root): parts for key, parts in noted.items()}
    views = {module: _copied(module, without_hooks) for module in by_module}
    for module, parts in by_module.items():
        attributes = vars(views[module])
        attributes["_modules"] = {
            name: None if child is None else views[child] for name, child in parts.children.items()
        }
        # By name and from the module as it is: moving a model may put others in their place.
        attributes["_parameters"] = {
            name: _value(module._parameters[name], values) for name in parts.parameters
        }
        attributes["_buffers"] = {name: module._buffers[name] for name in parts.buffers}
    view = views[root]
    assert isinstance(view, type(root))
    return view


def _module(key: nn.Module | None, root: nn.Module) -> nn.Module:
    # A list of modules that is empty is false.
    return root if key is None else key


def _value(parameter: nn.Parameter | None, values: Mapping[nn.Parameter, Tensor]) -> Tensor | None:
    """What a parameter is in a view; None where the module may have one and has none."""
    if parameter is None:
        return None
    return values.get(parameter, parameter)


def hooked_view(root: M, target: nn.Module, hook: Callable[..., object]) -> M:
    """A tree of modules in which `target` has one more forward pre-hook.

    Only that module and those above it are new: it takes microseconds.
    """
    if root is target:
        view = _copied(root)
        view.register_forward_pre_hook(hook)
        return view
    children = dict(root._modules)
    for name, child in root.named_children():
        children[name] = hooked_view(child, target, hook)
    # Modules are equal if they are the same: nothing below was hooked.
    if children == root._modules:
        return root
    view = _copied(root)
    vars(view)["_modules"] = children
    return view


def next_hook() -> int:
    """The number that the next hook of any module gets; they only grow."""
    return RemovableHandle.next_id


def _copied(module: M, without_hooks: range = range(0)) -> M:
    """A module with the attributes of another; a hook on one is no hook on the other."""
    return copied_as(type(module), module, without_hooks)


def copied_as(kind: type[M], module: nn.Module, without_hooks: range = range(0)) -> M:
    """A module of a class with the attributes of another module, whose hooks are not shared.

    Args:
        kind: the module's own class, or one that is derived from it.
        module: what is copied; its weights and children are shared.
        without_hooks: numbers of the hooks to leave out (see `next_hook`).
    """
    # Not copy.copy, which a class may have made deep; and no __init__, which would draw weights.
    copied = kind.__new__(kind)
    attributes = vars(copied)
    attributes.update(vars(module))
    for name in HOOKS:
        hooks = attributes[name].items()
        attributes[name] = OrderedDict(item for item in hooks if item[0] not in without_hooks)
    return copied
