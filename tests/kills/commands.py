"""The commands that write, and what each is given: before it, after a disturbance, and again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        name: in the report.
        words: of it; {fix} is the fixture, {here} the folder of the trial.
        before: what lies in the folder before: name → name in the fixture.
        share: of the trials, relative to the others.
        again: words of the command that goes on, where it is another one.
        fluid: parts of names whose values may be others on the way; they have to be readable.
        whole: only all of it or nothing may be seen.
        takes_runs: it takes runs of the fixture.
        done: what it says where it is done already, and may refuse to be done again.
    """

    name: str
    words: str
    before: tuple[tuple[str, str], ...] = ()
    share: float = 1.0
    again: Callable[[Path], str] | None = None
    fluid: tuple[str, ...] = ()
    whole: bool = False
    done: str = ""
    takes_runs: bool = False

    def said(self, fix, here, *, again=False):
        """The words, filled in."""
        words = self.words
        if again and self.again is not None:
            words = self.again(here) or words
        return [word.format(fix=fix, here=here) for word in words.split()]


def _resumed(here):
    """A run that has begun is resumed."""
    if (here / "run" / "recipe.yaml").is_file():
        return "train --resume {here}/run"
    return ""


ARCHIVE = (("archive", "archive"),)
BUILD = "--model {fix}/model --size 32 --num-workers"
RUN = (
    ".safetensors",
    "metrics.json",
    "log.jsonl",
    "adapter_config.json",
    "recipe.yaml",
    "backbone",
)
COMMANDS = (
    Command("index build", f"index build {{here}}/archive {{fix}}/scenes {BUILD} 0", share=2),
    Command(
        "index build, readers", f"index build {{here}}/archive {{fix}}/scenes {BUILD} 1", share=0.5
    ),
    Command("index add", "index add {here}/archive {fix}/more --num-workers 0", ARCHIVE, 2),
    Command(
        "index remove",
        "index remove {here}/archive *scene1* *scene4*",
        ARCHIVE,
        done="no source of the index matches",
    ),
    Command("index optimize", "index optimize {here}/archive", (("archive", "scattered"),), 1.5),
    Command(
        "index reembed",
        "index reembed {here}/archive --model {fix}/model2 --num-workers 0",
        ARCHIVE,
        2,
        fluid=(":settings",),
        done="has the embeddings of this model already",
    ),
    Command(
        "index relocate",
        "index relocate {here}/archive {fix}/scenes {fix}/moved",
        ARCHIVE,
        1.5,
        done="no source of the index lies below",
    ),
    Command("index import", "index import {here}/imported {fix}/export.parquet", share=1.5),
    Command(
        "index export",
        "index export {here}/archive {here}/out/out.parquet --thumbnails",
        (("archive", "archive"), ("out", "exported")),
    ),
    Command(
        "index split",
        "index split {here}/archive --by source --shard low=*scene[012]* --output {here}/shards",
        ARCHIVE,
        1.5,
        done="is there and not empty",
    ),
    Command(
        "index merge",
        "index merge {fix}/archive {fix}/other --output {here}/merged",
        share=1.5,
        done="is there and not empty",
    ),
    Command(
        "train",
        "train {fix}/recipe.yaml --output {here}/run",
        share=2,
        again=_resumed,
        fluid=RUN,
    ),
    Command("compare", "compare {fix}/plan.yaml --output {here}/cmp", share=0.15, fluid=RUN),
    Command("data audit", "data audit {fix}/data/data.yaml --output {here}/audit"),
    Command("data split", "data split {fix}/data/data.yaml --output {here}/split"),
    Command("data download", "data download made --output {here}/down --yes --unpack"),
    Command("merge", "merge {fix}/lora_run --output {here}/merged", takes_runs=True),
    Command(
        "export",
        "export {fix}/run --format released --output {here}/out/harma.pth",
        takes_runs=True,
    ),
)
