"""The manifests in the docs are valid for Kubernetes, and restrict the containers."""

import re
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.docs.executable_docs import read_blocks
from tests.support.template import ROOT

BLOCKS = [block for block in read_blocks(ROOT / "docs" / "kubernetes.md") if block.title]
MANIFESTS: list[dict[str, Any]] = [
    manifest for block in BLOCKS for manifest in yaml.safe_load_all(block.text)
]
KINDS = ["Job", "Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"]
OLDEST, NEWEST = "1.34", "1.37"


def test_all_manifests_are_found() -> None:
    assert [manifest["kind"] for manifest in MANIFESTS] == KINDS


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=KINDS)
def test_manifest_is_valid(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("manifest", MANIFESTS[:2], ids=KINDS[:2])
def test_containers_are_restricted(manifest: dict[str, Any]) -> None:
    pod = manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["enableServiceLinks"]  # their variables could be read as settings
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


def test_deployment_stops_after_its_requests() -> None:
    pod = MANIFESTS[1]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    wait = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    dockerfile = (ROOT / "template" / "Dockerfile.jinja").read_text()
    timeout = re.search(r'"--timeout-graceful-shutdown", "(\d+)"', dockerfile)
    assert timeout is not None
    assert pod["terminationGracePeriodSeconds"] > wait + int(timeout[1])
    assert f"EXPOSE {container['ports'][0]['containerPort']}" in dockerfile
