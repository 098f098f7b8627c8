"""Several commands on one input, judged together."""

from collections.abc import Sequence

from tests.fuzz.edge import CLEAN, Verdict
from tests.fuzz.judging import command, judge_answer


def judge_commands(commands: Sequence[Sequence[str]], names: Sequence[str]) -> Verdict | None:
    """The first verdict on some commands that fails; else that of a refusal, or None.

    Args:
        commands: each is given, whatever became of those before.
        names: words of which each refusal has to hold one.
    """
    refused = None
    for arguments in commands:
        answer = command(arguments)
        verdict = judge_answer(answer, names)
        if verdict is None and "Traceback (most" in answer.err:
            verdict = Verdict("traceback", "logged", answer.err[-8000:])
        if verdict is not None and verdict.kind != CLEAN:
            verdict.detail = f"harma {' '.join(arguments)[:500]}\n{verdict.detail}"
            return verdict
        refused = refused or verdict
    return refused
