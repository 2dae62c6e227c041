"""The proxy in front of moto: what is broken, what is not, and what was really done behind it."""

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from millrace.local.servers import Server
from millrace.storage.aws import Clients
from millrace.storage.settings import StorageSettings
from millrace.testing.aws_faults import AwsFaults, Do, Fault, Struck, identify
from millrace.testing.servers import CREDENTIALS


@pytest.fixture
def proxy(moto: Server) -> Iterator[AwsFaults]:
    with AwsFaults(moto.url, seed=7) as proxy:
        yield proxy


@pytest.fixture
def clients(proxy: AwsFaults) -> Iterator[Clients]:
    made = Clients(StorageSettings(aws_endpoint_url=proxy.url), credentials=CREDENTIALS)
    yield made
    made.close()


def queue(clients: Clients, name: str) -> str:
    return clients.client("sqs").create_queue(QueueName=name)["QueueUrl"]


def waiting(clients: Clients, url: str) -> int:
    found = clients.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_an_object_of_eight_mebibytes_passes_both_ways(proxy: AwsFaults, clients: Clients) -> None:
    # given
    s3, body = clients.client("s3"), bytes(range(256)) * 4096 * 8
    s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    # when
    s3.put_object(Bucket="large", Key="a", Body=body)
    # then
    assert s3.head_object(Bucket="large", Key="a")["ContentLength"] == len(body)
    assert s3.get_object(Bucket="large", Key="a")["Body"].read() == body
    assert proxy.seen["s3", "PUT"] == 2
    assert proxy.struck == []


@pytest.mark.parametrize(
    ("do", "code", "status"),
    [(Do.ERROR, "InternalError", 500), (Do.UNAVAILABLE, "ServiceUnavailable", 503), (Do.THROTTLE, "SlowDown", 503)],
)
def test_s3_is_refused_in_its_own_words(proxy: AwsFaults, clients: Clients, do: Do, code: str, status: int) -> None:
    # given
    proxy.faults = [Fault(do=do, service="s3", operation="GET")]
    # when
    with pytest.raises(ClientError) as raised:
        clients.client("s3").list_buckets()
    # then
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_throttled_call_is_done_once_the_count_is_used_up(proxy: AwsFaults, clients: Clients) -> None:
    # given
    url = queue(clients, "throttled")
    proxy.faults = [Fault(do=Do.THROTTLE, service="sqs", operation="SendMessage", count=2)]
    # when: botocore tries three times
    clients.client("sqs").send_message(QueueUrl=url, MessageBody="a")
    # then
    assert waiting(clients, url) == 1
    assert proxy.struck == [Struck(service="sqs", operation="SendMessage", do=Do.THROTTLE)] * 2


def test_what_loses_its_reply_is_done_and_what_is_hung_up_on_is_not(proxy: AwsFaults, clients: Clients) -> None:
    # given
    url = queue(clients, "ambiguous")
    # when: every try of a call is broken
    for do in (Do.LOSE_REPLY, Do.HANG_UP):
        proxy.faults = [Fault(do=do, service="sqs", operation="SendMessage")]
        with pytest.raises(BotoCoreError):
            clients.client("sqs").send_message(QueueUrl=url, MessageBody=do)
    # then
    assert waiting(clients, url) == 3


def test_a_delayed_call_is_answered_late(proxy: AwsFaults, clients: Clients) -> None:
    # given
    clients.client("kms").list_keys()
    proxy.faults = [Fault(do=Do.DELAY, service="kms", operation="ListKeys", seconds=0.3, count=1)]
    # when
    began = time.monotonic()
    clients.client("kms").list_keys()
    # then
    assert time.monotonic() - began >= 0.3


def test_the_same_seed_strikes_the_same_requests() -> None:
    def drawn(seed: int) -> list[bool]:
        with AwsFaults("http://127.0.0.1:9", seed=seed) as proxy:
            proxy.faults = [Fault(do=Do.ERROR, service="s3", probability=0.3)]
            # Requests of another kind in between change nothing.
            return [bool(proxy.decide("s3", "PUT")) for _ in range(50) if proxy.decide("kms", "Decrypt") is None]

    # then
    assert drawn(1) == drawn(1) != drawn(2)
    assert 5 < sum(drawn(1)) < 25


def test_a_request_of_the_query_protocol_is_known_by_its_action() -> None:
    # given: as kombu's own client receives
    headers = {
        "authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/eu-central-1/sqs/aws4_request, SignedHeaders=host",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    # then
    assert identify("POST", "/1/nlp", headers, b"Action=ReceiveMessage&WaitTimeSeconds=10") == ("sqs", "ReceiveMessage")
    assert identify("GET", "/1/nlp?Action=ReceiveMessage", headers, b"") == ("sqs", "ReceiveMessage")
