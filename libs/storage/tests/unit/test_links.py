"""Links that open one report: what they open, and what they do not."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pydantic import ValidationError

from millrace.contracts.base import now
from millrace.storage.errors import BadLink
from millrace.storage.links import ReportLink, ReportLinks
from millrace.storage.settings import LinkSettings

OLD, NEW = "the secret of last year, 32 letters", "the secret of this year, 32 letters"
LINK = ReportLink(tenant="acme", run_id="run_01M80000000000000000000000", attempt=2)
CLAIMS = {"aud": "report", "tenant": "acme", "run_id": LINK.run_id, "attempt": 2}


def test_a_token_opens_what_it_was_made_for() -> None:
    assert ReportLinks((NEW,)).read(ReportLinks((NEW,)).token(LINK, now() + timedelta(days=7))) == LINK


def test_the_same_link_and_expiry_give_the_same_token() -> None:
    # given
    expires_at = datetime(2026, 3, 1, tzinfo=UTC)
    # then
    assert ReportLinks((NEW,)).token(LINK, expires_at) == ReportLinks((NEW,)).token(LINK, expires_at)


def test_links_stay_open_while_the_secret_is_changed() -> None:
    # given
    token = ReportLinks((OLD,)).token(LINK, now() + timedelta(days=7))
    # then
    assert ReportLinks((NEW, OLD)).read(token) == LINK
    with pytest.raises(BadLink):
        ReportLinks((NEW,)).read(token)


def test_an_old_link_opens_nothing() -> None:
    with pytest.raises(BadLink, match="expired"):
        ReportLinks((NEW,)).read(ReportLinks((NEW,)).token(LINK, now() - timedelta(seconds=1)))


@pytest.mark.parametrize("claims", [{"aud": None}, {"aud": "login"}, {"exp": None}, {"tenant": None}])
def test_a_token_for_something_else_opens_nothing(claims: dict[str, object]) -> None:
    # given
    given = CLAIMS | {"exp": now() + timedelta(days=1)} | claims
    token = jwt.encode({key: value for key, value in given.items() if value}, NEW, "HS256")
    # then
    with pytest.raises(BadLink):
        ReportLinks((NEW,)).read(token)


def test_a_token_without_a_signature_opens_nothing() -> None:
    # given
    claims = CLAIMS | {"exp": now() + timedelta(days=1)}
    # then
    with pytest.raises(BadLink):
        ReportLinks((NEW,)).read(jwt.encode(claims, "", "none"))


def test_a_short_secret_stops_the_process_without_being_told() -> None:
    with pytest.raises(ValidationError) as error:
        LinkSettings(link_secret=f"{NEW}, too short")
    assert NEW not in str(error.value) and "too short" not in str(error.value)
