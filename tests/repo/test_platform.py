"""Manifests as they are applied: rendered by kustomize, then held against the contracts."""

import shutil
import subprocess

import pytest
import yaml

from millrace.contracts import catalogue
from millrace.contracts.services import DEPLOYMENTS, WorkerClass

SOFT_SHUTDOWN_S = 5
WORKERS = [each for each in DEPLOYMENTS if each.worker_class is not WorkerClass.HTTP]
PRIVATE = {"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}

# What kedacore/keda's scalers read from a trigger's metadata; anything else would be ignored without a word.
SQS = {"queueURL", "queueLength", "awsRegion"}
CLOUDWATCH = {
    "namespace",
    "metricName",
    "dimensionName",
    "dimensionValue",
    "metricStat",
    "metricStatPeriod",
    "metricCollectionTime",
    "targetMetricValue",
    "minMetricValue",
    "awsRegion",
}


@pytest.fixture(scope="module", params=["local", "production"])
def overlay(request, repository):
    return _render(repository, request.param)


@pytest.fixture(scope="module")
def production(repository):
    return _render(repository, "production")


def test_every_deployment_is_there(overlay):
    assert {each.name for each in DEPLOYMENTS} <= set(overlay["Deployment"])


def test_every_container_is_restricted(overlay):
    for name, each in overlay["Deployment"].items():
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 10000, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert set(container["resources"]) == {"requests", "limits"}, name


def test_workers_are_probed_by_their_health_file(overlay):
    file = overlay["ConfigMap"]["millrace-settings"]["data"]["MILLRACE_HEALTH_FILE"]
    for worker in WORKERS:
        container = _container(overlay, worker.name)
        probed = {"startupProbe": f"{file}.live", "livenessProbe": f"{file}.live", "readinessProbe": file}
        for probe, path in probed.items():
            assert f"find {path} -newermt" in container[probe]["exec"]["command"][-1]
        assert file.startswith(container["volumeMounts"][0]["mountPath"])


def test_the_api_is_probed_over_http(overlay):
    container = _container(overlay, "ingestion")
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_who_collects_metrics_may_read_those_of_every_pod(overlay):
    settings = overlay["ConfigMap"]["millrace-settings"]["data"]
    port = int(settings["MILLRACE_METRICS_PORT"])
    assert settings["MILLRACE_METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - in a container
    for each in DEPLOYMENTS:
        assert {"name": "metrics", "containerPort": port} in _container(overlay, each.name)["ports"]
    allowed = overlay["NetworkPolicy"]["metrics"]["spec"]
    assert allowed["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port}]
    for each in DEPLOYMENTS:
        labels = overlay["Deployment"][each.name]["spec"]["template"]["metadata"]["labels"]
        assert allowed["podSelector"]["matchLabels"].items() <= labels.items()


def test_every_pod_says_which_one_it_is(overlay):
    for each in DEPLOYMENTS:
        names = [variable["name"] for variable in _container(overlay, each.name)["env"]]
        # What a variable refers to must be before it.
        assert names[:3] == ["HOST_IP", "POD_UID", "OTEL_RESOURCE_ATTRIBUTES"]
        labels = overlay["Deployment"][each.name]["spec"]["template"]["metadata"]["labels"]
        assert labels["tags.datadoghq.com/service"] == each.service


def test_production_sends_telemetry_to_its_nodes_and_says_which_release_it_is(production):
    settings = production["ConfigMap"]["millrace-settings"]["data"]
    for each in DEPLOYMENTS:
        container = _container(production, each.name)
        assert container["env"][-1] == {"name": "MILLRACE_OTLP_ENDPOINT", "value": "http://$(HOST_IP):4318"}
        labels = production["Deployment"][each.name]["spec"]["template"]["metadata"]["labels"]
        assert labels["tags.datadoghq.com/env"] == settings["MILLRACE_ENVIRONMENT"]
        assert labels["tags.datadoghq.com/version"] == settings["MILLRACE_RELEASE"]
        assert container["image"].endswith(f":{settings['MILLRACE_RELEASE']}")


def test_a_pod_has_time_to_finish_its_longest_task(overlay):
    for worker in WORKERS:
        specs = [catalogue.task(name) for name in catalogue.names()]
        longest = max(spec.hard_limit_s for spec in specs if spec.queue == worker.queue)
        pod = overlay["Deployment"][worker.name]["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] >= longest + SOFT_SHUTDOWN_S + 5


def test_one_pod_of_each_always_stays(overlay):
    for each in DEPLOYMENTS:
        budget = overlay["PodDisruptionBudget"][each.name]["spec"]
        labels = overlay["Deployment"][each.name]["spec"]["template"]["metadata"]["labels"]
        assert budget["minAvailable"] == 1
        assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_every_deployment_has_an_account_of_its_service(overlay):
    for each in DEPLOYMENTS:
        pod = overlay["Deployment"][each.name]["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] == each.service.replace("_", "-")
        assert pod["serviceAccountName"] in overlay["ServiceAccount"]
        assert pod["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_nothing_goes_in_or_out_by_default(overlay):
    denied = overlay["NetworkPolicy"]["default-deny"]["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_private_address_is_open_but_redis_and_the_credentials(production):
    rules = [rule for each in production["NetworkPolicy"].values() for rule in each["spec"].get("egress", [])]
    blocks = [(to["ipBlock"], rule["ports"]) for rule in rules for to in rule["to"] if "ipBlock" in to]
    for block, ports in blocks:
        if block["cidr"] == "0.0.0.0/0":
            assert set(block["except"]) >= PRIVATE
        else:
            assert [port["port"] for port in ports] in ([6379], [80], [4318])


def test_production_names_every_image_by_registry_and_tag(production):
    for each in DEPLOYMENTS:
        image = _container(production, each.name)["image"]
        assert "/" in image
        assert image.rpartition(":")[2] not in ("", "latest")


def test_every_queue_scales_its_deployment(production):
    for worker in WORKERS:
        spec = production["ScaledObject"][worker.name]["spec"]
        assert spec["scaleTargetRef"]["name"] == worker.name
        assert spec["minReplicaCount"] >= 2
        assert spec["pollingInterval"] == 5
        assert spec["fallback"]["behavior"] == "currentReplicasIfHigher"
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 300
        assert "replicas" not in production["Deployment"][worker.name]["spec"], "KEDA's autoscaler owns the number"


def test_triggers_say_what_keda_reads(production):
    for worker in WORKERS:
        length, age = production["ScaledObject"][worker.name]["spec"]["triggers"]
        assert (length["type"], age["type"]) == ("aws-sqs-queue", "aws-cloudwatch")
        assert set(length["metadata"]) == SQS
        assert set(age["metadata"]) == CLOUDWATCH
        assert all(isinstance(value, str) for value in [*length["metadata"].values(), *age["metadata"].values()])
        assert length["metadata"]["queueURL"] == age["metadata"]["dimensionValue"] == worker.queue
        # Age is no sum to share among pods, and a lookback must be whole periods.
        assert age["metricType"] == "Value"
        assert int(age["metadata"]["metricCollectionTime"]) % int(age["metadata"]["metricStatPeriod"]) == 0
        for trigger in (length, age):
            assert trigger["authenticationRef"]["name"] in production["TriggerAuthentication"]


def _render(repository, name):
    """Kind → name → document, as `kubectl apply -k` would send it; a generated name loses its hash."""
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on this machine")
    folder = repository.root / "platform" / "k8s" / name
    printed = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, check=True, text=True).stdout
    found = {}
    for document in yaml.safe_load_all(printed):
        key = document["metadata"]["name"]
        key = key.rpartition("-")[0] if document["kind"] in ("ConfigMap", "Secret") else key
        found.setdefault(document["kind"], {})[key] = document
    return found


def _container(rendered, name):
    (container,) = rendered["Deployment"][name]["spec"]["template"]["spec"]["containers"]
    return container
