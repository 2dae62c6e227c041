"""What the machine's names mean to a reader. What is not listed here is shown as it is, without its underscores."""

import re

from millrace.contracts.insights import Manifest
from millrace.contracts.outcome import INPUT_LOST, QUARANTINED, SET_ASIDE
from millrace.view.formats import GAP, percent

STEPS = {
    "conversations": "Texts and conversations",
    "ratings": "Ratings",
    "customers": "Customers",
    "operations": "Tickets",
    "annotate": "Tone and themes of each sentence",
    "duplicates": "Near-duplicates",
    "topics": "Topics",
    "phrases": "Key phrases",
    "summary": "Summary",
    "kpis": "Scores",
    "trends": "Trends",
    "forecast": "Forecast",
    "service_levels": "Service levels",
    "segments": "Segments",
    "impact": "Themes and their impact",
    "drivers": "Drivers",
    "contacts": "Contact reasons",
    "changes": "Change points and anomalies",
    "emerging": "Emerging themes",
    "risks": "Customers at risk",
    "report": "Report",
    "batch": "Batch",
    "forecasts": "Forecast",
    "themes": "Themes",
}
"""Steps of the flows that come with the project."""

SEEN = {
    "conversations": "records with text",
    "ratings": "records with a rating",
    "customers": "records with a customer",
    "operations": "records of tickets",
    "annotate": "sentences",
    "duplicates": "records with text",
    "topics": "sentences",
    "phrases": "sentences",
    "summary": "sentences",
    "trends": "ratings with a date",
    "impact": "ratings",
    "drivers": "ratings",
    "segments": "ratings",
    "changes": "ratings",
    "contacts": "conversations",
    "risks": "customers",
}
"""What a step's coverage counts."""

REASONS = {
    "deadline_passed": "not done when its time was up",
    "soft_time_limit": "took longer than it may",
    "input_missing": "what it works on is missing",
    INPUT_LOST: "what it works on was lost",
    QUARANTINED: "broke its workers again and again and was given up",
    SET_ASIDE: "records that broke its workers were set aside",
    "internal_error": "failed through a fault of the service",
    "bad_message": "was asked for something it does not understand",
    "no_outcome": "never reported back",
    "timed_out": "not done when its time was up",
    "failed": "failed",
    "skipped": "left out",
}

CHECKS = {
    "conversation_ids_unique": "Every conversation has an id of its own",
    "closed_after_opened": "Conversations end after they begin",
    "turn_ids_unique": "Every message has an id of its own",
    "times_ordered": "Times are in order",
    "times_given": "Records carry a time",
    "times_readable": "Times can be read",
    "texts_filled": "Every message holds text",
    "nothing_personal_left": "Everything personal is masked",
    "unknown_language": "The language is known",
    "language_probabilities": "Certainty about the language is between 0 and 1",
    "masked_counts": "Counts of what was masked are 0 or more",
    "unit_ids_unique": "Every sentence has an id of its own",
    "units_filled": "Every sentence holds text",
    "offsets_ordered": "Sentences end after they begin",
    "empty_texts": "Records have a text",
    "all_looked_at": "Every record was looked at",
    "record_ids_unique": "Every rated record appears once",
    "on_scale": "Ratings are within their scale",
    "segments_filled": "Every segment has a value",
    "rated_records": "Records have a rating",
    "customers_unique": "Every customer appears once",
    "contacts_counted": "Every customer made contact",
    "ratings_on_scale": "Customers' mean ratings are within their scale",
    "rates_not_negative": "Rates of contact are 0 or more",
    "tenures_not_negative": "Customers' tenures are 0 or more",
    "contact_ids_unique": "Every contact has an id of its own",
    "contacts_have_customers": "Every contact is a customer's",
    "conversations_unique": "Every ticket appears once",
    "replies_not_negative": "Times to the first reply are 0 or more",
    "resolutions_not_negative": "Times to resolution are 0 or more",
    "durations_not_negative": "No duration had to be left out",
    "hours_ordered": "Hours are in order",
    "backlog_not_negative": "The backlog is 0 or more",
}
"""What holds when a check passes. Those of columns and empty cells have a name for each table, see `check`."""

BREACHES = {"not_nullable": "has empty cells", "column_in_dataframe": "is missing"}
"""What is wrong with a column, by pandera's name for it."""

TABLES = {"units": "sentences", "turns": "messages", "hourly": "hours"}

MASKED = {
    "url": "links with a login",
    "email": "e-mail addresses",
    "iban": "bank accounts (IBAN)",
    "card": "payment cards",
    "phone": "phone numbers",
    "name": "names",
    "address": "postal addresses",
}

LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nb": "Norwegian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "und": "not known", "unknown": "not known", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip

FORECASTS = {
    "seasonal-naive": "the same day of the week before (seasonal-naive)",
    "ets": "exponential smoothing (ETS)",
    "weekday-mean": "the mean of the same weekday over eight weeks",
    "recent-weekday-mean": "the mean of the same weekday over three weeks",
    "weekday-line": "a straight line with a weekday pattern",
}

RISK_METHODS = {
    "points": "a points score: reasons add up, nothing was learnt from customers who left",
    "logistic": "a logistic model, learnt from the customers who left according to the producer's data",
}

_COUNTED = re.compile(r"(?:[a-z_]+: )?(?P<n>\d+) (?P<what>(?!of\b)[a-z].*)")
_BREACHES = re.compile(r"[a-z_]+: [a-z_]+(?:; [a-z_]+: [a-z_]+)*")


def plain(name: str) -> str:
    """A machine name that has no words of its own."""
    return name.replace("_", " ").replace("-", " ").strip()


def step(name: str) -> str:
    """A step as a heading."""
    return STEPS.get(name) or plain(name).capitalize()


def inside(title: str) -> str:
    """A heading within a sentence."""
    return f"{title[:1].lower()}{title[1:]}"


def seen(name: str) -> str:
    """What a step's coverage counts, in the plural."""
    return SEEN.get(name, "rows")


def check(name: str) -> str:
    """What holds when a check passes."""
    if name.endswith("_schema"):
        return f"The {table(name.removesuffix('_schema'))} have all their columns, and values where they must"
    return CHECKS.get(name) or plain(name).capitalize()


def detail(text: str) -> str:
    """What a check found, without the column that it looked at: `unit_id: 3 repeated ids` as `repeated ids: 3`."""
    counted = _COUNTED.fullmatch(text)
    if counted:
        return f"{counted['what']}: {int(counted['n']):,}"
    if _BREACHES.fullmatch(text):
        return ", ".join(_breach(each) for each in text.split("; "))
    return re.sub(r"^[a-z_]+: ", "", text)


def _breach(text: str) -> str:
    """A column and what is wrong with it."""
    column, _, kind = text.partition(": ")
    return f"{plain(column)} {BREACHES.get(kind, f'fails {plain(kind)}')}"


def table(name: str) -> str:
    """What a dataset's rows are."""
    return TABLES.get(name) or plain(name)


def language(code: str) -> str:
    """A language by its code."""
    return LANGUAGES.get(code, code)


def reason(given: str) -> str:
    """Why a step is missing; a rider in parentheses, such as how many parts were done, is kept."""
    code, _, rider = given.partition(" (")
    return f"{REASONS.get(code) or plain(code)}{f' ({rider}' if rider else ''}"


def partly(given: str) -> bool:
    """Whether a gap's reason says that some of the step's parts were done."""
    return given.endswith(" parts done)")


def languages(manifest: Manifest) -> str:
    """The languages that a dataset found, the largest first: `English 97 %, German 2 %`."""
    found = sorted(
        ((share, key.removeprefix("lang_")) for key, share in manifest.shares.items() if key.startswith("lang_")),
        key=lambda pair: (pair[1] in ("unknown", "und"), -pair[0], pair[1]),
    )
    return ", ".join(f"{language(code)}{GAP}{percent(share)}" for share, code in found if share)


def masked(manifest: Manifest) -> list[tuple[str, int]]:
    """What personal data was replaced, and how often."""
    kinds = {key.removeprefix("masked_"): value for key, value in manifest.facts.items() if key.startswith("masked_")}
    return [(MASKED.get(kind, plain(kind)), int(found)) for kind, found in sorted(kinds.items()) if found]


def note(text: str) -> tuple[str, str]:
    """A note as what it is about and what it says: `trends: no dates` as `Trends` and `No dates.`."""
    about, colon, said = text.partition(": ")
    if not colon or not re.fullmatch(r"[a-z][a-z_. ]*", about):
        return "", _sentence(text)
    about = about.replace(" ", "_")
    failed = re.fullmatch(r"check (\w+) failed(?:: (.*))?", said)
    if failed:
        said = f"{check(failed[1])}: not so{f' ({detail(failed[2])})' if failed[2] else ''}"
    return step(about.rpartition(".")[2]) if about.startswith("dataset.") else step(about), _sentence(said)


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""
