"""Large files: sent in parts, several at a time, straight to the object store, and resumed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import quote

import httpx

from millrace.client import calls
from millrace.client.errors import ProblemError, Refused, UploadBroken
from millrace.contracts.uploads import UploadStatus, UploadTarget, UploadView

PARALLEL: Final = 4
"""Parts on their way at a time; each is in memory while it is."""
ROUNDS: Final = 3
"""How often addresses are asked for again, for what did not arrive: the old ones may have expired."""

Progress = Callable[[int, int], None]
"""Given the bytes that have arrived and those of the whole file."""


def _ignore(sent: int, size: int) -> None:
    """Nobody wants to hear of progress."""


class Uploads:
    """The tenant's uploads. Errors as those of `Client`."""

    def __init__(self, http: httpx.Client, pause: Callable[[float], None], timeout: float) -> None:
        self._http, self._pause, self._timeout = http, pause, timeout

    def send(
        self, path: Path, media_type: str, upload_id: str | None = None, on_progress: Progress = _ignore
    ) -> UploadView:
        """Send a file, or the rest of one whose upload was begun; UploadBroken names the upload to go on with."""
        view = self.get(upload_id) if upload_id else self.open(path, media_type)
        if view.size != path.stat().st_size:
            raise UploadBroken(view.upload_id, "the file has another size than the upload")
        try:
            for _ in range(ROUNDS):
                if view.status is UploadStatus.COMPLETE or not view.missing:
                    break
                self._send_parts(path, view, on_progress)
                view = self.get(view.upload_id)
            return view if view.status is UploadStatus.COMPLETE else self.complete(view.upload_id)
        except (ProblemError, KeyboardInterrupt) as error:
            raise UploadBroken(view.upload_id, str(error) or "interrupted") from error

    def open(self, path: Path, media_type: str) -> UploadView:
        """Ask for a place for the file."""
        body = {"size": path.stat().st_size, "media_type": media_type, "filename": path.name[-255:]}
        request = self._http.build_request("POST", "/v1/uploads", json=body)
        return calls.decode(calls.send(self._http, request, self._pause, idempotent=False), UploadView)

    def get(self, upload_id: str) -> UploadView:
        """How far an upload is."""
        return self._ask("GET", _path(upload_id))

    def complete(self, upload_id: str) -> UploadView:
        """Say that all parts were sent."""
        return self._ask("POST", f"{_path(upload_id)}/complete")

    def abort(self, upload_id: str) -> None:
        """Forget an upload."""
        request = self._http.build_request("DELETE", _path(upload_id))
        calls.send(self._http, request, self._pause, idempotent=True)

    def _ask(self, method: str, path: str) -> UploadView:
        request = self._http.build_request(method, path)
        return calls.decode(calls.send(self._http, request, self._pause, idempotent=True), UploadView)

    def _send_parts(self, path: Path, view: UploadView, on_progress: Progress) -> None:
        """Send what is missing. Addresses that have expired are left for the next round."""
        lock, sent = Lock(), [sum(part.size for part in view.arrived)]

        def send(http: httpx.Client, target: UploadTarget) -> None:
            with path.open("rb") as file:
                file.seek((target.part - 1) * view.part_size)
                data = file.read(target.size)
            # Without the API key: the address itself is the permission.
            request = http.build_request("PUT", target.url, content=data)
            try:
                calls.send(http, request, self._pause, idempotent=True)
            except Refused as error:
                if error.problem.status != httpx.codes.FORBIDDEN:
                    raise
                return
            with lock:
                sent[0] += target.size
                on_progress(sent[0], view.size)

        on_progress(sent[0], view.size)
        with httpx.Client(timeout=self._timeout) as http, ThreadPoolExecutor(PARALLEL) as pool:
            work = [pool.submit(send, http, target) for target in view.missing]
            try:
                for each in work:
                    each.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _path(upload_id: str) -> str:
    return f"/v1/uploads/{quote(upload_id, safe='')}"
