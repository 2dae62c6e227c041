"""Who speaks in a transcript: the customer's side or the company's."""

import re
from collections.abc import Iterable, Mapping, Sequence

from millrace.contracts.roles import AGENT, CUSTOMER
from millrace.ingestion.domain.synonyms import ROLES, is_known, phrase

_LABELS = frozenset({
    "pros", "cons", "pro", "contra", "note", "notes", "to", "cc", "re", "ps", "p s", "summary", "conclusion", "fazit",
    "tip", "tipp", "total", "phone", "tel", "address", "hinweis", "plus", "minus", "positiv", "negativ", "positive",
    "negative", "likes", "dislikes", "http", "https", "example", "warning", "error", "update", "edit", "vorteile",
    "nachteile", "avantages", "inconvénients", "ventajas", "desventajas", "version", "price", "category", "page",
})  # fmt: skip
"""What stands before a colon and is nobody."""
_INTERVIEW = {"q": "agent", "a": "customer", "f": "agent", "p": "agent", "r": "customer"}
"""Question and answer in English, German, and Spanish or French."""
_GREETING = re.compile(
    r"(?:thank(?:s| you) for (?:calling|contacting|reaching|chatting)|how (?:can|may) i (?:help|assist)"
    r"|you(?:'re| are) (?:through|speaking|chatting) (?:to|with)|wie kann ich (?:ihnen |dir )?(?:weiter)?helfen"
    r"|was kann ich für (?:sie|dich) tun|danke für (?:ihren|deinen) anruf|en quoi puis-je|comment puis-je vous aider"
    r"|merci (?:d'avoir appelé|de nous contacter)|en qué (?:le |te )?puedo ayudar|gracias por (?:llamar|contactar))",
    re.IGNORECASE,
)
"""How those who are paid for it begin a conversation."""


def role_in(label: str) -> str:
    """The role that a speaker's name says, `Agent Ann` or `Ann (Support)`; empty for a mere name."""
    whole = phrase(label)
    if whole in ROLES:
        return ROLES[whole]
    return next((ROLES[word] for word in whole.split() if word in ROLES), "")


def is_speaker(label: str) -> bool:
    """Whether a word before a colon can be somebody's name or role."""
    name = phrase(label)
    if not name or len(name.split()) > 5 or name in _LABELS:
        return False
    return bool(role_in(label)) or not is_known(label)


def roles_of(turns: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """The role of each speaker of one conversation, out of its (speaker, text) turns; empty where nothing tells.

    Names that say a role decide. Who is left is on the other side. Where no name says anything, who greets as agents
    do is the agent.
    """
    names = list(dict.fromkeys(speaker for speaker, _ in turns))
    if len(names) > 1 and all(phrase(name) in _INTERVIEW for name in names):
        return {name: _INTERVIEW[phrase(name)] for name in names}
    roles = {name: role_in(name) for name in names}
    if not any(roles.values()):
        greeting = next((speaker for speaker, text in turns if _GREETING.search(text[:300])), None)
        return {name: (AGENT if name == greeting else CUSTOMER) if greeting else "" for name in names}
    missing = _missing_side(roles.values())
    return {name: role or missing for name, role in roles.items()}


def _missing_side(known: Iterable[str]) -> str:
    found = set(known)
    if CUSTOMER not in found:
        return CUSTOMER
    return CUSTOMER if AGENT in found else AGENT
