"""Which headers stand for which field of the record: one table, best first.

Collected from the exports that feedback comes in: review sets, app stores (Google Play, App Store Connect),
helpdesks (Zendesk, Freshdesk, Intercom), surveys (Google Forms, SurveyMonkey, Qualtrics), in English, with the
plain German, Spanish and French words.
"""

import re
from types import MappingProxyType

EXACT = MappingProxyType({
    "text": (
        "text", "review text", "review body", "review content", "reviewtext", "review", "reviews", "comment text",
        "comment", "comments", "feedback", "customer feedback", "customer comment", "customer comments", "verbatim",
        "description", "message", "body", "content", "answer", "response", "response text", "open ended response",
        "transcript", "sentence", "tweet", "opinion", "kommentar", "bewertungstext", "rezension", "beschreibung",
        "nachricht", "comentario", "comentarios", "reseña", "opinión", "mensaje", "commentaire", "commentaires",
        "avis",
    ),
    "title": (
        "title", "review title", "subject", "ticket subject", "headline", "review headline", "summary", "titel",
        "betreff", "título", "asunto", "titre", "objet",
    ),
    "rating": (
        "rating", "stars", "star rating", "review rating", "customer rating", "overall rating", "overall", "score",
        "nps", "nps score", "csat", "csat score", "satisfaction", "satisfaction score", "satisfaction rating", "ces",
        "ces score", "customer effort score", "grade", "points", "bewertung", "sterne", "punkte", "calificación",
        "puntuación", "estrellas", "note", "étoiles", "liked", "label", "sentiment", "thumbs", "recommended",
        "recommended ind", "recommends", "would recommend",
    ),
    "created_at": (
        "created at", "created", "review date", "reviewed at", "review time", "review submit date and time",
        "submitted at", "submitted on", "submission date", "submit date", "date", "timestamp", "datetime",
        "date time", "time", "date created", "created date", "creation date", "recorded date", "end date",
        "posted at", "published at", "at", "datum", "erstellt am", "fecha", "creado", "créé le", "date de création",
    ),
    "record_id": (
        "record id", "review id", "id", "response id", "respondent id", "comment id", "feedback id", "message id",
        "uuid", "guid", "unnamed 0", "index", "row id", "row number",
    ),
    "thread_ref": (
        "thread", "thread id", "thread ref", "ticket id", "ticket", "ticket number", "conversation id",
        "conversation", "case id", "case number", "session id",
    ),
    "customer_ref": (
        "customer ref", "customer id", "customer", "user id", "user", "reviewer id", "account id", "client id",
        "client", "member id", "contact id", "requester id", "requester", "respondent", "customer email",
        "requester email", "user email", "email", "e mail", "email address", "reviewer", "reviewer name",
        "customer name", "user name", "username", "profile name", "nickname", "author", "kunde", "kundennummer",
        "cliente",
    ),
    "author_role": ("author role", "role", "author type", "sender type", "sender role", "author", "sender", "from"),
    "channel": ("channel", "contact channel", "via", "ticket channel", "medium", "kanal", "canal"),
    "source": ("source", "platform", "site", "origin", "collector", "quelle"),
    "product": (
        "product", "product id", "product name", "product title", "item", "item id", "item name", "sku", "asin",
        "clothing id", "app", "app name", "app id", "package name", "model", "business id", "produkt", "artikel",
        "producto", "produit",
    ),
    "lang": ("lang", "language", "reviewer language", "locale", "sprache", "idioma", "langue"),
})  # fmt: skip
"""Headers that say the field outright."""

CONTAINED = MappingProxyType({
    "text": (
        "review", "comment", "comments", "feedback", "verbatim", "in your own words", "tell us", "please explain",
        "reason", "improve", "do better", "why", "open ended", "suggestions", "anything else", "description",
        "message", "text", "kommentar", "comentario", "commentaire",
    ),
    "rating": (
        "rating", "stars", "nps", "net promoter", "likely", "csat", "satisfaction", "satisfied", "ces", "effort",
        "how easy", "score", "bewertung", "recommend", "recommended",
    ),
    "created_at": ("created", "submitted", "timestamp", "date", "time", "datum", "fecha"),
})  # fmt: skip
"""Words that hint at the field somewhere in a longer header, where the content agrees."""

EXCLUDED = MappingProxyType({
    "text": ("reply", "developer", "internal", "url", "link", "id", "count", "type", "category", "language", "agent"),
    "rating": ("count", "counts", "votes", "helpful", "number", "id", "average"),
    "created_at": (
        "birth", "updated", "update", "resolved", "solved", "closed", "due", "first", "last", "reply", "response",
        "spent", "zone", "order", "delivery", "purchase",
    ),
})  # fmt: skip
"""Words that speak against what `CONTAINED` hints at."""

NOT_A_RATING = frozenset({
    "id", "age", "count", "votes", "number", "quantity", "qty", "year", "month", "day", "hour", "priority", "version",
    "price", "size", "length", "status", "index", "helpful", "flag", "tenure", "level",
})  # fmt: skip
"""Words of headers whose few small numbers mean something else."""

PERSONAL = frozenset({
    "name", "first name", "last name", "full name", "given name", "family name", "surname", "email", "e mail",
    "email address", "customer email", "requester email", "user email", "phone", "phone number", "telephone", "mobile",
    "address", "street", "ip", "ip address", "date of birth", "dob", "birthday", "customer name", "user name",
    "username", "reviewer name", "profile name", "nickname", "vorname", "nachname", "telefon", "adresse",
})  # fmt: skip
"""Columns that name a person: left out unless they are the only reference to the customer."""

ROLES = MappingProxyType({
    "customer": "customer", "end user": "customer", "user": "customer", "requester": "customer", "client": "customer",
    "buyer": "customer", "consumer": "customer", "visitor": "customer", "lead": "customer",
    "agent": "agent", "support": "agent", "staff": "agent", "admin": "agent", "operator": "agent",
    "representative": "agent", "teammate": "agent", "assistant": "agent",
    "bot": "bot", "system": "system",
})  # fmt: skip
"""What exports call the two sides of a conversation."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


def words(header: str) -> tuple[str, ...]:
    """A header's words in lower case: `reviewerID`, `Reviewer_Id` and `reviewer id` are one."""
    return tuple(_WORD.findall(_HUMP.sub(" ", header).casefold()))


def phrase(header: str) -> str:
    """A header as the tables write it."""
    return " ".join(words(header))


def is_known(header: str) -> bool:
    """Whether the header says a field outright."""
    return phrase(header) in _ALL


def likeness(field: str, header: str) -> int:
    """How well a header names a field: over 1,000 outright, over 0 by a hint, 0 not at all."""
    asked = phrase(header)
    exact = EXACT[field]
    if asked in exact:
        return 2_000 - exact.index(asked)
    if set(EXCLUDED.get(field, ())) & set(words(header)):
        return 0
    padded = f" {asked} "
    hints = CONTAINED.get(field, ())
    return max((1_000 - rank for rank, hint in enumerate(hints) if f" {hint} " in padded), default=0)


_ALL = frozenset(name for names in EXACT.values() for name in names) | PERSONAL
