"""The protocol of verbs and actions."""

import argparse
import pkgutil
from importlib import import_module

import pytest

import harma.cli
from harma.cli import VERBS
from harma.cli.command import (
    Command,
    CommandParser,
    add_actions,
    module_command,
    run_action,
    run_command,
)


def one_number(parser):
    parser.add_argument("number", type=int)


def test_a_command_reads_its_arguments_and_returns_its_status():
    command = Command("add", "adds", lambda args: args.number, one_number)
    assert run_command(command, "harma add", ["3"]) == 3


def test_a_command_may_read_the_line_itself(capsys):
    def parse(parser, argv):
        args, args.flags = parser.parse_known_args(argv)
        return args

    seen = []
    command = Command("go", "goes", lambda args: seen.append(args) or 0, one_number, parse=parse)
    assert run_command(command, "harma go", ["3", "--optim.lr", "1"]) == 0
    assert (seen[0].number, seen[0].flags) == (3, ["--optim.lr", "1"])


def test_help_says_what_the_command_is(capsys):
    command = Command("go", "goes", lambda args: 0, epilog="examples:\n  harma go")
    with pytest.raises(SystemExit):
        run_command(command, "harma go", ["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith("usage: harma go [-h]\n\ngoes\n")
    assert shown.endswith("examples:\n  harma go\n")


def with_options(parser):
    parser.add_argument("--size", type=int)
    parser.add_argument("--form", choices=("a", "b"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--form", "x" * 100_000], "… (97,"),
        (["y" * 50_000], "characters more) …"),
        (["--form", "\x1b[2J"], "\\x1b[2J"),
        (["\u202e"], "unrecognized arguments: '\\u202e'"),
        ([""], "unrecognized arguments: ''"),
        ([" "], "unrecognized arguments: ' '"),
        # argparse makes an empty list of it.
        (["--size=--"], "argument --size: '--' is no value"),
        (["--form=--"], "argument --form: '--' is no value"),
        (["--form", "a\0"], "holds a NUL, which no name or text may"),
    ],
)
def test_errors_are_short_and_printable(arguments, said, capsys):
    command = Command("go", "goes", lambda args: 0, with_options)
    with pytest.raises(SystemExit) as ended:
        run_command(command, "harma go", arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told) < 3000


def test_errors_of_actions_are_too(capsys):
    parser = CommandParser(prog="harma verb")
    add_actions(parser, [Command("go", "goes", lambda args: 0, with_options)])
    for arguments in (["go", "--size=--"], ["go", "--form", "x" * 100_000], ["x" * 100_000]):
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
        assert len(capsys.readouterr().err) < 3000


@pytest.fixture
def verb():
    parser = argparse.ArgumentParser(prog="harma verb", epilog="examples: of the verb")
    actions = (
        Command("double", "doubles a number", lambda args: 2 * args.number, one_number),
        Command("nothing", "does nothing", lambda args: 0, description="Really.", epilog="own"),
    )
    add_actions(parser, actions, shared=lambda action: action.add_argument("where"))
    return parser


def test_the_action_that_is_chosen_is_done(verb):
    args = verb.parse_args(["double", "here", "4"])
    assert (args.where, run_action(args)) == ("here", 8)
    assert run_action(verb.parse_args(["nothing", "here"])) == 0


@pytest.mark.parametrize(
    ("action", "texts"),
    [
        ("double", ["Doubles a number.", "where", "number", "examples: of the verb"]),
        ("nothing", ["Really.", "where", "own"]),
    ],
)
def test_help_of_an_action(verb, action, texts, capsys):
    with pytest.raises(SystemExit):
        verb.parse_args([action, "--help"])
    shown = capsys.readouterr().out
    assert [text for text in texts if text not in shown] == []


def test_an_action_must_be_chosen(verb, capsys):
    for arguments in ([], ["treble"]):
        with pytest.raises(SystemExit) as stop:
            verb.parse_args(arguments)
        assert stop.value.code == 2


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_the_protocol(name):
    file, summary = VERBS[name]
    module = import_module(f"harma.cli.{file}")
    command = module_command(module, name, summary)
    assert command.description
    assert "examples:" in command.epilog
    assert hasattr(module, "add_arguments") or command.parse is not None
    assert not hasattr(module, "main"), "one protocol for all"


def test_only_flags_of_recipes_are_parsed_by_verbs_themselves():
    with_parse = {
        name
        for name, (file, _) in VERBS.items()
        if hasattr(import_module(f"harma.cli.{file}"), "parse")
    }
    assert with_parse == {"train", "compare"}


def test_every_module_with_examples_is_a_verb():
    modules = {
        module.name
        for module in pkgutil.iter_modules(harma.cli.__path__)
        if hasattr(import_module(f"harma.cli.{module.name}"), "EPILOG")
    }
    assert modules == {file for file, _ in VERBS.values()}
