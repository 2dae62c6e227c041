"""The object store on S3."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from botocore.exceptions import ClientError

from millrace.storage.aws import Clients, error_code, translated
from millrace.storage.errors import NotFound


@dataclass(frozen=True)
class S3Objects:
    """Bytes in one bucket. A put is conditional (`If-None-Match: *`), so the first write stays."""

    clients: Clients
    bucket: str

    def put(self, key: str, data: bytes) -> bool:
        """See `ObjectStore`. A lost race answers 409 or 412; both mean that somebody else wrote."""
        with translated("s3 put"):
            try:
                self.clients.client("s3").put_object(Bucket=self.bucket, Key=key, Body=data, IfNoneMatch="*")
            except ClientError as error:
                if error_code(error) in ("PreconditionFailed", "ConditionalRequestConflict"):
                    return False
                raise
        return True

    def get(self, key: str) -> bytes:
        """See `ObjectStore`."""
        with translated("s3 get"):
            try:
                return cast(bytes, self.clients.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    raise NotFound(f"nothing under {key}") from error
                raise

    def delete(self, key: str) -> None:
        """See `ObjectStore`."""
        with translated("s3 delete"):
            self.clients.client("s3").delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> Iterator[str]:
        """See `ColdStore`."""
        pages = self.clients.client("s3").get_paginator("list_objects_v2")
        with translated("s3 list"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", ()))
