"""The Dockerfile, without a container engine: linted, and what it says holds for the checkout."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from harma.cli.serve import add_arguments

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.findall(
    r"^([A-Z]+) (.*)$", re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE)), re.M
)


def of(name):
    return [value for instruction, value in INSTRUCTIONS if instruction == name]


def serve_flags():
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return {flag for action in parser._actions for flag in action.option_strings}


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_user_is_none_who_may_do_everything():
    assert of("USER")[-1] == "10001"
    # What the last stage does as root comes before.
    last = DOCKERFILE.rindex("\nFROM ")
    assert "RUN" not in DOCKERFILE[DOCKERFILE.index("\nUSER ", last) :]


def test_it_says_whether_it_is_well():
    (check,) = of("HEALTHCHECK")
    assert "/healthz" in check


def test_what_is_copied_is_there_and_nothing_else_is_sent():
    copied = [word for line in of("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert admitted == set(copied)
    assert not {"tests", "docs", "notebooks", "demo", "runs", "data"} & admitted


def test_it_is_made_of_extras_and_versions_that_there_are():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"^ARG EXTRAS=(.+)$", DOCKERFILE, re.M)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    pins = (ROOT / "constraints.txt").read_text()
    for name in ("torch", "torchvision"):
        assert re.search(rf"^{name}==", pins, re.M)
    stages = [stage.split() for stage in of("FROM")]
    names = {stage[2] for stage in stages}
    images = [stage[0] for stage in stages if stage[0] not in names]
    assert len(set(images)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", images[0])


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD"])
def test_the_flags_of_its_command_are_those_of_harma_serve(name):
    # The command of the health check stands in its own instruction.
    flags = re.findall(r"--[\w-]+", of(name)[-1])
    assert flags
    assert set(flags) <= serve_flags()


def test_it_serves_other_machines_only_with_keys():
    assert '"--host", "0.0.0.0"' in of("ENTRYPOINT")[-1]
    assert "--key-file" in of("CMD")[-1]


# -- compose and systemd ---------------------------------------------------------------------------


def test_compose_starts_what_the_dockerfile_makes():
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    (service,) = compose["services"].values()
    assert (ROOT / "deploy" / service["build"] / "Dockerfile").is_file()
    flags = {word for word in service["command"] if word.startswith("--")}
    assert flags <= serve_flags()
    named = {volume.split(":")[0] for volume in service["volumes"] if volume[0] != "/"}
    assert named == set(compose["volumes"])
    assert set(service["secrets"]) == set(compose["secrets"])
    # Only a proxy on the same machine reaches it.
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"]


def test_the_unit_of_systemd_is_one(tmp_path):
    unit = (ROOT / "deploy" / "harma.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    assert set(re.findall(r"--[\w-]+", command)) <= serve_flags()
    if not Path("/usr/bin/systemd-analyze").exists():
        pytest.skip("systemd-analyze is not installed")
    # The program is installed nowhere here.
    file = tmp_path / "harma.service"
    file.write_text(unit.replace("/opt/harma/bin/harma", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", file], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "harma.service" in line]
    assert told == []
