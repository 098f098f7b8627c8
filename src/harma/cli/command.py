"""The protocol of verbs and their actions: a command has arguments, and runs.

A verb is a module of `harma.cli`, an action (`harma index build`) a module or a pair of functions.
Each has `add_arguments(parser)`, which declares, and `run(args)`, which does it and returns the
exit status: 0 done, 1 done with a negative answer. What cannot be done is raised, and `main` tells.
"""

import argparse
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn

from harma.errors import ConfigError

NO_VALUE = re.compile(r"--[a-z][a-z-]*=--")

AddArguments = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], int]
Parse = Callable[[argparse.ArgumentParser, list[str]], argparse.Namespace]


class CommandParser(argparse.ArgumentParser):
    """A parser of the command line whose errors are told as ours are.

    They quote what was given: of any length, and with signs that no terminal should be sent.
    """

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """The arguments; what nobody declared is quoted, as blanks are not seen otherwise."""
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {shlex.join(unknown)}")
        return parsed

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """The arguments that are known, and all others; also of an action's own parser."""
        for arg in args or ():
            # Of `--` as a value argparse makes a list without one.
            if NO_VALUE.fullmatch(arg):
                self.error(f"argument {arg.removesuffix('=--')}: '--' is no value")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End the command with a message."""
        super().error(str(ConfigError(message)))


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: for actions that need no argument of their own."""


@dataclass(frozen=True)
class Command:
    """A verb, or an action of a verb.

    Attributes:
        name: as it is typed.
        summary: what it does, in a line.
        run: does it, and returns the exit status.
        add_arguments: declares its arguments.
        description: above the arguments in its help; "" takes the summary.
        epilog: below them: examples, exit statuses; "" takes that of the verb it belongs to.
        parse: reads a command line; of verbs whose flags are those of a recipe, which argparse
            cannot declare (`train`, `compare`). None reads what `add_arguments` declares.
    """

    name: str
    summary: str
    run: Run
    add_arguments: AddArguments = no_arguments
    description: str = ""
    epilog: str = ""
    parse: Parse | None = None


def module_command(module: ModuleType, name: str, summary: str) -> Command:
    """The command that a module is.

    Args:
        module: with a docstring, EPILOG, `run`, and `add_arguments` or `parse`.
        name: as it is typed.
        summary: what it does, in a line.
    """
    # The module's docstring is its help, so that the two cannot differ.
    return Command(
        name,
        summary,
        run=module.run,
        add_arguments=getattr(module, "add_arguments", no_arguments),
        description=str(module.__doc__),
        epilog=module.EPILOG,
        parse=getattr(module, "parse", None),
    )


def run_command(command: Command, prog: str, arguments: list[str]) -> int:
    """Read a command line, and do what it says.

    Args:
        command: what is run.
        prog: how it is called, for help and messages.
        arguments: after its name.

    Returns:
        The exit status.
    """
    # Descriptions and examples are written in lines, which argparse would run together.
    parser = CommandParser(
        prog=prog,
        description=command.description or command.summary,
        epilog=command.epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    if command.parse is None:
        args = parser.parse_args(arguments)
    else:
        args = command.parse(parser, arguments)
    return int(command.run(args))


def add_actions(
    parser: argparse.ArgumentParser,
    actions: Iterable[Command],
    *,
    shared: AddArguments = no_arguments,
) -> None:
    """Declare the actions of a verb; `run_action` does the one that is chosen.

    Args:
        parser: of the verb.
        actions: in the order of the help.
        shared: declares what all of them take first.
    """
    # Required, as argparse otherwise accepts a verb alone.
    choices = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action in actions:
        sentence = f"{action.summary[:1].upper()}{action.summary[1:]}."
        choice = choices.add_parser(
            action.name,
            help=action.summary,
            description=action.description or sentence,
            epilog=action.epilog or parser.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        shared(choice)
        action.add_arguments(choice)
        # Carried by the arguments: no second table of actions that has to agree with this one.
        choice.set_defaults(run_action=action.run)


def run_action(args: argparse.Namespace) -> int:
    """Do the action that was chosen."""
    run: Run = args.run_action
    return run(args)
