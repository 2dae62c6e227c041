"""Terraform's files against the code that will use what they make. Read as text: Terraform itself is not needed."""

import re
import runpy

import pytest
import yaml

from millrace.contracts import routing
from millrace.contracts.messages import PartMessage
from millrace.contracts.services import DEPLOYMENTS
from millrace.storage import accounts, endpoints, provision, shredding
from millrace.storage.settings import StorageSettings
from millrace.testing.servers import CREDENTIALS
from millrace.testing.workers import delete_queues
from millrace.worker.settings import WorkerSettings


@pytest.fixture(scope="module")
def terraform(repository):
    return {path.name: path.read_text() for path in (repository.root / "platform" / "terraform").glob("*.tf")}


def test_queues_are_those_of_the_contracts(terraform):
    listed = _strings(re.search(r"queues = toset\(\[(.*?)\]\)", terraform["queues.tf"], re.DOTALL)[1])
    assert sorted(listed) == sorted((*routing.QUEUES, routing.UNROUTED))


def test_the_dead_letters_are_behind_every_queue_and_every_consumer_may_add_to_them(terraform):
    assert f'name                      = "{routing.DEAD_LETTERS}"' in terraform["queues.tf"]
    assert "deadLetterTargetArn = aws_sqs_queue.dead_letters.arn" in terraform["queues.tf"]
    assert "length(each.value.consumes) > 0 ? [aws_sqs_queue.dead_letters.arn]" in terraform["roles.tf"]
    assert int(_default(terraform["variables.tf"], "max_receive_count")) == provision.MAX_RECEIVES
    assert PartMessage.model_fields["patience"].default < provision.MAX_RECEIVES


def test_visibility_is_what_the_workers_renew_their_leases_by(terraform):
    visibility = int(_default(terraform["variables.tf"], "visibility_s"))
    assert visibility == WorkerSettings.model_fields["visibility_s"].default


def test_defaults_are_those_of_the_services(terraform):
    fields = {"table": "table", "account_table": "account_table", "bucket": "bucket", "region": "aws_region"}
    for variable, field in fields.items():
        assert _default(terraform["variables.tf"], variable) == f'"{StorageSettings.model_fields[field].default}"'


def test_the_table_is_the_one_that_the_run_store_queries(terraform):
    text = terraform["table.tf"]
    attributes = dict(re.findall(r'attribute {\s+name = "(\w+)"\s+type = "(\w)"', text))
    indexes = re.findall(r'name\s+= "(\w+)"\s+hash_key\s+= "(\w+)"\s+range_key\s+= "(\w+)"', text)
    expected = [
        (each["IndexName"], *(key["AttributeName"] for key in each["KeySchema"])) for each in provision._INDEXES
    ]
    assert attributes == provision._ATTRIBUTES
    assert indexes == expected
    assert 'attribute_name = "expires_at"' in text


def test_the_account_table_is_the_one_that_items_are_kept_in(terraform):
    text = terraform["accounts.tf"]
    assert re.findall(r'(hash|range)_key\s+= "(\w+)"', text) == [("hash", "pk"), ("range", "sk")]
    assert dict(re.findall(r'attribute {\s+name = "(\w+)"\s+type = "(\w)"', text)) == {"pk": "S", "sk": "S"}
    assert 'attribute_name = "expires_at"' in text
    assert re.search(r"server_side_encryption {\s+enabled = true", text)


def test_backups_end_when_an_operator_is_told(terraform):
    assert "recovery_period_in_days = var.recovery_days" in terraform["accounts.tf"]
    assert int(_default(terraform["variables.tf"], "recovery_days")) == shredding.RECOVERY_DAYS


def test_every_service_reads_tenants_keys_and_only_the_api_writes_them(terraform):
    text = terraform["roles.tf"]
    services = dict(re.findall(r"^      ([\w-]+) = {\n(.*?)^      }", text, re.DOTALL | re.MULTILINE))
    services["parts"] = re.search(r"name in local.parts : name => {(.*?)} }", text, re.DOTALL)[1]
    granted = {
        name: _strings(re.search(r"accounts\s+= \[(.*?)\]", told, re.DOTALL)[1]) for name, told in services.items()
    }
    owners = {name: _strings(re.search(r"owners\s+= \[(.*?)\]", told, re.DOTALL)[1]) for name, told in services.items()}
    keys = re.search(r'statement {\s+sid\s+= "Keys"(.*?)\n  }', text, re.DOTALL)[1]
    assert _strings(keys) == ["dynamodb:GetItem", "ForAllValues:StringLike", "dynamodb:LeadingKeys", "tenant#*"]
    assert {name for name, actions in granted.items() if "dynamodb:PutItem" in actions} == {"ingestion", "callback"}
    assert [name for name, its in owners.items() if "tenant#*" in its] == ["ingestion"]
    assert "dynamodb:Query" not in granted["callback"]
    stored = {accounts.owner_of(""), endpoints.endpoints_of(""), endpoints._log_of("", "").removesuffix("#")}
    assert {f"{each}*" for each in stored} < {*owners["ingestion"]}
    assert owners["callback"] == ["endpoints#*", "deliveries#*"]
    assert accounts._ALL in owners["ingestion"]
    assert all("kms:Decrypt" in told for told in services.values())
    assert 'variable = "dynamodb:LeadingKeys"' in text


def test_services_may_use_both_master_keys_while_one_takes_over(terraform):
    assert "resources = concat([aws_kms_key.artifacts.arn], var.other_master_keys)" in terraform["roles.tf"]
    assert _default(terraform["variables.tf"], "other_master_keys") == "[]"


def test_no_role_may_do_everything(terraform):
    text = terraform["roles.tf"]
    assert '*"' not in "".join(re.findall(r"actions\s+=\s+\[(.*?)\]", text, re.DOTALL))
    statements = re.findall(r"statement {(.*?)\n  }", text, re.DOTALL)
    wide = [each for each in statements if 'resources = ["*"]' in each]
    assert len(wide) == 1
    assert "cloudwatch:GetMetricData" in wide[0]


def test_there_is_a_role_for_every_service_and_no_other(terraform):
    text = terraform["roles.tf"]
    parts = _strings(re.search(r"parts = \[(.*?)\]", text)[1])
    others = re.findall(r"^      ([\w-]+) = {\n        consumes", text, re.MULTILINE)
    assert sorted([*parts, *others]) == sorted({each.service.replace("_", "-") for each in DEPLOYMENTS})


def test_the_bucket_is_closed_and_speaks_tls_only(terraform):
    text = terraform["bucket.tf"]
    for setting in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"):
        assert re.search(rf"{setting}\s+= true", text)
    assert '"aws:SecureTransport"' in text
    assert 'status = "Enabled"' in text
    assert "enable_key_rotation     = true" in terraform["key.tf"]


def test_containers_know_the_key_before_it_is_made(repository, clients, containers, monkeypatch):
    # given a moto server, and what the containers are told of it
    told = containers["nlp"]["environment"]
    compose = yaml.safe_load((repository.root / "compose.yaml").read_text())
    for name, value in compose["services"]["provision"]["environment"].items():
        if name in ("MILLRACE_API_KEY", "MILLRACE_CALLBACK_SECRET", "MILLRACE_KEY_PEPPER"):
            monkeypatch.setenv(name, re.sub(r"\${\w+:-(.*)}", r"\1", value))
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), CREDENTIALS, strict=True):
        monkeypatch.setenv(name, value)
    settings = StorageSettings(
        aws_endpoint_url=clients.settings.aws_endpoint_url,
        table="told-table",
        account_table="told-accounts",
        bucket="told-bucket",
        kms_key_arn=told["MILLRACE_KMS_KEY_ARN"],
    )
    delete_queues(clients)
    script = runpy.run_path(str(repository.root / "platform/k8s/local/provision.py"))
    # when the provisioning container does its work, twice
    clients.settings = settings
    script["provision"](clients)
    script["provision"](clients)
    # then the key has the ARN that they were told, and the local overlay tells the same
    keys = {key["KeyArn"] for key in clients.client("kms").list_keys()["Keys"]}
    assert told["MILLRACE_KMS_KEY_ARN"] in keys
    local = (repository.root / "platform/k8s/local/settings.env").read_text()
    assert f"MILLRACE_KMS_KEY_ARN={told['MILLRACE_KMS_KEY_ARN']}\n" in local


def _strings(text):
    return re.findall(r'"([^"]+)"', text)


def _default(text, variable):
    return re.search(rf'variable "{variable}" {{.*?default\s+= ([^\n]+)', text, re.DOTALL)[1]
