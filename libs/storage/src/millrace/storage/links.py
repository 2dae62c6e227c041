"""Links that open one report without a key, until they expire: JSON Web Tokens (RFC 7519), signed with HMAC-SHA256."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import jwt

from millrace.storage.errors import BadLink

_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "report"
_CLAIMS: Final = ("aud", "exp", "tenant", "run_id", "attempt")


@dataclass(frozen=True, kw_only=True)
class ReportLink:
    """What a link opens: one attempt's report, and nothing else."""

    tenant: str
    run_id: str
    attempt: int


@dataclass(frozen=True)
class ReportLinks:
    """Writes and reads the links' tokens."""

    secrets: tuple[str, ...] = field(repr=False)
    """The first signs; all are accepted, so that a secret can be changed while links are out. Each has 32 bytes or
    more, as RFC 7518 section 3.2 asks of the key of HS256."""

    def token(self, link: ReportLink, expires_at: datetime) -> str:
        """The same link and expiry give the same token, so that a retried callback repeats its bytes."""
        claims = {
            "aud": _AUDIENCE, "exp": int(expires_at.timestamp()), "tenant": link.tenant, "run_id": link.run_id,
            "attempt": link.attempt,
        }  # fmt: skip
        return jwt.encode(claims, self.secrets[0], _ALGORITHM)

    def read(self, token: str) -> ReportLink:
        """What the token opens; BadLink when it is not ours, was changed, or has expired."""
        for secret in self.secrets:
            try:
                claims = jwt.decode(token, secret, [_ALGORITHM], audience=_AUDIENCE, options={"require": list(_CLAIMS)})
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise BadLink("the link has expired") from error
            except jwt.InvalidTokenError as error:
                raise BadLink("the link is not readable") from error
            return ReportLink(
                tenant=str(claims["tenant"]), run_id=str(claims["run_id"]), attempt=int(claims["attempt"])
            )
        raise BadLink("the link was not made here")
