"""Files in parts, sent by whoever has a part's signed address: on S3, and in memory."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from millrace.contracts.uploads import UploadedPart
from millrace.storage.aws import Clients, error_code, translated
from millrace.storage.errors import NotFound


class Multipart(Protocol):
    """Objects that arrive in parts and are there only when they are complete."""

    def begin(self, key: str) -> str:
        """Take parts for this key; returns the store's own id for them."""

    def part_address(self, key: str, storage_id: str, part: int, size: int, seconds: int) -> str:
        """An address that takes this part with PUT for so many seconds, if it has so many bytes."""

    def parts(self, key: str, storage_id: str) -> tuple[UploadedPart, ...]:
        """The parts that have arrived; NotFound when none are taken, or no longer."""

    def complete(self, key: str, storage_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make the object of its parts; NotFound when none are taken, or no longer."""

    def abort(self, key: str, storage_id: str) -> None:
        """Take no parts any more and forget those that arrived; nothing happens when there are none."""

    def size(self, key: str) -> int:
        """Bytes of the object; NotFound when there is none."""

    def read_address(self, key: str, seconds: int) -> str:
        """An address that gives the object to GET for so many seconds."""

    def delete(self, key: str) -> None:
        """Forget the object for good, with what a versioned bucket would keep of it."""

    def purge(self, prefix: str) -> int:
        """Forget for good whatever is under a prefix: objects, with what a versioned bucket keeps of them and of those
        that were deleted before, and parts that have arrived; returns how many keys that were.
        """

    def objects(self, prefix: str) -> Iterator[str]:
        """Keys of the objects under a prefix."""

    def begun(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Keys, with the store's ids, for which parts are taken."""


@dataclass(frozen=True)
class S3Multipart:
    """S3's multipart uploads. The bucket encrypts them under its own key; their tenant's keys are not involved."""

    clients: Clients
    bucket: str

    def begin(self, key: str) -> str:
        """See `Multipart`."""
        with translated("s3 begin upload"):
            return str(self._s3.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"])

    def part_address(self, key: str, storage_id: str, part: int, size: int, seconds: int) -> str:
        """See `Multipart`. The length is signed, so that S3 refuses a part of any other."""
        given = {
            "Bucket": self.bucket, "Key": key, "UploadId": storage_id, "PartNumber": part, "ContentLength": size
        }  # fmt: skip
        return _signed(self.clients.signer(), "upload_part", given, seconds)

    def parts(self, key: str, storage_id: str) -> tuple[UploadedPart, ...]:
        """See `Multipart`."""
        pages = self._s3.get_paginator("list_parts")
        with translated("s3 list parts"), _missing("NoSuchUpload"):
            return tuple(
                UploadedPart(part=part["PartNumber"], size=part["Size"], etag=part["ETag"])
                for page in pages.paginate(Bucket=self.bucket, Key=key, UploadId=storage_id)
                for part in page.get("Parts", ())
            )

    def complete(self, key: str, storage_id: str, parts: Sequence[UploadedPart]) -> None:
        """See `Multipart`."""
        named = [{"PartNumber": part.part, "ETag": part.etag} for part in parts]
        with translated("s3 complete upload"), _missing("NoSuchUpload"):
            self._s3.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=storage_id, MultipartUpload={"Parts": named}
            )

    def abort(self, key: str, storage_id: str) -> None:
        """See `Multipart`."""
        with translated("s3 abort upload"):
            try:
                self._s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=storage_id)
            except ClientError as error:
                if error_code(error) != "NoSuchUpload":
                    raise

    def size(self, key: str) -> int:
        """See `Multipart`."""
        with translated("s3 head upload"), _missing("404"):
            return int(self._s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"])

    def read_address(self, key: str, seconds: int) -> str:
        """See `Multipart`."""
        return _signed(self.clients.signer(inside=True), "get_object", {"Bucket": self.bucket, "Key": key}, seconds)

    def delete(self, key: str) -> None:
        """See `Multipart`."""
        self._delete_versions(key)

    def purge(self, prefix: str) -> int:
        """See `Multipart`."""
        # Listed first, so that no page is cut short by what is aborted.
        begun = tuple(self.begun(prefix))
        for key, storage_id in begun:
            self.abort(key, storage_id)
        return len({key for key, _ in begun} | self._delete_versions(prefix))

    def _delete_versions(self, prefix: str) -> set[str]:
        """Delete every version under the prefix: a delete that names none would leave the object as an old one."""
        pages, keys = self._s3.get_paginator("list_object_versions"), set()
        with translated("s3 delete versions"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    self._s3.delete_object(Bucket=self.bucket, Key=found["Key"], VersionId=found["VersionId"])
                    keys.add(str(found["Key"]))
        return keys

    def objects(self, prefix: str) -> Iterator[str]:
        """See `Multipart`."""
        pages = self._s3.get_paginator("list_objects_v2")
        with translated("s3 list uploads"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", ()))

    def begun(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `Multipart`."""
        pages = self._s3.get_paginator("list_multipart_uploads")
        with translated("s3 list begun uploads"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                yield from ((item["Key"], item["UploadId"]) for item in page.get("Uploads", ()))

    @property
    def _s3(self) -> Any:
        return self.clients.client("s3")


def _signed(client: Any, operation: str, given: dict[str, Any], seconds: int) -> str:
    with translated("s3 sign"):
        return str(client.generate_presigned_url(operation, given, ExpiresIn=seconds))


@contextmanager
def _missing(code: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error_code(error) == code:
            raise NotFound("no such upload") from error
        raise


@dataclass
class MemoryMultipart:
    """Parts in a dict: the in-memory twin. Its addresses are for `send` and `read` alone."""

    files: dict[str, bytes] = field(default_factory=dict)
    open: dict[tuple[str, str], dict[int, bytes]] = field(default_factory=dict)

    def begin(self, key: str) -> str:
        """See `Multipart`."""
        storage_id = f"parts-{len(self.open) + 1}"
        self.open[key, storage_id] = {}
        return storage_id

    def part_address(self, key: str, storage_id: str, part: int, size: int, seconds: int) -> str:
        """See `Multipart`."""
        return f"memory:{key}?{storage_id}&{part}&{size}"

    def send(self, address: str, data: bytes) -> None:
        """What a PUT to a part's address does; ValueError when the length is not the one that was signed."""
        key, _, rest = address.removeprefix("memory:").partition("?")
        storage_id, part, size = rest.split("&")
        if len(data) != int(size):
            raise ValueError("the length is signed")
        self.open[key, storage_id][int(part)] = data

    def parts(self, key: str, storage_id: str) -> tuple[UploadedPart, ...]:
        """See `Multipart`."""
        found = self._open(key, storage_id)
        return tuple(UploadedPart(part=part, size=len(data), etag=_tag(data)) for part, data in sorted(found.items()))

    def complete(self, key: str, storage_id: str, parts: Sequence[UploadedPart]) -> None:
        """See `Multipart`."""
        found = self._open(key, storage_id)
        self.files[key] = b"".join(found[part.part] for part in parts)
        del self.open[key, storage_id]

    def abort(self, key: str, storage_id: str) -> None:
        """See `Multipart`."""
        self.open.pop((key, storage_id), None)

    def size(self, key: str) -> int:
        """See `Multipart`."""
        if key not in self.files:
            raise NotFound("no such upload")
        return len(self.files[key])

    def read_address(self, key: str, seconds: int) -> str:
        """See `Multipart`."""
        return f"memory:{key}"

    def delete(self, key: str) -> None:
        """See `Multipart`."""
        self.files.pop(key, None)

    def purge(self, prefix: str) -> int:
        """See `Multipart`."""
        begun, whole = tuple(self.begun(prefix)), tuple(self.objects(prefix))
        for key, storage_id in begun:
            self.abort(key, storage_id)
        for key in whole:
            self.delete(key)
        return len({*whole, *(key for key, _ in begun)})

    def objects(self, prefix: str) -> Iterator[str]:
        """See `Multipart`."""
        return iter(sorted(key for key in self.files if key.startswith(prefix)))

    def begun(self, prefix: str) -> Iterator[tuple[str, str]]:
        """See `Multipart`."""
        return iter(sorted(each for each in self.open if each[0].startswith(prefix)))

    def _open(self, key: str, storage_id: str) -> dict[int, bytes]:
        if (key, storage_id) not in self.open:
            raise NotFound("no such upload")
        return self.open[key, storage_id]


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
