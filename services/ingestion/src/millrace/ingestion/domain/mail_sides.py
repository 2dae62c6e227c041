"""Which side wrote a message: the customer, or the company's own desk."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from millrace.ingestion.domain.mail_head import Head
from millrace.ingestion.domain.mail_threads import Thread

_DESK = frozenset({
    "support", "help", "helpdesk", "service", "customerservice", "customercare", "care", "info", "contact", "hello",
    "feedback", "team", "office", "sales", "billing", "returns", "orders", "noreply", "donotreply", "complaints",
    "kundenservice", "kundendienst", "kontakt", "hilfe", "beschwerde", "reklamation", "rueckgabe",
    "bestellung", "serviceclient", "assistance", "aide", "sav", "reclamations", "soporte", "ayuda", "atencion",
    "contacto", "atencionalcliente", "reclamaciones", "mailer", "postmaster",
})  # fmt: skip
"""What companies call the mailboxes that customers write to."""
_PROVIDERS = frozenset({
    "gmail", "googlemail", "outlook", "hotmail", "live", "msn", "yahoo", "ymail", "icloud", "me", "mac", "aol", "gmx",
    "web", "freenet", "posteo", "mailbox", "proton", "protonmail", "pm", "orange", "wanadoo", "free", "laposte", "sfr",
    "telefonica", "terra", "mail", "yandex", "qq", "163", "comcast", "verizon", "att", "btinternet", "sky", "bluewin",
    "libero", "tiscali", "zoho", "fastmail", "hey", "t-online", "arcor", "1und1", "online", "seznam", "wp", "o2",
})  # fmt: skip
"""Providers whose addresses belong to anybody."""
_SEPARATORS = re.compile(r"[._+-]+")


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Who is who in a mailbox."""

    addresses: frozenset[str]
    """The desk's own."""
    domains: frozenset[str]
    """Where everybody belongs to the desk."""
    threads: Mapping[int, Thread]

    def is_agent(self, head: Head) -> bool:
        """Whether the company wrote it."""
        return self._is_desk(head.sender)

    def customer(self, head: Head) -> str:
        """The customer's address: the sender's, or that of the customer whom the desk answers; empty if unknown."""
        if head.sender and not self.is_agent(head):
            return head.sender
        thread = self.threads[head.number]
        wrote = (other.sender for other in thread.heads if other.sender and not self.is_agent(other))
        got = (address for address in head.recipients if not self._is_desk(address))
        return next(wrote, "") or next(got, "")

    def _is_desk(self, address: str) -> bool:
        return address in self.addresses or _domain(address) in self.domains


def sides_of(heads: Sequence[Head], threads: Mapping[int, Thread]) -> Sides:
    """The desk is whom several people write to, or who has a desk's name; its colleagues share its domain.

    Where nobody would be left as a customer, as in a company's internal help desk, the domain says nothing and only
    the addresses count.
    """
    desk = _desk_addresses(heads)
    domains = frozenset(domain for domain in map(_domain, desk) if domain.partition(".")[0] not in _PROVIDERS)
    sides = Sides(addresses=desk, domains=domains, threads=threads)
    if any(head.sender and not sides.is_agent(head) for head in heads):
        return sides
    return Sides(addresses=desk, domains=frozenset(), threads=threads)


def _desk_addresses(heads: Sequence[Head]) -> frozenset[str]:
    everybody = sorted({address for head in heads for address in (head.sender, *head.recipients) if address})
    named = frozenset(address for address in everybody if _has_desk_name(address))
    if named:
        return named
    writers: dict[str, set[str]] = {}
    for head in heads:
        for address in head.recipients:
            writers.setdefault(address, set()).add(head.sender)
    most = max(everybody, key=lambda address: len(writers.get(address, ())), default="")
    return frozenset({most}) if len(writers.get(most, ())) >= 2 else frozenset()


def _has_desk_name(address: str) -> bool:
    words = [word for word in _SEPARATORS.split(address.partition("@")[0]) if word]
    if "".join(words) in _DESK:
        return True
    # `support-de@` is a desk; `hello.kitty@` of a provider is anybody.
    return bool(words) and words[0] in _DESK and _domain(address).partition(".")[0] not in _PROVIDERS


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
