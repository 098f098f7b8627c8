"""`harma data`: its actions explain themselves."""

import pytest

from harma.cli import main

ACTIONS = ("check", "stats", "convert", "split", "audit", "vocabulary", "download", "scenes")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_help_with_examples(action, capsys):
    with pytest.raises(SystemExit):
        main(["data", action, "--help"])
    shown = capsys.readouterr().out
    assert (
        f"examples:\n  harma data {action}" in shown.replace("\nexamples", "\nexamples")
        or "examples:" in shown
    )
    assert f"harma data {action}" in shown
