"""Bytes to text: marks, declarations, guesses, and bytes that fit nothing."""

import pytest

from millrace.ingestion.domain.decoding import decode

GERMAN = "Die Lieferung kam zu spät und die Größe passt nicht \u2013 schade.\n"
FRENCH = "Très déçu, la livraison a été retardée. J'ai dû réclamer à l'été.\n"
SPANISH = "El envío llegó tarde, ¡qué decepción! El niño está triste.\n"
RUSSIAN = "Доставка опоздала, размер не подошёл. Очень разочарован покупкой.\n" * 5
POLISH = "Dostawa była spóźniona, rozmiar nie pasuje, żółty kolor. Świetna jakość.\n" * 5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-8"])
def test_a_marked_or_utf8_file_is_read_without_a_guess(encoding: str) -> None:
    decoded = decode(GERMAN.encode(encoding))
    assert decoded.text == GERMAN
    assert decoded.notes == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_nul_bytes(encoding: str) -> None:
    decoded = decode(GERMAN.encode(encoding))
    assert (decoded.text, decoded.encoding) == (GERMAN, encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"), (FRENCH, "cp1252"), (SPANISH, "cp1252"), (FRENCH, "mac_roman"), (GERMAN, "mac_roman"),
        (SPANISH, "mac_roman"), (RUSSIAN, "cp1251"), (POLISH, "cp1250"),
    ],
)  # fmt: skip
def test_a_code_page_is_guessed_and_said(text: str, encoding: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.notes == (f"read as {encoding}, by guess",)


def test_a_declared_charset_needs_no_guess() -> None:
    decoded = decode("coûte 3 €".encode("cp1252"), charset="windows-1252")
    assert (decoded.text, decoded.notes) == ("coûte 3 €", ())


@pytest.mark.parametrize("charset", ["rot13", "no-such-charset", "unicode_escape", "x" * 300, "\0"])
def test_a_charset_that_is_no_text_encoding_is_passed_over(charset: str) -> None:
    assert decode("Größe".encode(), charset).text == "Größe"


def test_mostly_utf8_with_a_broken_byte_stays_utf8_and_says_what_was_lost() -> None:
    # given a file glued together from UTF-8 and one line of something else
    data = (GERMAN * 3).encode() + b"caf\xe9 noir\n"
    # when it is decoded
    decoded = decode(data)
    # then only that character is lost
    assert decoded.text == GERMAN * 3 + "caf\ufffd noir\n"
    assert decoded.notes == ("1 characters could not be read",)


def test_nul_characters_are_dropped_and_said() -> None:
    decoded = decode(b"Gr\0eat shop, would order again")
    assert decoded.text == "Great shop, would order again"
    assert decoded.notes == ("NUL characters were dropped",)
