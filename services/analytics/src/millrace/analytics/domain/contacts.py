"""What customers get in touch about: reasons by conversation, cues by record, and the things they name."""

import numpy as np
import pandas as pd

from millrace.analytics.domain import estimates, quotes
from millrace.analytics.domain.conversations import reasons_of, shift
from millrace.analytics.domain.estimates import rounded
from millrace.analytics.domain.mentions import by_customers, customer_units, label, net_sentiment
from millrace.contracts.insights import Contacts, EntityCount, Estimate, FlagShare, ReasonShare

MIN_ENTITY = 2
"""Records that name a thing: what one record names is a detail of it."""
TINY = 20
"""Records under which a thing that is named once is told too."""
MOST_ENTITIES = 20
EVIDENCE = 10


def count_contacts(annotations: pd.DataFrame) -> Contacts:
    """Contact reasons, cues that ask for action, things that are named, and how conversations turn.

    `annotations` has the columns of its contract's table; duplicates and agents do not count. Reasons are shares of
    the conversations in which a customer speaks, flags of the records.
    """
    units = customer_units(annotations)
    if units.empty:
        return Contacts(note="no customer's text was looked at")
    # A record without a thread is its own conversation, and releases before this column knew records only.
    units = units.assign(conv_id=units["conv_id"].fillna(units["record_id"]))
    n = int(units["conv_id"].nunique())
    reasons, unknown = _reasons(units, n) if units["reason"].notna().any() else ((), None)
    spoken = annotations[by_customers(annotations) & annotations["conv_id"].isin(units["conv_id"])]
    moved, turned = shift(spoken)
    notes = ("" if unknown else "no contact reasons were looked for", _unread(units, n), turned)
    return Contacts(
        conversations=n, reasons=reasons, unknown=unknown, flags=_flags(units), entities=_entities(units), shift=moved,
        note="; ".join(filter(None, notes)),
    )  # fmt: skip


def _reasons(units: pd.DataFrame, n: int) -> tuple[tuple[ReasonShare, ...], Estimate]:
    """Every reason, the most frequent first, and the share of conversations without one."""
    own = reasons_of(units)
    counts = own.value_counts()
    order = sorted(counts.index, key=lambda reason: (-counts[reason], reason))
    told = units[units["reason"] == units["conv_id"].map(own)]
    found = tuple(_reason(reason, int(counts[reason]), n, units, told) for reason in order)
    return found, estimates.share(n - len(own), n)


def _reason(reason: str, conversations: int, n: int, units: pd.DataFrame, told: pd.DataFrame) -> ReasonShare:
    net, typical = net_sentiment(units[units["reason"] == reason]), told[told["reason"] == reason]
    return ReasonShare(
        id=reason, label=label(reason), conversations=conversations, share=estimates.share(conversations, n),
        sentiment=net if net.n else None, quotes=quotes.show(typical, typical["reason_confidence"].fillna(0.0)),
    )  # fmt: skip


def _unread(units: pd.DataFrame, n: int) -> str:
    """How many conversations hold nothing that could be judged: another language, or no words."""
    unread = n - int(units.loc[units["sentiment"].notna(), "conv_id"].nunique())
    return f"{unread} of {n} conversations hold nothing that could be read" if unread else ""


def _flags(units: pd.DataFrame) -> tuple[FlagShare, ...]:
    """Every flag that some record has, the most frequent first."""
    records = int(units["record_id"].nunique())
    flags = units["flags"].explode().dropna()
    found = [_flag(str(flag), units.loc[own.index.unique()], records) for flag, own in flags.groupby(flags)]
    return tuple(sorted(found, key=lambda each: (-each.records, each.id)))


def _flag(flag: str, units: pd.DataFrame, n: int) -> FlagShare:
    records, strongest = int(units["record_id"].nunique()), -units["sentiment"].fillna(0.0)
    return FlagShare(
        id=flag, label=label(flag), records=records, share=estimates.share(records, n),
        quotes=quotes.show(units, strongest),
    )  # fmt: skip


def _entities(units: pd.DataFrame) -> tuple[EntityCount, ...]:
    """The things that most records name, the same thing in any case of its letters; at most twenty."""
    named = units[["record_id", "sentiment", "entities"]].explode("entities").dropna(subset=["entities"])
    if named.empty:
        return ()
    spans = pd.DataFrame(named["entities"].tolist())[["kind", "value"]]
    named = pd.concat([named[["record_id", "sentiment"]].reset_index(drop=True), spans], axis=1)
    named = named.assign(value=named["value"].str.split().str.join(" "))
    named = named.assign(key=named["value"].str.casefold())
    least = MIN_ENTITY if units["record_id"].nunique() >= TINY else 1
    counts = named.groupby(["kind", "key"])["record_id"].nunique().reset_index(name="records")
    ranked = counts.sort_values(["records", "kind", "key"], ascending=[False, True, True])
    often = ranked[ranked["records"] >= least].head(MOST_ENTITIES)
    return tuple(
        _entity(kind, named[(named["kind"] == kind) & (named["key"] == key)])
        for kind, key in zip(often["kind"], often["key"], strict=True)
    )


def _entity(kind: str, named: pd.DataFrame) -> EntityCount:
    records = np.sort(named["record_id"].unique())
    spellings = named["value"].value_counts()
    sentiment = named["sentiment"].mean()
    return EntityCount(
        kind=kind, value=min(spellings.index, key=lambda spelling: (-spellings[spelling], spelling)),
        records=len(records), sentiment=None if np.isnan(sentiment) else rounded(sentiment),
        evidence=tuple(records[:EVIDENCE]),
    )  # fmt: skip
