"""Plug-ins: a built-in by its name, or a user's own function or class by its dotted path."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from harma.errors import ConfigError
from harma.ground.messages import first_line

T = TypeVar("T")


def find(name: str, built_in: Mapping[str, T], option: str) -> T:
    """Look a name up.

    Args:
        name: a key of `built_in`, or `package.module.attribute` that can be imported.
        built_in: what ships with HarMA.
        option: the recipe's option, for the message.

    Raises:
        ConfigError: it is neither; the message lists what is allowed.
    """
    if name in built_in:
        return built_in[name]
    dotted_path = "the dotted path of your own (my_package.my_module.my_name)"
    allowed = f"it must be {dotted_path}"
    if built_in:
        allowed = f"allowed are {', '.join(built_in)}, or {dotted_path}"
    # A recipe may hold anything here, a number too.
    module, _, attribute = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if not module or not attribute or module.startswith("."):
        raise ConfigError(f"{option} is {name!r}; {allowed}")
    # Whatever the user's module does wrong at import is their message to read.
    try:
        plugin: T = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{option} is {name!r}, which cannot be imported ({error}); {allowed}"
        ) from error
    return plugin


def made_by(
    plugin: Callable[..., Any], name: str, option: str, *given: object, **options: object
) -> Any:
    """What a user's own function or class makes.

    Args:
        plugin: called with what is `given` and the `options`.
        name: its dotted path.
        option: the recipe's option, for the message.
        given: in their order.
        options: by name.

    Raises:
        ConfigError: it does not take them, or makes nothing that can be called.
    """
    try:
        made = plugin(*given, **options)
    except TypeError as error:
        raise ConfigError(
            f"{option} is {name!r}, which cannot be called as it has to be ({first_line(error)})"
        ) from error
    if not callable(made):
        raise ConfigError(
            f"{option} is {name!r}, which makes {made!r}; it has to make what can be called"
        )
    return made
