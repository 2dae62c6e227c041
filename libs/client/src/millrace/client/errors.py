"""Errors of the client.

ClientError
├── ProblemError        the API answered with an error, or not at all; `problem` says which (RFC 9457)
│   ├── Refused         4xx: the same request cannot succeed
│   └── Unavailable     5xx, 429, a first try still worked on, or no answer: trying again may help (retryable)
├── BadAnswer           the API answered with something that is not of its contract
├── WaitTimeout         the run had not ended in time; it goes on (retryable)
├── UploadBroken        a file did not arrive whole; its upload can be resumed (retryable)
├── UnknownMediaType    nobody said what the bytes are, and the file's suffix does not either
└── SettingsError       the address, the key or the local stack's file cannot be used
"""

from millrace.contracts.api import Problem, RunView

NO_ANSWER = 0
"""`Problem.status` when no answer arrived, as in XMLHttpRequest (https://xhr.spec.whatwg.org/#the-status-getter)."""


class ClientError(Exception):
    """The client could not do what was asked."""

    retryable = False


class ProblemError(ClientError):
    """The API answered with an error, or not at all."""

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        super().__init__(f"{problem.title}: {problem.detail}" if problem.detail else problem.title)
        self.problem = problem
        self.retry_after_s = retry_after_s
        """What the API's `Retry-After` asks for, in seconds; None where it asks for nothing."""


class Refused(ProblemError):
    """The request is at fault; the same again cannot succeed."""


class Unavailable(ProblemError):
    """The API does not answer, is overloaded or at fault; trying again may help."""

    retryable = True


class BadAnswer(ClientError):
    """The answer is not of the API's contract: the address may belong to something else."""


class WaitTimeout(ClientError):
    """The run had not ended when the wait was over. It goes on."""

    retryable = True

    def __init__(self, run_id: str, seconds: float, last: RunView | None) -> None:
        status = last.status.value if last else "not seen"
        super().__init__(f"{run_id} had not ended after {seconds:g} s of waiting (last status: {status})")
        self.run_id = run_id
        self.last = last
        """The run as it was last seen; None when the API never answered."""


class UploadBroken(ClientError):
    """A file did not arrive whole. What has arrived stays for a day: go on with the same upload."""

    retryable = True

    def __init__(self, upload_id: str, why: str) -> None:
        super().__init__(f"upload {upload_id}: {why}")
        self.upload_id = upload_id


class UnknownMediaType(ClientError):
    """The media type of a file or of bytes is not known."""


class SettingsError(ClientError):
    """A setting cannot be used as it is."""
