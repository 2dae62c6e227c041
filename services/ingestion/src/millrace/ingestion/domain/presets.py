"""Exports that are known by their columns: which column is which field, where guessing by name would go wrong.

Column names as the products write them: Zendesk view and Explore exports, Freshdesk ticket exports, Intercom
conversation exports, Google Play Console review files and google-play-scraper, App Store Connect `customerReviews`
and the common review tools, Qualtrics, SurveyMonkey, Typeform and Google Forms responses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millrace.ingestion.domain.synonyms import phrase


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One known export."""

    name: str
    signs: frozenset[str]
    """Columns that the export has, as `synonyms.phrase` writes them."""
    least: int
    """How many of them a file must have."""
    keys: frozenset[str] = frozenset()
    """Of these, one must be there: the signs alone are common words."""
    fields: Mapping[str, tuple[str, ...]]
    """Record field → columns, best first. What is not named here is guessed."""
    survey: bool = False
    """Whether the questions are the producer's own, so that several columns may hold what was said."""


def _preset(
    name: str, signs: str, least: int, fields: Mapping[str, str], keys: str = "", survey: bool = False
) -> Preset:
    return Preset(
        name=name, signs=_set(signs), least=least, keys=_set(keys), survey=survey,
        fields={field: tuple(_split(columns)) for field, columns in fields.items()},
    )  # fmt: skip


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _set(names: str) -> frozenset[str]:
    return frozenset(_split(names))


PRESETS = (
    _preset(
        "zendesk_tickets",
        "requester, requester id, requester email, requester external id, submitter, assignee, satisfaction score, "
        "satisfaction rating, ticket satisfaction rating, brand, via, tags, ticket form, reopens, replies, group, "
        "organization, solved at, initially assigned at, summation column, first reply time in minutes, ticket id, "
        "ticket subject, ticket channel",
        4,
        {
            "text": "description, first comment, satisfaction comment, ticket satisfaction comment, comment",
            "title": "subject, ticket subject",
            "rating": "satisfaction score, satisfaction rating, ticket satisfaction rating",
            "created_at": "created at, ticket created date, ticket created timestamp",
            "record_id": "ticket id, id", "thread_ref": "ticket id, id",
            "customer_ref": "requester id, requester external id, requester, requester email",
            "channel": "via, ticket channel", "product": "brand, ticket brand",
        },
        keys="requester, requester id, satisfaction score, ticket satisfaction rating, summation column",
    ),
    _preset(
        "freshdesk_tickets",
        "created time, due by time, resolved time, closed time, last update time, initial response time, "
        "agent interactions, customer interactions, resolution status, first response status, survey results, "
        "association type, every response status, contact id, company name, full name, internal agent",
        4,
        {
            "text": "description, description text", "title": "subject", "rating": "survey results",
            "created_at": "created time", "record_id": "ticket id", "thread_ref": "ticket id",
            "customer_ref": "contact id, unique external id, email, full name", "channel": "source",
            "product": "product", "lang": "language",
        },
        keys="created time",
    ),
    _preset(
        "intercom_conversations",
        "conversation id, conversation started at, conversation started at utc, conversation created at, "
        "conversation state, conversation rating, conversation rating value, conversation rating remark, "
        "conversation tags, csat rating, teammate assigned, teammate currently assigned, last teammate, user id, "
        "user external id, user email, channel, first user message",
        3,
        {
            "text": "first user message, message, body, conversation message, conversation rating remark, "
            "rating remark",
            "title": "conversation title, title, conversation subject",
            "rating": "conversation rating, conversation rating value, csat rating, rating",
            "created_at": "conversation created at, conversation started at, conversation started at utc, created at",
            "record_id": "message id, conversation id", "thread_ref": "conversation id",
            "customer_ref": "user external id, user id, contact id, user email", "channel": "channel",
        },
        keys="conversation started at, conversation started at utc, conversation created at, conversation state, "
        "conversation rating, conversation rating value, conversation rating remark",
    ),
    _preset(
        "google_play_reviews",
        "package name, app version code, app version name, reviewer language, review submit date and time, "
        "review submit millis since epoch, review last update date and time, star rating, review text, "
        "developer reply text, review link",
        5,
        {
            "text": "review text", "title": "review title", "rating": "star rating",
            "created_at": "review submit date and time, review last update date and time",
            "product": "package name", "lang": "reviewer language",
        },
    ),
    _preset(
        "google_play_reviews",
        "review id, user name, content, score, thumbs up count, review created version, at, reply content, "
        "replied at, app version",
        6,
        {"text": "content", "rating": "score", "created_at": "at", "record_id": "review id", "product": "app id"},
    ),
    _preset(
        "app_store_reviews",
        "rating, title, body, review, content, subject, reviewer nickname, author, user name, nickname, territory, "
        "storefront, country, version, app version, created date, review date, date, developer response, app name, "
        "translated body, translated subject",
        5,
        {
            "text": "body, review, content", "title": "title, subject, review title", "rating": "rating, star rating",
            "created_at": "created date, review date, date, updated", "record_id": "review id, id",
            "product": "app name, app id, app",
        },
        keys="territory, storefront, reviewer nickname, version, app version",
    ),
    _preset(
        "qualtrics_survey",
        "start date, end date, response type, status, ip address, progress, duration in seconds, finished, "
        "recorded date, response id, recipient last name, recipient first name, recipient email, "
        "external reference, external data reference, location latitude, location longitude, "
        "distribution channel, user language",
        6,
        {
            "created_at": "recorded date, end date, start date", "record_id": "response id",
            "customer_ref": "external reference, external data reference, recipient email",
            "channel": "distribution channel", "lang": "user language",
        },
        keys="response id", survey=True,
    ),
    _preset(
        "surveymonkey_survey",
        "respondent id, collector id, date created, date modified, start date, end date, ip address, email address, "
        "first name, last name, custom data 1",
        4,
        {
            "created_at": "end date, date modified, date created, start date", "record_id": "respondent id",
            "customer_ref": "email address",
        },
        keys="collector id", survey=True,
    ),
    _preset(
        "typeform_survey",
        "start date utc, submit date utc, stage date utc, network id, response type, ending, tags, token, "
        "submitted at, started at",
        2,
        {"created_at": "submit date utc, submitted at, start date utc", "record_id": "token, response id"},
        keys="submit date utc, stage date utc, network id, token", survey=True,
    ),
    _preset(
        "google_forms_survey",
        "timestamp, zeitstempel, horodateur, marca temporal",
        1,
        {
            "created_at": "timestamp, zeitstempel, horodateur, marca temporal",
            "customer_ref": "email address, username, e mail adresse, nutzername, adresse e mail, correo electrónico, "
            "dirección de correo electrónico",
        },
        survey=True,
    ),
)  # fmt: skip
"""In the order in which they are tried; the one with most of its columns wins."""

_LONG = 4
"""Words from which a header is a question rather than a name."""


def matching(headers: Sequence[str]) -> Preset | None:
    """The export that a file's columns belong to; None where they are nobody's in particular."""
    names = {phrase(header) for header in headers}
    found = [
        (len(preset.signs & names), -position, preset)
        for position, preset in enumerate(PRESETS)
        if len(preset.signs & names) >= preset.least and (not preset.keys or preset.keys & names)
    ]
    chosen = max(found, default=None, key=lambda each: each[:2])
    if chosen is None or (chosen[2].least == 1 and not _asks(headers)):
        return None
    return chosen[2]


def _asks(headers: Sequence[str]) -> bool:
    """Whether a form's first column is followed by questions."""
    return any(is_question(header) for header in headers[1:])


def is_question(header: str) -> bool:
    """Whether a header is a question of a survey rather than the name of a column."""
    return header.rstrip().endswith("?") or len(phrase(header).split()) >= _LONG
