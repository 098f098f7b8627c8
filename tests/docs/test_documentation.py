"""What README and docs show: every block is checked, and the blocks of the pages in RUN are executed in order.

A command is run in-process on a stand-in of the same layout: scenes drawn here under the names of RSITMD and RSICD,
and a CLIP of width 32 for the backbone. `SUBSTITUTED` holds all that is changed.
"""

import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from harma.cli import VERBS, main
from harma.comparison.plan import read_plan
from harma.data.synthetic import make_scenes
from harma.training.recipe_files import recipe_from_dict

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "_build" not in path.parts
}
RUN = {
    "docs/data_tools.md", "docs/index.md", "docs/own_captions.md",
    "docs/protocol.md", "docs/extend/adapter.md", "docs/extend/loss.md",
    "docs/extend/transform.md", "docs/extend/optimiser.md", "docs/extend/schedule.md", "docs/extend/metric.md",
}  # fmt: skip
# The blocks of these pages are checked (verbs and flags exist, Python compiles, YAML is valid) but not yet executed.
CHECKED_ONLY = {
    "README.md": "install, demo, two nodes, s3:// and a downloaded checkpoint among its commands",
    "CONTRIBUTING.md": "make targets, which are the checks of a change themselves",
    "docs/compare.md": "a process for each of 28 runs",
    "docs/dual_encoders.md": "pretrained Swin and BERT",
    "docs/files.md": "needs an index; tests/index and tests/exchange run each verb",
    "docs/from_original.md": "a released checkpoint",
    "docs/reproduce.md": "released weights and full data",
    "docs/results.md": "measurements of an hour and more",
}
# What a command is given besides what is shown, and the data that stand for those a person fetches.
TRAIN_FLAGS = (
    "--train.epochs 1 --data.batch_size 4 --data.eval_batch_size 4 --data.num_workers 0 --train.chunk_size null "
    "--train.report false"
)
SUBSTITUTED = {
    "train demo_clip": TRAIN_FLAGS,  # its CLIP is small as it is
    "train ": f"{TRAIN_FLAGS} --backbone tiny.yaml",
    "index build": "--num-workers 0",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its command lines, without comments."""
        if self.language not in ("", "bash", "console"):
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if re.match(r"(harma|python|make|torchrun)\b", line)]


def blocks_of(path: Path) -> list[Block]:
    fences = re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
    fenced = [Block(language.strip(), text) for language, text in fences if not language.startswith("{")]
    indented = re.findall(r"^    (harma .*)$", path.read_text(encoding="utf-8"), re.M)
    return fenced + [Block("", line) for line in indented]


def arguments_of(command: str) -> list[str] | None:
    """The arguments of `harma` or `python -m harma`; None for another program."""
    words = shlex.split(command, comments=True)
    if words[:3] == ["python", "-m", "harma"]:
        return words[3:]
    return words[1:] if words[0] == "harma" else None


def help_of(arguments: list[str], capsys) -> str:
    action = arguments[1:2] if arguments[0] in ("data", "index") else []
    with pytest.raises(SystemExit) as stopped:
        raise SystemExit(main([arguments[0], *action, "--help"]))
    assert stopped.value.code in (0, None)
    return capsys.readouterr().out


def test_every_page_is_run_or_listed_with_its_reason():
    with_blocks = {name for name, path in PAGES.items() if blocks_of(path)}
    assert with_blocks == RUN | CHECKED_ONLY.keys()
    assert not RUN & CHECKED_ONLY.keys()


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page, capsys):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M)
    for command in (command for block in blocks_of(PAGES[page]) for command in block.commands):
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            assert words[1] in targets, command
            continue
        arguments = arguments_of(command)
        if arguments is None:
            script = next(word for word in words if word.endswith(".py"))
            assert (ROOT / script).is_file(), command
            continue
        if arguments == ["--help"]:
            continue
        assert arguments[0] in VERBS, command
        shown = help_of(arguments, capsys)
        for flag in (word.strip("[]").partition("=")[0] for word in arguments if re.match(r"\[?--", word)):
            if not flag.startswith("--options."):
                # Any value of the base recipe is a flag of compare.
                known = shown + (help_of(["train"], capsys) if arguments[0] == "compare" else "")
                assert re.search(rf"{re.escape(flag)}\b", known), f"{page}: {command}: no {flag}"


@pytest.mark.parametrize("page", PAGES)
def test_python_and_yaml_are_valid(page):
    for block in blocks_of(PAGES[page]):
        if block.language == "python":
            compile(block.text, page, "exec")
        elif block.language == "yaml":
            assert yaml.safe_load(block.text), block.text
        elif block.language == "json":
            json.loads(block.text)


@pytest.fixture
def stand_in(tmp_path, monkeypatch, tiny_config):
    """A folder as a reader's: data/rsitmd, data of one's own beside mine.yaml, a small backbone."""
    for seed, name in enumerate(("rsitmd", "rsicd", "mine")):
        folder = tmp_path / "data" / name
        make_scenes(folder, train=8, val=4, test=4, size=32, captions=2, seed=seed)
        for split in ("train", "val", "test"):
            new = tmp_path / f"{split}.json" if name == "mine" else folder / f"{name}_{split}.json"
            (folder / f"{split}.json").rename(new)
    (tmp_path / "data" / "mine" / "images").rename(tmp_path / "images")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(tiny_config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


def run_command(command: str) -> None:
    arguments = arguments_of(command)
    assert arguments is not None, command
    for start, flags in SUBSTITUTED.items():
        if " ".join(arguments).startswith(start):
            arguments += flags.split()
            break
    assert main(arguments) == 0, command


def run_block(block: Block, folder: Path) -> None:
    """Execute a block; one whose first line is `# NAME.py` or `# NAME.yaml` is that file."""
    named = re.match(r"# (\w+\.(py|yaml))\n", block.text)
    if named:
        (folder / named[1]).write_text(block.text)
        values = yaml.safe_load(block.text) if named[2] == "yaml" else {}
        if "backbone" in values:
            recipe_from_dict(values)
    elif block.language == "python":
        exec(compile(block.text, "block", "exec"), {"__name__": "block"})
    for command in block.commands:
        run_command(command)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(RUN))
def test_page_runs(page, stand_in):
    for block in blocks_of(PAGES[page]):
        run_block(block, stand_in)


def test_the_comparison_that_is_shown_is_a_plan(tmp_path):
    (block,) = [block for block in blocks_of(PAGES["docs/compare.md"]) if block.language == "yaml"]
    (tmp_path / "mine_compare.yaml").write_text(block.text)
    assert [row.name for row in read_plan(tmp_path / "mine_compare.yaml").rows][:2] == ["none", "harma"]
