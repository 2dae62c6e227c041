"""Which flows the running orchestrator knows: published by it, read by the ingestion service."""

from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from millrace.contracts.flow import Flow
from millrace.storage.aws import Clients, error_code, translated

_KEY = "flows"


@dataclass(frozen=True)
class DynamoFlows:
    """One item per flow in the run table, under `pk = flow#<name>`; one more lists the names."""

    clients: Clients
    table: str

    def publish(self, flows: Sequence[Flow]) -> None:
        """See `FlowStore`."""
        for flow in flows:
            self._put(flow)
        names = {"SS": [flow.name for flow in flows]}
        with translated("dynamodb publish flows"):
            self.clients.client("dynamodb").update_item(
                TableName=self.table,
                Key={"pk": {"S": _KEY}},
                UpdateExpression="ADD #names :names",
                ExpressionAttributeNames={"#names": "names"},
                ExpressionAttributeValues={":names": names},
            )

    def all(self) -> tuple[Flow, ...]:
        """See `FlowStore`."""
        client = self.clients.client("dynamodb")
        with translated("dynamodb flows"):
            index = client.get_item(TableName=self.table, Key={"pk": {"S": _KEY}}, ConsistentRead=True).get("Item")
            names = index["names"]["SS"] if index else []
            items = [client.get_item(TableName=self.table, Key={"pk": {"S": f"flow#{name}"}}) for name in names]
        found = [Flow.model_validate_json(item["Item"]["flow"]["S"]) for item in items if "Item" in item]
        return tuple(sorted(found, key=lambda flow: flow.name))

    def _put(self, flow: Flow) -> None:
        with translated("dynamodb publish flow"):
            try:
                self.clients.client("dynamodb").put_item(
                    TableName=self.table,
                    Item={
                        "pk": {"S": f"flow#{flow.name}"},
                        "flow_version": {"N": str(flow.version)},
                        "flow": {"S": flow.model_dump_json()},
                    },
                    ConditionExpression="attribute_not_exists(pk) OR flow_version <= :mine",
                    ExpressionAttributeValues={":mine": {"N": str(flow.version)}},
                )
            except ClientError as error:
                # A newer release has published its own already.
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
