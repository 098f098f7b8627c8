"""The files for clusters: what they start is there, and Kubernetes knows their words."""

import argparse
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from harma.cli.index.build import ACTIONS

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "deploy" / "cluster"
RAY_JOB = yaml.safe_load((FILES / "rayjob.yaml").read_text())
COMPOSE_TEXT = (FILES / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# The fields of KubeRay's API ray.io/v1 that such a job may have; a misspelt one would be dropped
# by the cluster without a word.
JOB_FIELDS = {
    "activeDeadlineSeconds",
    "backoffLimit",
    "entrypoint",
    "entrypointNumCpus",
    "entrypointNumGpus",
    "rayClusterSpec",
    "runtimeEnvYAML",
    "shutdownAfterJobFinishes",
    "submissionMode",
    "submitterPodTemplate",
    "ttlSecondsAfterFinished",
}
CLUSTER_FIELDS = {
    "autoscalerOptions",
    "enableInTreeAutoscaling",
    "headGroupSpec",
    "rayVersion",
    "workerGroupSpecs",
}
HEAD_FIELDS = {"rayStartParams", "serviceType", "template"}
WORKER_FIELDS = {
    "groupName",
    "maxReplicas",
    "minReplicas",
    "numOfHosts",
    "rayStartParams",
    "replicas",
    "template",
}
SPEC = RAY_JOB["spec"]
CLUSTER = SPEC["rayClusterSpec"]
GROUPS = [CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"]]


def build_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    (build,) = [action for action in ACTIONS if action.name == "build"]
    build.add_arguments(parser)
    return parser


def build_commands():
    """Every build that a file of this folder starts."""
    in_comments = re.sub(r"\\\n#", "", COMPOSE_TEXT)
    commands = re.findall(r"harma index build (.*)", in_comments)
    return [SPEC["entrypoint"].removeprefix("harma index build "), *commands]


def test_a_ray_job_has_only_fields_that_kuberay_knows():
    assert (RAY_JOB["apiVersion"], RAY_JOB["kind"]) == ("ray.io/v1", "RayJob")
    assert set(SPEC) <= JOB_FIELDS
    assert set(CLUSTER) <= CLUSTER_FIELDS
    assert set(CLUSTER["headGroupSpec"]) <= HEAD_FIELDS
    for group in CLUSTER["workerGroupSpecs"]:
        assert set(group) <= WORKER_FIELDS
    assert SPEC["submissionMode"] in ("K8sJobMode", "HTTPMode", "InteractiveMode")


@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_its_pods_are_as_kubernetes_has_them(number):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ray"},
        "spec": GROUPS[number]["template"]["spec"],
    }
    kubernetes_validate.validate(pod, "1.30", strict=True)


def test_a_misspelt_field_of_a_pod_is_seen():
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "imag": "b"}]}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, "1.30", strict=True)


def test_ray_start_takes_text():
    # KubeRay refuses numbers here.
    for group in GROUPS:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())


def test_a_worker_for_each_that_the_command_asks_for():
    wanted = re.search(r"--workers (\d+)", SPEC["entrypoint"])
    assert int(wanted[1]) == sum(group["replicas"] for group in CLUSTER["workerGroupSpecs"])


def test_the_version_of_ray_is_the_one_that_is_pinned():
    (pinned,) = re.findall(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert CLUSTER["rayVersion"] == pinned


@pytest.mark.parametrize("command", build_commands())
def test_builds_are_commands_that_harma_takes(command):
    args = build_parser().parse_args(command.split())
    assert args.engine == "ray"
    assert args.directory.startswith("s3://")


def test_the_worker_can_be_started_by_kuberay():
    worker = DOCKERFILE[DOCKERFILE.index("AS worker") : DOCKERFILE.index("AS server")]
    # Its probes call wget; its login shell knows /usr/local/bin alone.
    assert "wget" in worker
    assert "/usr/local/bin" in worker
    assert "USER 10001" in worker
    for group in GROUPS:
        assert group["template"]["spec"]["securityContext"]["runAsUser"] == 10001


def test_compose_names_images_that_are_built_or_pinned():
    images = {service["image"] for service in COMPOSE["services"].values()}
    built = set(re.findall(r"docker build -t (\S+)", COMPOSE_TEXT))
    assert {image for image in images if ":" not in image} == built
    assert all("latest" not in image for image in images)


def test_compose_reaches_the_bucket_that_it_starts():
    services = COMPOSE["services"]
    endpoint = COMPOSE["x-bucket"]["AWS_ENDPOINT_URL"]
    assert re.fullmatch(r"http://(\w+):9000", endpoint)[1] in services
    for name in ("head", "worker", "serve"):
        assert services[name]["environment"]["AWS_ENDPOINT_URL"] == endpoint
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)


def test_no_password_stands_in_a_file():
    assert not re.search(r"PASSWORD: (?!\$\{)", COMPOSE_TEXT)
    assert "SECRET_ACCESS_KEY: ${" in COMPOSE_TEXT


def test_ports_are_open_to_this_machine_alone():
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
