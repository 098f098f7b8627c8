"""The scripts for Slurm: submitted to a real one of two nodes, where it is installed."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml
from tests.machines import PATHS
from tests.training.runs import logged, tiny_values

SCRIPTS = Path(__file__).resolve().parents[2] / "deploy" / "slurm"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
has_slurm = os.geteuid() == 0 and all(map(shutil.which, PROGRAMS))
# Two nodes on this machine, each a slurmd at a port of its own.
CONFIG = """
ClusterName=two
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/%n
StateSaveLocation={folder}
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=node0 NodeHostname={host} NodeAddr=127.0.0.1 Port={port0} CPUs=2 State=UNKNOWN
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=2 State=UNKNOWN
PartitionName=all Nodes=node0,node1 Default=YES MaxTime=INFINITE State=UP
"""
# The machines here have no GPU.
SMALL = ("--gpus-per-node=0", "--cpus-per-task=1")


@contextmanager
def slurm(folder: Path):
    """A Slurm of two nodes; the environment in which its commands find it."""
    ports = [_free_port() for _ in range(3)]
    values = dict(zip(("port", "port0", "port1"), ports, strict=True))
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=socket.gethostname(), folder=folder, **values))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    environment = {**os.environ, "SLURM_CONF": str(config)}
    files = [f"--{what}-file={folder}/munge.{what}" for what in ("pid", "log", "seed")]
    commands = [
        ["munged", "--foreground", "--force", f"--key-file={key}",
         f"--socket={folder}/munge.socket", *files],
        ["slurmctld", "-D"],
        ["slurmd", "-D", "-N", "node0"],
        ["slurmd", "-D", "-N", "node1"],
    ]  # fmt: skip
    started = []
    try:
        for command in commands:
            started.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            time.sleep(0.5)
        _wait_for_nodes(environment)
        yield environment
    finally:
        subprocess.run(["scancel", "--signal=KILL", "--user=root"], env=environment, check=False)
        for process in reversed(started):
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def _wait_for_nodes(environment):
    for _ in range(60):
        shown = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--format=%T"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if shown.stdout.split() == ["idle", "idle"]:
            return
        time.sleep(0.5)
    raise AssertionError(f"the nodes did not come: {shown.stdout}{shown.stderr}")


@pytest.mark.parametrize("name", ["train.sbatch", "build.sbatch"])
def test_scripts_are_bash_and_say_how_they_are_used(name):
    subprocess.run(["bash", "-n", SCRIPTS / name], check=True)
    done = subprocess.run(["bash", SCRIPTS / name], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"sbatch deploy/slurm/{name} " in done.stderr
    assert "#" not in done.stderr


def test_a_build_is_given_to_ray_on_every_machine(tmp_path):
    """By a stand-in of srun, which says what it was given."""
    programs = {
        "srun": 'printf "%s\\n" "$SRUN_CPUS_PER_TASK" "$@"',
        "scontrol": 'printf "%s\\n" node7 node8',
    }
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{line}\n")
        (tmp_path / name).chmod(0o755)
    job = {
        "SLURM_JOB_ID": "12345",
        "SLURM_JOB_NODELIST": "node[7-8]",
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_CPUS_PER_TASK": "8",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    command = ["build", "s3://bucket/an index", "s3://bucket/scenes/"]
    done = subprocess.run(
        ["bash", SCRIPTS / "build.sbatch", *command],
        env={**os.environ, **job}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    given = done.stdout.splitlines()
    ray = ["ray", "symmetric-run", "--address", "node7:6724", "--min-nodes", "2", "--"]
    harma = ["python", "-m", "harma", "index", *command, "--engine", "ray", "--address", "auto"]
    assert given[0] == "8"
    assert given[-len(ray + harma) :] == ray + harma


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.skipif(not has_slurm, reason="needs Slurm and root (apt-get install slurm-wlm munge)")
def test_a_real_slurm_trains_on_two_nodes(tmp_path, tiny_config, tiny_data):
    values = tiny_values(tiny_config, tiny_data, "run", data={"batch_size": 4}, train={"epochs": 1})
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values))
    home = tmp_path / "slurm"
    home.mkdir()
    changes = {
        # The names of the nodes are none of a network here.
        "MASTER_ADDR": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": PATHS,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with slurm(home) as environment:
        for name in ("train.sbatch", "build.sbatch"):
            subprocess.run(
                ["sbatch", "--test-only", *SMALL, SCRIPTS / name], env=environment, check=True
            )
        subprocess.run(
            ["sbatch", "--wait", *SMALL, SCRIPTS / "train.sbatch", "recipe.yaml"],
            env={**environment, **changes},
            cwd=tmp_path,
            timeout=300,
            check=False,
        )
        (said,) = tmp_path.glob("harma-train-*.log")
    assert "0: run written to run" in said.read_text(), said.read_text()
    assert len(logged(tmp_path / "run", "step")) == 6
