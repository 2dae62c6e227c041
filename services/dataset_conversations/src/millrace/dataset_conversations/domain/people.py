"""Which of a record's own fields name people, so that their names are found in the conversation's texts too."""

import re
from collections.abc import Iterable, Iterator

from millrace.contracts.records import Record
from millrace.contracts.roles import OTHER

_NOT_A_LETTER = re.compile(r"[\W\d_]+")
_HEADERS = re.compile(
    r"name|fullname|firstname|lastname|surname|givenname|familyname|nickname|customername|clientname|username|contactname"
    r"|reviewername|authorname|author|reviewer|sender|requester|agent|agentname|assignee|assignedto|handledby|owner|rep"
    r"|representative|employee|kunde|kundenname|vorname|nachname|bearbeiter|mitarbeiter|nom|pr[eé]nom|client|conseiller"
    r"|nombre|apellidos?|cliente|agente|nome|cognome|naam|voornaam|achternaam"
)
"""Headers of attributes, in lower case and without anything between their words."""


def about_people(records: Iterable[Record]) -> Iterator[str]:
    """Values of fields that name a person; they may be ids or addresses as well."""
    for record in records:
        yield record.customer_ref
        if record.role == OTHER:
            yield record.author_role
        for header, value in record.attrs.items():
            if _HEADERS.fullmatch(_NOT_A_LETTER.sub("", header.casefold())):
                yield value
