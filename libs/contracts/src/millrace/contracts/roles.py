"""Who wrote a record, in three words: producers send names and addresses of people in this field too."""

import re

CUSTOMER, AGENT, OTHER = "customer", "agent", "other"

_AGENTS = re.compile(
    r"agent|support|staff|operator|representative|bot|employee|advis[eo]r|assistant|moderator|admin(?:istrator)?|manager"
    r"|seller|vendor|company|business|team|system|chatbot|mitarbeiter(?:in)?|agente|asesora?|conseill(?:er|ère)|operatore"
    r"|medewerker"
)
"""Author roles that answer rather than ask."""
_CUSTOMERS = re.compile(
    r"customer|user|client|consumer|guest|buyer|patient|visitor|reviewer|author|requester|member|subscriber|enduser"
    r"|caller|respondent|shopper|kund(?:e|in)|cliente|acheteur|klant"
)
_NOT_A_LETTER = re.compile(r"[\W\d_]+")


def role_of(author_role: str) -> str:
    """`customer` also where nothing is given; `other` for what is no known role, and may be a person."""
    word = _NOT_A_LETTER.sub("", author_role.casefold())
    if _AGENTS.fullmatch(word):
        return AGENT
    return CUSTOMER if not author_role.strip() or _CUSTOMERS.fullmatch(word) else OTHER
