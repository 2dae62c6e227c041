"""EML and MBOX: texts, threads, sides, and messages that are out to hurt."""

import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.html_text import text_of_html
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options

ANN, BOB, DESK, CARL = "ann@gmail.com", "bob@gmail.com", "support@shop.example", "carl@shop.example"


def mail(sender: str = ANN, to: str = DESK, text: str = "Where is my parcel?", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def mbox(*messages: EmailMessage | bytes) -> bytes:
    parts = [bytes(message) for message in messages]
    escaped = [part.replace(b"\nFrom ", b"\n>From ") for part in parts]
    return b"".join(b"From x@y Fri Jan  5 10:32:11 2024\n" + part + b"\n\n" for part in escaped)


def test_a_message_becomes_a_record() -> None:
    # given
    message = mail("Änn <Ann@Gmail.com>", Subject="Re: Späte Lieferung", Message_ID="<a@x>")
    message["Date"] = "Fri, 05 Jan 2024 10:32:11 +0100"
    # when
    parsed = parse(bytes(message), "message/rfc822")
    # then: headers are decoded; who threads the record is its message id
    assert [record.model_dump(exclude_defaults=True) for record in parsed.records] == [
        {
            "record_id": "r000001", "text": "Where is my parcel?", "channel": "email", "thread_ref": "a@x",
            "created_at": datetime(2024, 1, 5, 9, 32, 11, tzinfo=UTC), "customer_ref": "ann@gmail.com",
        }
    ]  # fmt: skip
    assert parsed.mapping is not None
    assert (parsed.mapping.format, parsed.mapping.fields["customer_ref"]) == ("eml", "From")


@pytest.mark.parametrize(("media_type", "name"), [("", ""), ("text/plain", "x.txt"), ("text/csv", "x.csv")])
def test_mail_is_told_by_its_head_whatever_it_is_called(media_type: str, name: str) -> None:
    message = bytes(mail(Subject="Hello", Date="Fri, 05 Jan 2024 10:32:11 +0100"))
    for data, count in ((message, 1), (mbox(mail(), mail(BOB)), 2), (b"\r\n" + message, 1)):
        parsed = parse(data, media_type, name)
        assert [record.channel for record in parsed.records] == ["email"] * count


def test_a_line_that_begins_with_from_does_not_cut_a_message() -> None:
    parsed = parse(mbox(mail(text="Hello\n\nFrom Ulm it came at 10:32.\n"), mail(BOB)))
    assert [record.text for record in parsed.records] == ["Hello\n\nFrom Ulm it came at 10:32.", "Where is my parcel?"]


def test_messages_are_threaded_by_references_and_else_by_subject_and_people() -> None:
    # given a thread whose first message is missing, an answer without references, and a stranger with the same subject
    data = mbox(
        mail(Subject="Parcel", Message_ID="<1@x>", References="<0@x>"),
        mail(DESK, ANN, Subject="AW: Parcel", Message_ID="<2@x>", In_Reply_To="<1@x>"),
        mail(Subject="RE: AW: Parcel", Message_ID="<3@x>"),
        mail(BOB, Subject="Re: Parcel", Message_ID="<4@x>", To_="x"),
        mail("eve@else.example", "you@other.example", Subject="Re: Parcel", Message_ID="<5@x>"),
    )
    # when
    refs = [record.thread_ref for record in parse(data).records]
    # then
    assert refs == ["0@x", "0@x", "0@x", "4@x", "5@x"]


def test_the_desk_is_an_agent_and_speaks_to_its_customer() -> None:
    parsed = parse(
        mbox(
            mail(Message_ID="<1@x>"), mail(CARL, ANN, In_Reply_To="<1@x>"), mail(DESK, BOB, Subject="Your order"),
            mail(BOB),
        )
    )  # fmt: skip
    assert [(record.author_role, record.customer_ref) for record in parsed.records] == [
        ("customer", ANN), ("agent", ANN), ("agent", BOB), ("customer", BOB),
    ]  # fmt: skip
    assert parsed.notes == ("messages taken as the company's own, by address: 2",)


def test_whom_several_people_write_to_is_the_desk_even_under_another_name() -> None:
    desk = "zoe@shop.example"
    parsed = parse(mbox(mail(ANN, desk), mail(BOB, desk), mail(desk, ANN), mail("eve@shop.example", BOB)))
    assert [record.author_role for record in parsed.records] == ["customer", "customer", "agent", "agent"]


def test_in_a_companys_own_help_desk_colleagues_are_customers() -> None:
    parsed = parse(mbox(mail("ann@corp.example", "helpdesk@corp.example"), mail("helpdesk@corp.example", ANN)))
    assert [record.author_role for record in parsed.records] == ["customer", "agent"]


def test_the_plain_text_goes_before_html_and_html_before_nothing() -> None:
    # given
    both = mail(text="plain words")
    both.add_alternative("<p>html words</p>", subtype="html")
    only = mail(text=" ")
    only.add_alternative("<p>html&nbsp;words</p><blockquote>quoted<br>twice</blockquote>", subtype="html")
    only.add_attachment(b"x", maintype="application", subtype="pdf", filename="private.pdf")
    # when
    parsed = parse(mbox(both, only))
    # then: quotations stay, marked; attachments are counted and not named
    assert [record.text for record in parsed.records] == ["plain words", "html words\n\n> quoted\n> twice"]
    assert parsed.notes == ("attachments that were not read: 1",)


def test_copies_automatic_replies_and_silent_messages_are_set_aside() -> None:
    data = mbox(
        mail(Message_ID="<1@x>"), mail(Message_ID="<1@x>"), mail(BOB, Auto_Submitted="auto-replied"), mail(text=""),
        mail(text="x " * 15_000), mail(text="short\n" + "> quoted\n" * 4_000),
    )  # fmt: skip
    parsed = parse(data)
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [
        (2, "the same message once more"), (3, "an automatic reply"), (4, "neither text nor rating"),
        (5, "the text is longer than 20000 characters"),
    ]  # fmt: skip
    assert [record.text for record in parsed.records] == ["Where is my parcel?", "short"]


@pytest.mark.parametrize(
    ("charset", "declared", "text"),
    [("cp1252", "iso-8859-1", "Größe \u2013 schade"), ("utf-8", "nonsense", "Größe"), ("koi8_r", "koi8-r", "Доставка")],
)
def test_encodings_are_read_and_wrong_ones_survived(charset: str, declared: str, text: str) -> None:
    head = f"From: {ANN}\nTo: {DESK}\nSubject: x\nContent-Type: text/plain; charset={declared}\n"
    raw = (head + "Content-Transfer-Encoding: 8bit\n\n").encode() + text.encode(charset)
    assert parse(raw).records[0].text == text


def test_deep_nesting_takes_only_its_message_with_it() -> None:
    # given
    deep = f"From: {ANN}\nTo: {DESK}\nSubject: x\n".encode()
    for level in range(3_000):
        deep += f'Content-Type: multipart/mixed; boundary="{level}"\n\n--{level}\n'.encode()
    # when
    parsed = parse(mbox(mail(), deep))
    # then
    assert len(parsed.records) == 1
    assert parsed.set_aside[0].reason == "the message has more than 100 nested parts"


def test_a_mailbox_of_nothing_but_automatic_replies_is_refused_with_reasons() -> None:
    with pytest.raises(BadFile) as caught:
        parse(mbox(mail(Auto_Submitted="auto-replied")))
    assert (caught.value.code, caught.value.errors[0].reason) == ("no_usable_rows", "an automatic reply")


def test_a_mapping_for_mail_is_refused_rather_than_ignored() -> None:
    with pytest.raises(BadFile) as caught:
        parse(bytes(mail(Subject="x")), options=Options(mapping={"text": "Subject"}))
    assert caught.value.code == "mapping_without_columns"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two &amp; three</p>", "One\n\ntwo & three"),
        ("a<br>b<div>c</div>", "a\nb\nc"),
        ("<head><title>x</title></head><style>y</style>z<script>w</script>", "z"),
        ("<!-- x --><!DOCTYPE html>a<!-- open", "a"),
        ("a < b and <unclosed", "a < b and <unclosed"),
        ("<a href='x>y'>z</a>", "y'>z"),
    ],
)
def test_html_reads_as_a_browser_shows_it(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    "piece", ["<", "<!", "<!-", "<!--", "</", "<a ", "<a b='", "&", "<style>", "<blockquote>", "<?"]
)
def test_hostile_html_is_read_in_time(piece: str) -> None:
    # A square would take minutes over this length; what is asserted is only that it ends with a text.
    assert isinstance(text_of_html(piece * (200_000 // len(piece))), str)


def test_a_tag_whose_name_never_ends_is_text() -> None:
    began = time.perf_counter()
    assert text_of_html("<" + "a" * 200_000).startswith("<aaa")
    assert time.perf_counter() - began < 20, "a minute and more, where time goes by the square"
