"""The report of many trials: counts by command and disturbance, times, and what went wrong."""

from collections import Counter

COLUMNS = (*("SIGKILL", "SIGTERM", "SIGINT", "full disk", "read-only disk", "few files", "clock"),)


def report(verdicts, skipped=()):
    """Tables in Markdown.

    Args:
        verdicts: of trials, as dicts.
        skipped: disturbance → why there was none.
    """
    counts = Counter((one["command"], _column(one)) for one in verdicts)
    wrong = Counter(one["command"] for one in verdicts if one["problems"])
    commands = list(dict.fromkeys(one["command"] for one in sorted(verdicts, key=_order)))
    lines = [
        "| command | " + " | ".join(COLUMNS) + " | all | something wrong |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    for command in commands:
        row = [counts[command, column] for column in COLUMNS]
        cells = [command, *row, sum(row), wrong[command]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    sums = [sum(counts[command, column] for command in commands) for column in COLUMNS]
    cells = ["all", *sums, sum(sums), sum(wrong.values())]
    lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", *_further(verdicts)]
    lines += [f"not tried: {name}: {why}" for name, why in dict(skipped).items()]
    return "\n".join(lines) + "\n"


def _order(verdict):
    return verdict["command"]


def _column(verdict):
    return verdict["disturbance"].removesuffix(" at the start")


def _further(verdicts):
    """Lines of what the table does not say."""
    ends = [
        one["seconds"]
        for one in verdicts
        if _column(one) in ("SIGTERM", "SIGINT") and one["status"] in (130, 143)
    ]
    lines = [f"{len(verdicts):,} trials"]
    if ends:
        ends.sort()
        lines.append(
            f"from SIGTERM or SIGINT to the end: median {ends[len(ends) // 2]:.1f} s, 95 of 100"
            f" within {ends[int(0.95 * (len(ends) - 1))]:.1f} s, longest {ends[-1]:.1f} s"
        )
    crashed = [one for one in verdicts if one["crashed"] and one["status"] != -9]
    lines.append(f"ended with a crash report or a traceback: {len(crashed)}")
    late = sum("had ended before" in " ".join(one["notes"]) for one in verdicts)
    lines.append(f"ended before they could be disturbed: {late}")
    for one in verdicts:
        for problem in one["problems"]:
            where = f"{one['number']}: {one['command']}, {one['disturbance']} {one['when']}"
            lines.append(f"- {where}: {problem.splitlines()[0][:300]}")
    return lines
