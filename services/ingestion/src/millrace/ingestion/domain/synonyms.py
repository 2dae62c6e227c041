"""Which headers stand for which field of the record: one table, best first.

Collected from the exports that feedback comes in: review sets, app stores (Google Play, App Store Connect),
helpdesks (Zendesk, Freshdesk, Intercom), surveys (Google Forms, SurveyMonkey, Qualtrics, Typeform), in English,
German, Spanish and French. Written as `phrase` writes them: case folded, words only.
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
        "avis", "kommentare", "kundenkommentar", "kundenfeedback", "freitext", "anmerkung", "anmerkungen",
        "bemerkung", "bemerkungen", "meinung", "rückmeldung", "rezensionstext", "antwort", "avis client",
        "remarque", "remarques", "témoignage", "texte", "réponse", "opiniones", "observaciones",
        "comentario del cliente", "texto", "respuesta", "rating remark", "conversation rating remark",
        "satisfaction comment", "message text", "feedback text", "comment body", "description text",
    ),
    "title": (
        "title", "review title", "subject", "ticket subject", "headline", "review headline", "summary", "titel",
        "betreff", "título", "asunto", "titre", "objet", "überschrift", "review subject", "titre de l avis", "sujet",
        "título de la reseña", "conversation title",
    ),
    "rating": (
        "rating", "stars", "star rating", "review rating", "customer rating", "overall rating", "overall", "score",
        "nps", "nps score", "csat", "csat score", "satisfaction", "satisfaction score", "satisfaction rating", "ces",
        "ces score", "customer effort score", "grade", "points", "bewertung", "sterne", "punkte", "calificación",
        "puntuación", "estrellas", "note", "étoiles", "liked", "label", "sentiment", "thumbs", "recommended",
        "recommended ind", "recommends", "would recommend", "nps rating", "likelihood to recommend", "csat rating",
        "conversation rating", "conversation rating value", "survey results", "rating value", "review score",
        "zufriedenheit", "gesamtbewertung", "sternebewertung", "anzahl sterne", "gesamtnote",
        "weiterempfehlung", "weiterempfehlungswahrscheinlichkeit", "note globale", "note générale",
        "satisfaction client", "nombre d étoiles", "valoración", "calificacion", "puntuacion", "satisfacción", "nota",
    ),
    "created_at": (
        "created at", "created", "review date", "reviewed at", "review time", "review submit date and time",
        "submitted at", "submitted on", "submission date", "submit date", "date", "timestamp", "datetime",
        "date time", "time", "date created", "created date", "creation date", "recorded date", "end date",
        "posted at", "published at", "at", "datum", "erstellt am", "fecha", "creado", "créé le", "date de création",
        "created time", "submit date utc", "submitted", "submission time", "start date utc", "conversation created at",
        "conversation started at", "conversation started at utc", "review date and time", "date of review",
        "response date", "zeitstempel", "erstellt", "erstellungsdatum", "abgabedatum", "bewertungsdatum",
        "datum der bewertung", "eingegangen am", "gesendet am", "horodateur", "date de soumission", "date d envoi",
        "date de l avis", "soumis le", "marca temporal", "fecha de creación", "fecha de envío", "creado el",
        "fecha de la opinión", "fecha de respuesta",
    ),
    "record_id": (
        "record id", "review id", "id", "response id", "respondent id", "comment id", "feedback id", "message id",
        "uuid", "guid", "unnamed 0", "index", "row id", "row number",
        "reviewid", "responseid", "token", "antwort id", "bewertungs id", "id de réponse", "id de respuesta",
    ),
    "thread_ref": (
        "thread", "thread id", "thread ref", "ticket id", "ticket", "ticket number", "conversation id",
        "conversation", "case id", "case number", "session id", "ticket no", "ticket nr", "ticketnummer", "issue id",
        "issue key", "request id", "vorgang", "vorgangsnummer", "fallnummer", "numéro de ticket", "n de ticket",
        "número de ticket", "número de caso", "numéro de dossier",
    ),
    "customer_ref": (
        "customer ref", "customer id", "customer", "user id", "user", "reviewer id", "account id", "client id",
        "client", "member id", "contact id", "requester id", "requester", "respondent", "customer email",
        "requester email", "user email", "email", "e mail", "email address", "reviewer", "reviewer name",
        "customer name", "user name", "username", "profile name", "nickname", "author", "kunde", "kundennummer",
        "cliente", "customer number", "customer no", "requester external id", "user external id", "external reference",
        "external data reference", "unique external id", "reviewer nickname", "kunden id", "kundennr", "kunden nr",
        "nutzer", "nutzername", "benutzer", "benutzername", "identifiant client", "id client", "numéro client",
        "utilisateur", "id cliente", "id de cliente", "número de cliente", "usuario",
    ),
    "author_role": ("author role", "role", "author type", "sender type", "sender role", "author", "sender", "from"),
    "channel": (
        "channel", "contact channel", "via", "ticket channel", "medium", "kanal", "canal", "distribution channel",
        "source type", "kontaktkanal", "vía", "canal de contacto", "canal de contact",
    ),
    "source": ("source", "platform", "site", "origin", "collector", "quelle"),
    "product": (
        "product", "product id", "product name", "product title", "item", "item id", "item name", "sku", "asin",
        "clothing id", "app", "app name", "app id", "package name", "model", "business id", "produkt", "artikel",
        "producto", "produit", "produktname", "artikelnummer", "nom du produit", "article", "nombre del producto",
        "artículo", "anwendung", "application", "aplicación",
    ),
    "lang": ("lang", "language", "reviewer language", "locale", "sprache", "idioma", "langue", "user language",
        "review language", "benutzersprache"),
})  # fmt: skip
"""Headers that say the field outright."""

CONTAINED = MappingProxyType({
    "text": (
        "review", "comment", "comments", "feedback", "verbatim", "in your own words", "tell us", "please explain",
        "reason", "improve", "do better", "why", "open ended", "suggestions", "anything else", "description",
        "message", "text", "kommentar", "comentario", "commentaire", "could we", "like most", "like least",
        "enjoy", "disappoint", "freitext", "begründung", "begründen", "grund", "warum", "verbessern", "besser machen",
        "anmerkungen", "sonst noch", "gefällt", "gefallen", "vorschläge", "rückmeldung", "pourquoi", "raison",
        "améliorer", "expliquez", "dites nous", "suggestions", "remarques", "avis", "por qué", "razón", "motivo",
        "mejorar", "cuéntenos", "sugerencias", "opinión", "observaciones",
    ),
    "rating": (
        "rating", "stars", "nps", "net promoter", "likely", "csat", "satisfaction", "satisfied", "ces", "effort",
        "how easy", "score", "bewertung", "recommend", "recommended", "weiterempfehlen", "empfehlen",
        "wahrscheinlich", "zufrieden", "zufriedenheit", "sterne", "recommanderiez", "recommander", "recommandez",
        "satisfait", "satisfaite", "étoiles", "facile", "recomendaría", "recomiende", "recomendaras", "recomendar",
        "probable", "satisfecho", "satisfecha", "satisfacción", "valoración", "puntuación", "estrellas", "fácil",
    ),
    "created_at": (
        "created", "submitted", "timestamp", "date", "time", "datum", "fecha", "zeitstempel", "horodateur",
        "marca temporal",
    ),
})  # fmt: skip
"""Words that hint at the field somewhere in a longer header, where the content agrees."""

EXCLUDED = MappingProxyType({
    "text": (
        "reply", "developer", "internal", "url", "link", "id", "count", "type", "category", "language", "agent",
        "translated",
    ),
    "rating": ("count", "counts", "votes", "helpful", "number", "id", "average", "group"),
    "created_at": (
        "birth", "updated", "update", "resolved", "solved", "closed", "due", "first", "last", "reply", "response",
        "spent", "zone", "order", "delivery", "purchase",
    ),
})  # fmt: skip
"""Words that speak against what `CONTAINED` hints at."""

NOT_A_RATING = frozenset({
    "id", "age", "count", "votes", "number", "quantity", "qty", "year", "month", "day", "hour", "priority", "version",
    "price", "size", "length", "status", "index", "helpful", "flag", "tenure", "level",
    "progress", "finished", "duration", "latitude", "longitude", "reopens", "replies", "interactions", "anzahl",
    "alter", "menge", "âge", "quantité", "edad", "cantidad", "prio", "priorität", "preis", "prix", "precio",
})  # fmt: skip
"""Words of headers whose few small numbers mean something else."""

PERSONAL = frozenset({
    "name", "first name", "last name", "full name", "given name", "family name", "surname", "email", "e mail",
    "email address", "customer email", "requester email", "user email", "phone", "phone number", "telephone", "mobile",
    "address", "street", "ip", "ip address", "date of birth", "dob", "birthday", "customer name", "user name",
    "username", "reviewer name", "profile name", "nickname", "vorname", "nachname", "telefon", "adresse",
    "work phone", "mobile phone", "recipient last name", "recipient first name", "recipient email",
    "location latitude", "location longitude", "reviewer nickname", "e mail adresse", "ip adresse", "anschrift",
    "strasse", "telefonnummer", "handy", "geburtsdatum", "nutzername", "benutzername", "kundenname", "nom", "prénom",
    "nom complet", "nom du client", "adresse ip", "adresse e mail", "courriel", "téléphone", "date de naissance",
    "nombre", "apellido", "apellidos", "nombre completo", "nombre del cliente", "correo electrónico",
    "dirección de correo electrónico", "correo", "teléfono", "dirección", "dirección ip", "fecha de nacimiento",
})  # fmt: skip
"""Columns that name a person: left out unless they are the only reference to the customer."""

ROLES = MappingProxyType({
    "customer": "customer", "end user": "customer", "user": "customer", "requester": "customer", "client": "customer",
    "buyer": "customer", "consumer": "customer", "visitor": "customer", "lead": "customer",
    "agent": "agent", "support": "agent", "staff": "agent", "admin": "agent", "operator": "agent",
    "representative": "agent", "teammate": "agent", "assistant": "agent",
    "caller": "customer", "guest": "customer", "member": "customer", "patient": "customer", "passenger": "customer",
    "respondent": "customer", "interviewee": "customer", "participant": "customer", "subscriber": "customer",
    "shopper": "customer", "kunde": "customer", "kundin": "customer", "anrufer": "customer",
    "anruferin": "customer", "gast": "customer", "cliente": "customer", "usuario": "customer", "cliente final":
    "customer", "acheteur": "customer", "usager": "customer", "appelant": "customer",
    "rep": "agent", "csr": "agent", "advisor": "agent", "adviser": "agent", "customer service": "agent",
    "customer support": "agent", "support agent": "agent", "service agent": "agent", "customer care": "agent",
    "helpdesk": "agent", "help desk": "agent", "interviewer": "agent", "moderator": "agent", "manager": "agent",
    "employee": "agent", "consultant": "agent", "mitarbeiter": "agent", "mitarbeiterin": "agent", "berater": "agent",
    "beraterin": "agent", "kundenservice": "agent", "kundendienst": "agent", "agente": "agent", "asesor": "agent",
    "asesora": "agent", "soporte": "agent", "conseiller": "agent", "conseillère": "agent",
    "service client": "agent", "assistance": "agent", "technician": "agent", "receptionist": "agent",
    "chatbot": "bot", "virtual assistant": "bot", "virtual agent": "bot", "ivr": "bot", "auto reply": "bot",
    "bot": "bot", "system": "system", "info": "system",
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
