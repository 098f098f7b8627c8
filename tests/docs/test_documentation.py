"""Every block of README and docs is executed, in the order of its page, on a stand-in.

`NOT_RUN` holds the only commands that are not, `SUBSTITUTED` and `ADDED` all that is changed in
those that are.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.docs.served import PageServers
from tests.docs.shown import (
    PAGES,
    ROOT,
    Block,
    arguments_of,
    blocks_of,
    inline_commands,
    sections_of,
)
from tests.docs.stand_in import make_stand_in

from harma.backbones import load_backbone
from harma.cli import VERBS, main
from harma.comparison.plan import read_plan
from harma.data.annotations import read_split
from harma.data.description import load_description
from harma.original import config as original_config
from harma.original.dual_encoder import DUAL_ENCODER_KEYS as ORIGINAL_DUAL
from harma.training.recipe_files import recipe_from_dict

NOT_RUN = {
    r"git clone <this repository>": "the checkout is there",
    r"\. \.venv/bin/activate": "the tests run in that environment",
    r"pip install ": "the tests run where all extras are installed",
    r"docker ": "there is no container engine; tests/deploy does what the Dockerfile does",
    r"sudo ": "tests change nothing of the system; tests/deploy looks at the files",
    r"torchrun ": "tests/training/test_company.py starts it on two machines",
    r"sbatch ": "tests/deploy/test_slurm.py submits it",
    r"make (setup|test|demo|docs|lint)": (
        "the checks before a change run them; see test_make_targets_are_checked"
    ),
}
# Data and weights that a person fetches, and sizes that take minutes.
SUBSTITUTED = {
    "georsclip-ret2:weights/RS5M_ViT-B-32_RET-2.pt": "tiny.yaml",
    "ViT-B-32-quickgelu": "tiny.yaml",
    "architecture: ViT-B-32/laion2b_s34b_b79k": "architecture: tiny.yaml",
    "--count 200": "--count 2",
    "--host 0.0.0.0": "--host 127.0.0.1",
    "before=2021&after=2023": "before=2010&after=2019",
    "weights: pretrained": "weights: null",
    "timm: swin_tiny_patch4_window7_224": "timm: vit_tiny_patch16_224",
    "transformers: bert-base-uncased": (
        "transformers: {hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2}"
    ),
    "tokenizer: null": "tokenizer: vocab.txt",
    "'67bc6090ea1f978c778f11aa'": "(SELECT min(id) FROM 'archive.parquet')",
}
SHORT = "--train.epochs 1 --data.batch_size 4 --data.num_workers 0 --train.chunk_size null"
TINY = f"{SHORT} --data.eval_batch_size 4 --train.report false --backbone tiny.yaml"
# What commands that start so are given besides; the first that fits.
ADDED = {
    "harma train --resume": "",
    "harma train demo_clip": TINY.replace("--backbone tiny.yaml", ""),
    "harma data scenes data/spectral": "--train 8 --val 4 --test 4",
    "harma train spectral": TINY.replace("--backbone tiny.yaml", ""),
    "harma train rsitmd_swin_bert": TINY.replace("tiny.yaml", "tiny_dual.yaml"),
    "harma train benchmarks": f"{TINY} --data.empty_captions error",
    "(harma|python -m harma) train ": TINY,
    "harma compare --list": "",
    "harma compare benchmarks/ucm/plus": f"{SHORT} --only published harma_plus --seeds 1",
    "harma compare benchmarks/ucm/folds": f"{SHORT} --plan",
    "harma compare benchmarks": f"{SHORT} --only harma --seeds 1",
    "harma compare .*--folds folds/folds.yaml --output": f"{TINY} --plan",
    "harma compare ": f"{TINY} --only none harma --seeds 1 --learning-rates 0.001",
    "harma index build": "--num-workers 0",
    "python benchmarks/gpu.py": (
        "--device cpu --models ViT-S-32-alt --images 2 --pairs 4 --repeats 1 --no-compile"
    ),
    "python benchmarks/dual.py": "--epochs 1 --losses triplet",
    "python benchmarks/index/vectors.py measure": "--sizes 50000 55000 60000",
}
# What a page takes as made on another page.
BEFORE = {
    "README.md": ["harma index build demo/archive scenes --model runs/b"],
    "docs/api.md": ["harma index build archive scenes --model runs/b"],
    "docs/engines.md": ["harma index build archive scenes --model runs/b"],
    "docs/files.md": ["harma index build archive scenes --model runs/b"],
    "docs/shards.md": ["harma index build archive scenes --model runs/b"],
    "docs/marks.md": ["harma index build archive scenes --model runs/b"],
    "docs/judging.md": ["harma index build archive scenes --model runs/b"],
    "docs/watch.md": ["harma index build archive scenes --model runs/b"],
    "docs/serve.md": ["harma index build archive scenes --model runs/b"],
    "docs/clients.md": ["harma index build archive scenes --model runs/b"],
    "docs/deploy.md": ["harma index build archive scenes --model runs/b"],
}


# Pages that are run by sections, and what a section takes as made in another one.
CLIP_OF_RSICD = (
    "harma train benchmarks/ucm/rsicd_clip.yaml --data.root RSICD --output runs/rsicd_clip"
)
BY_SECTION = {
    "docs/results.md": {
        "What each part of HarMA does": [CLIP_OF_RSICD],
        "Sooner and higher than the published recipe": [CLIP_OF_RSICD],
        "Recipe or update: five folds of UCM": [CLIP_OF_RSICD],
    },
}


# What runs a command at its time: a line of cron, a service of systemd.
SCHEDULES = ("cron", "ini")


def scheduled_commands(text: str) -> list[str]:
    """The `harma …` that cron or systemd would run."""
    return re.findall(r"^(?:[-*/\d, ]+ |ExecStart=\S*/)(harma .*)$", text, re.M)


def commands_of(language: str, text: str) -> list[str]:
    """The commands of a block for a shell, or of a schedule."""
    if language in SCHEDULES:
        return scheduled_commands(text)
    commands = Block(language, text).commands
    assert commands, f"what is to be done with a block in {language!r}?"
    return commands


def not_run(command: str) -> bool:
    return any(re.match(pattern, command) for pattern in NOT_RUN)


def status_of(arguments: list[str]) -> int | str | None:
    """Of `harma …`; --help leaves by an exception."""
    try:
        return main(arguments)
    except SystemExit as stopped:
        return stopped.code or 0


def help_of(arguments: list[str], capsys) -> str:
    action = (
        [word for word in arguments[1:2] if word != "…"]
        if arguments[0] in ("data", "index", "watch")
        else []
    )
    assert status_of([arguments[0], *action, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES)
def test_verbs_and_flags_of_the_prose_exist(page, capsys):
    for command in inline_commands(page):
        arguments = arguments_of(command)
        if arguments[0] not in VERBS:
            assert arguments[0].startswith("--") or arguments == ["VERB"], command
            continue
        shown = help_of(arguments, capsys)
        for flag in re.findall(r"--[\w.-]+", command):
            assert re.search(rf"{re.escape(flag)}\b", shown), f"{page}: {command}: no {flag}"


def test_make_targets_are_checked():
    checks = (ROOT / ".ci" / "run").read_text()
    makefile = (ROOT / "Makefile").read_text()
    shown = {
        c
        for page in PAGES
        for block in blocks_of(page)
        for c in block.commands
        if c.startswith("make ")
    }
    assert shown
    for _, target in map(str.split, shown):
        assert f"make {target}" in checks or re.search(rf"^\w+: {target}$", makefile, re.M), target


def test_nothing_is_listed_that_no_page_shows():
    text = "\n".join(block.text for page in PAGES for block in blocks_of(page))
    commands = [
        command for page in PAGES for block in blocks_of(page) for command in block.commands
    ]
    for pattern in [*NOT_RUN, *ADDED]:
        assert any(re.match(pattern, command) for command in commands), pattern
    for shown in SUBSTITUTED:
        assert shown in text, shown
    assert BEFORE.keys() <= PAGES.keys()


class Reader:
    """Executes what a page shows, in a folder of its own."""

    def __init__(self, folder: Path, tiny: dict[str, Any]) -> None:
        self.folder = folder
        self.tiny = tiny
        self.names: dict[str, Any] = {"__name__": "page"}
        self.servers = PageServers(folder)

    def block(self, block: Block) -> None:
        """Execute a block; one whose first line is `# NAME.py` or `# NAME.yaml` is that file."""
        text = block.text
        for shown, used in SUBSTITUTED.items():
            text = text.replace(shown, used)
        named = re.match(r"# (\w+\.(py|yaml))\n", text)
        if named:
            (self.folder / named[1]).write_text(text)
        if block.language == "yaml":
            self.yaml(text, named[1] if named else None)
        elif block.language == "python" and not named:
            exec(compile(self.servers.at_its_port(text), "block", "exec"), self.names)
        elif block.language == "json":
            self.annotations(json.loads(text))
        elif block.language == "text":
            (self.folder / "judged.csv").write_text(text)
        elif block.language == "sql":
            assert duckdb.sql(text).fetchall()
        elif not named:
            for command in commands_of(block.language, text):
                self.command(command)

    def command(self, command: str) -> None:
        if not_run(command):
            return
        if self.servers.takes(command):
            self.servers.run(command)
            return
        command += " " + next(
            (added for start, added in ADDED.items() if re.match(start, command)), ""
        )
        arguments = arguments_of(command)
        if arguments is not None:
            assert status_of(arguments) == 0, command
        else:
            assert command.startswith(("python benchmarks/", "python -m benchmarks.")), command
            done = subprocess.run(
                [sys.executable, *command.split()[1:]], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"

    def yaml(self, text: str, name: str | None) -> None:
        """A description of data, a comparison, a backbone or a recipe; a part is trained with."""
        values = yaml.safe_load(text)
        path = self.folder / (name or "part.yaml")
        path.write_text(text)
        if "format" in values:
            assert not read_split(load_description(path), "train", self.folder).problems
        elif "methods" in values:
            assert read_plan(path).rows
        elif isinstance(values.get("backbone"), dict):
            load_backbone(values["backbone"])
        elif name:
            recipe_from_dict(values)
        else:
            self.command("harma train part.yaml --data.root data/rsitmd --output runs/part")

    def annotations(self, rows: list[dict[str, Any]]) -> None:
        """Rows of train name a caption each, rows of val and test have lists."""
        split = "val" if isinstance(rows[0]["caption"], list) else "train"
        (self.folder / "shown.json").write_text(json.dumps(rows))
        (self.folder / "shown.yaml").write_text(
            f"name: shown\nformat: harma\nimages: images\n{split}: shown.json\n"
        )
        assert not read_split(
            load_description(self.folder / "shown.yaml"), split, self.folder
        ).problems


@pytest.fixture
def reader(tmp_path, monkeypatch, tiny_config, tiny_dual, vocabulary) -> Iterator[Reader]:
    make_stand_in(tmp_path, tiny_config)
    (tmp_path / "tiny_dual.yaml").write_text(yaml.safe_dump(tiny_dual))
    (tmp_path / "vocab.txt").write_text(vocabulary.read_text())
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "my_module.py").write_text(
        "def my_loss(I, T):\n    return (I - T).square().sum()\n\n\ndef my_metric(images, captions,"
        " caption_to_image):\n    return float((captions @ images.T).mean())\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    reader = Reader(tmp_path, tiny_config)
    yield reader
    reader.servers.stop()
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks_of(page) and page not in BY_SECTION]
)
def test_page_runs(page, reader):
    for command in BEFORE.get(page, []):
        reader.command(command)
    for block in blocks_of(page):
        reader.block(block)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "title"), [(page, title) for page in BY_SECTION for title in sections_of(page)]
)
def test_section_runs(page, title, reader):
    for command in BY_SECTION[page].get(title, []):
        reader.command(command)
    for block in sections_of(page)[title]:
        reader.block(block)


def test_no_block_is_lost_between_sections():
    for page, before in BY_SECTION.items():
        assert before.keys() <= sections_of(page).keys()
    for page in PAGES:
        blocks = [block for blocks in sections_of(page).values() for block in blocks]
        assert blocks == blocks_of(page)


def test_every_key_of_the_originals_configs_is_in_the_table():
    page = (ROOT / "docs" / "from_original.md").read_text()
    rows = re.findall(r"^\| (.*?) \|", page[page.index("## Keys of its YAML") :], re.M)
    named = {name for row in rows for name in re.findall(r"`([\w.]+)", row)}
    sections = {"optimizer": "optimizer.opt", "schedular": "schedular.sched"}
    known = original_config.READ | original_config.WITHOUT_EFFECT | ORIGINAL_DUAL
    assert {sections.get(key, key) for key in known} <= named
    assert {name.split(".")[0] for name in named} <= known
