"""Weight files as pickles and containers: of released models, of directories, of runs."""

import random
import shutil
from pathlib import Path

from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.made_models import copied, models, put, runs
from tests.fuzz.told import judge_commands
from tests.fuzz.weight_damage import damaged_pickle

MARK = "harma-fuzz-mark"


def make(chance: random.Random, folder: Path) -> str:
    """Damage a pickle that is used in one of three ways; the way."""
    way = chance.choice(("released", "model", "state"))
    mark = str(folder / MARK)
    if way == "released":
        data = (models() / "released.pth").read_bytes()
        (folder / "subject.pth").write_bytes(damaged_pickle(chance, data, mark))
    elif way == "model":
        (folder / "subject").mkdir()
        shutil.copy(models() / "plain/open_clip_config.json", folder / "subject")
        data = (models() / "plain.bin").read_bytes()
        file = folder / "subject/open_clip_pytorch_model.bin"
        file.write_bytes(damaged_pickle(chance, data, mark))
    else:
        copied(runs() / "harma", folder / "subject")
        state = folder / "subject/last/state.pt"
        put(state, damaged_pickle(chance, state.read_bytes(), mark))
    return way


def judge(folder: Path, way: str) -> Verdict | None:
    """Read it as it is meant; nothing in it may have been run."""
    subject = str(folder / "subject")
    picture = str(models() / "picture.png")
    out = str(folder / "out")
    commands = {
        "released": [
            [
                "import",
                f"{subject}.pth",
                "--architecture",
                str(models() / "architecture.json"),
                "--output",
                out,
            ]
        ],
        "model": [
            ["info", subject],
            ["embed", subject, "--images", picture, "--output", f"{out}.npy"],
        ],
        "state": [["train", "--resume", subject]],
    }[way]
    verdict = judge_commands(commands, [str(folder)])
    if (folder / MARK).exists():
        return Verdict("wrong", "something in the file was run")
    return verdict


def start() -> None:
    """Make what is damaged."""
    runs()


EDGE = Edge("weights", make, judge, each=8, start=start, share=5)
