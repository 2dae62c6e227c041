"""Personal strings of every kind, and what looks like them. All fictional: reserved domains, numbers and examples."""

import random
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from millrace.testing.corpus import vocabulary

_CARDS = (
    "4111111111111111", "4242424242424242", "4012888888881881", "5555555555554444", "5105105105105100",
    "2223003122003222", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
    "3530111333300000",
)  # fmt: skip
"""Numbers that payment processors publish for tests."""
_IBANS = (
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "ES9121000418450200051332",
    "NL91ABNA0417164300", "IT60X0542811101000000123456", "SE4550000000058398257466", "PL61109010140000071219812874",
    "PT50000201231234567890154", "FI2112345600000785", "TR330006100519786457841326", "BE68539007547034",
    "AT611904300234573201", "CH9300762011623852957",
)  # fmt: skip
"""Examples of the SWIFT IBAN registry."""
_PHONES = (
    "(212) 555-01{n:02d}", "+1 415 555 01{n:02d}", "312-555-01{n:02d}", "1-617-555-01{n:02d}", "303.555.01{n:02d}",
    "020 7946 09{n:02d}", "+44 20 7946 03{n:02d}", "0161 496 05{n:02d}", "07700 9001{n:02d}", "+44 7700 9007{n:02d}",
    "030 23125 1{n:02d}", "+49 89 99998 4{n:02d}", "0171/39200{n:02d}", "(040) 66969-2{n:02d}",
    "0049 30 23125 7{n:02d}",
    "01 99 00 12 {n:02d}", "06.39.98.45.{n:02d}", "+33 6 39 98 77 {n:02d}",
    "0491 570 156", "(02) 5550 31{n:02d}", "08-465 004 {n:02d}", "+46 8 465 004 {n:02d}",
)  # fmt: skip
"""Ranges kept for fiction: 555-01xx, and those of Ofcom, the Bundesnetzagentur, Arcep, ACMA and PTS."""
_STREETS = (
    "{n} Example Street", "{n} Sample Avenue", "{n} Nowhere Lane", "{n} Placeholder Road, Apt 4", "Musterstraße {n}",
    "Beispielweg {n}a", "{n} rue de l'Exemple", "{n} avenue du Modèle", "Calle Falsa {n}", "Calle del Ejemplo, {n}",
    "Via Esempio {n}", "Voorbeeldstraat {n}",
)  # fmt: skip
_TOWNS = ("Anytown", "12345 Musterstadt", "99999 Nulleville", "Springfield, ZZ 00000", "Testwick")
_MONTHS = ("January", "March", "May", "June", "September", "November")

Maker = Callable[[random.Random], str]


@cache
def sentences() -> Mapping[str, list[str]]:
    """Kind → sentences with a slot of that name; `decoy` has slots of several names."""
    return tomllib.loads((files("millrace.testing.corpus") / "phrases" / "personal.toml").read_text("utf-8"))


def email(rng: random.Random) -> str:
    """An address under a domain that nobody can own (RFC 2606)."""
    plain = vocabulary.email(rng)
    local, _, _ = plain.partition("@")
    return rng.choice((plain, f"{local}+shop@example.net", f"{local}@mail.example.com", plain.upper()))


def phone(rng: random.Random) -> str:
    """A number out of a range for fiction of one of six countries."""
    return rng.choice(_PHONES).format(n=rng.randrange(100))


def card(rng: random.Random) -> str:
    """A test card number as people write it."""
    digits = rng.choice(_CARDS)
    cuts = (4, 10) if len(digits) == 15 else (4, 8, 12)
    parts = [digits[start:end] for start, end in zip((0, *cuts), (*cuts, None), strict=True)]
    return rng.choice(("", " ", "-")).join(parts)


def iban(rng: random.Random) -> str:
    """An example IBAN, in groups of four or in one piece."""
    letters = rng.choice(_IBANS)
    return letters if rng.random() < 0.4 else " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def address(rng: random.Random) -> str:
    """Street and number. The town is in the sentence, and is nobody's secret by itself."""
    return rng.choice(_STREETS).format(n=rng.randint(3, 189))


KINDS: Mapping[str, Maker] = {
    "email": email, "phone": phone, "card": card, "iban": iban, "address": address, "name": vocabulary.personal_name,
}  # fmt: skip


def statement(rng: random.Random, kind: str) -> tuple[str, str]:
    """A sentence with a personal string in it, and the string."""
    value = KINDS[kind](rng)
    return rng.choice(sentences()[kind]).format(**{kind: value}, town=rng.choice(_TOWNS)), value


def decoy(rng: random.Random) -> str:
    """A sentence with a number that is nobody's."""
    return rng.choice(sentences()["decoy"]).format(**{name: make(rng) for name, make in _NUMBERS.items()})


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randint(10 ** (count - 1), 10**count - 1))


def _gift_card(rng: random.Random) -> str:
    """Sixteen digits whose check digit is wrong (ISO/IEC 7812-1)."""
    digits = _digits(rng, 15)
    doubled = (sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit) for place, digit in enumerate(digits))
    number = f"{digits}{(1 - sum(doubled)) % 10}"
    return " ".join(number[at : at + 4] for at in range(0, 16, 4))


_NUMBERS: Mapping[str, Maker] = {
    "order": lambda rng: rng.choice((_digits(rng, 8), _digits(rng, 10), f"{_digits(rng, 3)}-{_digits(rng, 7)}")),
    "tracking": lambda rng: rng.choice(
        (f"1Z999AA1{_digits(rng, 10)}", f"00340434{_digits(rng, 12)}", f"RR{_digits(rng, 9)}DE")
    ),
    "invoice": lambda rng: rng.choice((f"INV-2025-{_digits(rng, 5)}", f"2025/{_digits(rng, 6)}")),
    "date": lambda rng: rng.choice(("2025-09-{d:02d}", "{d:02d}/09/2025", "{d:02d}.11.2025", "{d:02d}-10-25")).format(
        d=rng.randint(1, 28)
    ),
    "day": lambda rng: f"{rng.choice(_MONTHS)} {rng.randint(1, 28)}, 2025",
    "time": lambda rng: f"2025-08-{rng.randint(10, 28)} {rng.randint(10, 23)}:{rng.randint(10, 59)}:07",
    "price": lambda rng: rng.choice(("$1,299.00", "1.049,00 EUR", "£49.99", "2 499,90 kr", "$ 1250")),
    "size": lambda rng: rng.choice(("90 x 200 x 30 cm", "38/32", "120-125 cm", "140x200", "0 2 4 6 8 10 12")),
    "version": lambda rng: rng.choice(("4.12.{n}", "v2.0.{n}", "build 20250914.{n}", "17.5.{n}")).format(
        n=rng.randint(1, 120)
    ),
    "ean": lambda rng: f"40{_digits(rng, 11)}",
    "serial": lambda rng: rng.choice((f"{_digits(rng, 4)}-2290-{_digits(rng, 4)}", f"9F3A-{_digits(rng, 4)}-0B7E")),
    "giftcard": _gift_card,
}  # fmt: skip
