"""One name everywhere: folder = queue = package = image = container = Kubernetes object = `service.name`."""

import ast
import re

import yaml

from millrace.contracts import catalogue, routing
from millrace.contracts.errors import UnknownTask
from millrace.contracts.services import DEPLOYMENTS


def test_folders_are_the_services_of_the_contracts(repository):
    assert {each.name for each in repository.services} == {each.service for each in DEPLOYMENTS}


def test_distributions_are_called_after_their_folders(repository):
    for folder in repository.folders:
        assert folder.pyproject["project"]["name"] == f"millrace-{folder.kebab}"


def test_every_queue_is_consumed_by_one_deployment():
    consumed = sorted(each.queue for each in DEPLOYMENTS if each.queue)
    assert consumed == sorted(routing.QUEUES)


def test_every_task_has_a_route_to_its_service():
    owners = {each.queue: each.service for each in DEPLOYMENTS}
    for name in sorted(catalogue.names()):
        spec = catalogue.task(name)
        assert routing.queue_for(name) == spec.queue
        assert owners[spec.queue] == spec.service


def test_a_name_without_a_service_has_no_route():
    try:
        routing.queue_for("billing.charge")
    except UnknownTask:
        return
    raise AssertionError("a route for a task that nobody offers")


def test_every_task_has_an_example(repository):
    examples = repository.root / "libs" / "contracts" / "examples"
    missing = [name for name in sorted(catalogue.names()) if not list(examples.glob(f"{name}/v*/*.json"))]
    assert missing == []


def test_containers_are_the_deployments(containers):
    assert {name: each["build"]["args"]["SERVICE"] for name, each in containers.items()} == {
        each.name: each.service for each in DEPLOYMENTS
    }
    for each in DEPLOYMENTS:
        assert containers[each.name]["image"] == f"millrace/{each.service.replace('_', '-')}"
        module = "millrace.worker" if each.queue else f"millrace.{each.service}"
        assert containers[each.name]["command"] == [module, each.name][: 2 if each.queue else 1]


def test_images_are_the_services(repository):
    artifacts = yaml.safe_load((repository.root / "skaffold.yaml").read_text())["build"]["artifacts"]
    built = {each["image"]: each["docker"]["buildArgs"]["SERVICE"] for each in artifacts}
    assert built == {f"millrace/{each.kebab}": each.name for each in repository.services} | {"millrace/local": "local"}


def test_kubernetes_objects_are_the_deployments(repository):
    for each in DEPLOYMENTS:
        documents = list(yaml.safe_load_all((repository.root / f"platform/k8s/base/{each.name}.yaml").read_text()))
        deployment = next(document for document in documents if document["kind"] == "Deployment")
        assert deployment["metadata"]["name"] == each.name
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["name"] == each.name
        assert container["image"] == f"millrace/{each.service.replace('_', '-')}"


def test_executables_are_the_deployments(repository):
    for folder in repository.services:
        named = set(re.findall(r'"([a-z-]+)"', (folder.path / "BUILD").read_text()))
        workers = {each.name for each in DEPLOYMENTS if each.service == folder.name and each.queue}
        assert named == workers


def test_every_process_says_its_own_name_in_telemetry(repository):
    # `service.name` is what app.py hands to create_app() and prepare().
    for folder in repository.services:
        if (folder.package / "app.py").exists():
            tree = ast.parse((folder.package / "app.py").read_text())
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            named = {
                argument.value
                for call in calls
                if getattr(call.func, "id", "") in ("create_app", "prepare", "configure")
                for argument in call.args
                if isinstance(argument, ast.Constant)
            }
            assert named <= {folder.kebab}, folder.name
