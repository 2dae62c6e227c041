"""What AWS answers, as the package's errors."""

import pytest
from botocore.exceptions import ClientError

from millrace.storage.aws import translated
from millrace.storage.errors import StorageError


@pytest.mark.parametrize(
    ("code", "retryable"), [("TransactionInProgressException", True), ("AccessDeniedException", False)]
)
def test_what_may_pass_is_told_from_what_will_not(code: str, retryable: bool) -> None:
    # when
    with pytest.raises(StorageError) as found, translated("dynamodb create"):
        raise ClientError({"Error": {"Code": code}}, "TransactWriteItems")
    # then
    assert found.value.retryable is retryable
