"""Known exports: recognised by their columns, in the words of their products and in four languages."""

import pytest

from millrace.contracts.api import ColumnMapping
from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Options, Parsed

A, B = "The parcel came far too late.", "Friendly people and a good price."


def csv(header: str, *rows: str, **options: str) -> Parsed:
    return parse("\n".join([header, *rows]).encode(), "text/csv", options=Options(mapping=options))


def mapped(parsed: Parsed) -> ColumnMapping:
    assert parsed.mapping is not None
    return parsed.mapping


ZENDESK = (
    "Id;Subject;Description;Created at;Updated at;Status;Requester;Requester id;Requester email;Assignee;Group;"
    "Priority;Satisfaction Score;Via;Brand;Tags",
    f"41;Parcel;{A};2024-01-05 10:00:00;2024-02-05 10:00:00;open;Ann;777;a@x.example;Carl;EU;high;Bad;email;Shop;late",
    f"42;Thanks;{B};2024-01-06 10:00:00;2024-02-06 10:00:00;open;Bo;778;b@x.example;Carl;EU;low;Good;chat;Shop;ok",
)
FRESHDESK = (
    "Ticket ID,Subject,Description,Status,Priority,Source,Agent,Created time,Due by Time,Resolved time,Closed time,"
    "Agent interactions,Survey results,Product,Full name,Title,Email,Contact ID",
    f"7,Parcel,{A},Open,Low,Email,Carl,2024-01-05 10:00:00,2024-01-06,,,2,Extremely unhappy,Shoes,Ann,CEO,a@x,91",
    f"8,Thanks,{B},Open,Low,Chat,Carl,2024-01-06 10:00:00,2024-01-07,,,1,Happy,Shoes,Bo,CTO,b@x,92",
)
INTERCOM = (
    "Conversation ID,Conversation started at (UTC),User ID,User email,Channel,First user message,Conversation rating,"
    "Conversation rating remark,Teammate assigned",
    f"c1,2024-01-05 10:00:00,u1,a@x.example,Chat,{A},1,,Carl",
    f"c2,2024-01-06 10:00:00,u2,b@x.example,Email,{B},5,great,Carl",
)
SCRAPED = (
    "reviewId,userName,content,score,thumbsUpCount,reviewCreatedVersion,at,replyContent,repliedAt,appVersion",
    f"gp:1,Ann,{A},1,3,1.2,2024-01-05 10:00:00,We are sorry to hear that.,2024-01-06 10:00:00,1.2",
    f"gp:2,Bo,{B},5,0,1.3,2024-01-06 10:00:00,Thank you for your kind words.,2024-01-07 10:00:00,1.3",
)
APP_STORE = (
    "rating,title,body,reviewerNickname,createdDate,territory",
    f"1,Late,{A},annash,2024-01-05T10:00:00-08:00,USA",
    f"5,Good,{B},bobirk,2024-01-06T10:00:00-08:00,DEU",
)


@pytest.mark.parametrize(
    ("export", "preset", "fields", "scale"),
    [
        (ZENDESK, "zendesk_tickets", {
            "text": "Description", "title": "Subject", "rating": "Satisfaction Score", "created_at": "Created at",
            "record_id": "Id", "thread_ref": "Id", "customer_ref": "Requester id", "channel": "Via", "product": "Brand",
        }, "binary"),
        (FRESHDESK, "freshdesk_tickets", {
            "text": "Description", "title": "Subject", "rating": "Survey results", "created_at": "Created time",
            "record_id": "Ticket ID", "thread_ref": "Ticket ID", "customer_ref": "Contact ID", "channel": "Source",
            "product": "Product",
        }, "stars5"),
        (INTERCOM, "intercom_conversations", {
            "text": "First user message", "rating": "Conversation rating",
            "created_at": "Conversation started at (UTC)", "record_id": "Conversation ID",
            "thread_ref": "Conversation ID", "customer_ref": "User ID", "channel": "Channel",
        }, "stars5"),
        (SCRAPED, "google_play_reviews", {
            "text": "content", "rating": "score", "created_at": "at", "record_id": "reviewId",
            "customer_ref": "userName",
        }, "stars5"),
        (APP_STORE, "app_store_reviews", {
            "text": "body", "title": "title", "rating": "rating", "created_at": "createdDate",
            "customer_ref": "reviewerNickname",
        }, "stars5"),
    ],
)  # fmt: skip
def test_an_export_is_named_and_its_columns_are_found(
    export: tuple[str, ...], preset: str, fields: dict[str, str], scale: str
) -> None:
    parsed = csv(*export)
    mapping = mapped(parsed)
    assert (mapping.preset, mapping.fields, mapping.scale) == (preset, fields, scale)
    assert [record.text for record in parsed.records] == [A, B]
    values = [record.rating.value for record in parsed.records if record.rating]
    assert len(values) == 2 and values[0] < values[1]


QUALTRICS = (
    "StartDate,EndDate,Status,IPAddress,Progress,Duration (in seconds),Finished,RecordedDate,ResponseId,UserLanguage,"
    "Q1,Q2,Q3",
    "Start Date,End Date,Response Type,IP Address,Progress,Duration (in seconds),Finished,Recorded Date,Response ID,"
    "User Language,How likely are you to recommend us?,What went wrong?,What went well?",
    ",".join(f'"{{""ImportId"":""{number}""}}"' for number in range(13)),
    f"2024-01-05 10:00:00,2024-01-05 10:02:00,0,10.0.0.1,100,120,1,2024-01-05 10:02:01,R_1,EN,2,{A},Not a thing was.",
    f"2024-01-06 10:00:00,2024-01-06 10:02:00,0,10.0.0.2,100,99,1,2024-01-06 10:02:01,R_2,EN,10,,{B}",
)
FORMS = (
    "Zeitstempel;Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?;Was ist der Grund für Ihre Bewertung?;Ort",
    "05.01.2024 10:00:00;2;Das Paket kam viel zu spät.;Ulm",
    "16.01.2024 10:00:00;10;Sehr nette Leute und gute Preise.;Bonn",
)
MONKEY = (
    "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,¿Qué tan satisfecho está?,¿Por qué?",
    ",,,,,,Response,Open-Ended Response",
    "11,5,01/05/2024 10:00:00 AM,01/15/2024 10:02:00 AM,10.0.0.1,a@x,Muy insatisfecho,El paquete llegó muy tarde",
    "12,5,01/06/2024 10:00:00 AM,01/16/2024 10:02:00 AM,10.0.0.2,b@x,Satisfecha,Buena gente y buen precio",
)
TYPEFORM = (
    "#,Recommanderiez-vous notre boutique ?,Pourquoi cette note ?,Start Date (UTC),Submit Date (UTC),Network ID,Tags",
    "x1,3,Le colis est arrivé très tard.,2024-01-05 10:00:00,2024-01-05 10:01:00,n1,",
    "x2,10,Des gens sympathiques et de bons prix.,2024-01-06 10:00:00,2024-01-06 10:01:00,n2,",
)


@pytest.mark.parametrize(
    ("export", "preset", "rating", "text", "scale"),
    [
        (QUALTRICS, "qualtrics_survey", "How likely are you to recommend us?", "What went wrong?", "nps"),
        (FORMS, "google_forms_survey", FORMS[0].split(";")[1], "Was ist der Grund für Ihre Bewertung?", "nps"),
        (MONKEY, "surveymonkey_survey", "¿Qué tan satisfecho está?", "¿Por qué?", "csat"),
        (TYPEFORM, "typeform_survey", "Recommanderiez-vous notre boutique ?", "Pourquoi cette note ?", "nps"),
    ],
)
def test_a_survey_is_named_and_its_questions_are_found(
    export: tuple[str, ...], preset: str, rating: str, text: str, scale: str
) -> None:
    parsed = csv(*export)
    mapping = mapped(parsed)
    assert (mapping.preset, mapping.fields["rating"], mapping.fields["text"], mapping.scale) == (
        preset, rating, text, scale,
    )  # fmt: skip
    assert len(parsed.records) == 2
    assert [bool(record.created_at) for record in parsed.records] == [True, True]


def test_a_surveys_other_answers_in_words_are_joined_to_the_text() -> None:
    parsed = csv(*QUALTRICS)
    assert mapped(parsed).also_text == ("What went well?",)
    assert [record.text for record in parsed.records] == [f"{A}\n\nNot a thing was.", B]


def test_the_producers_text_is_that_column_alone() -> None:
    parsed = csv(*QUALTRICS, text="What went well?")
    assert mapped(parsed).also_text == ()
    assert [record.text for record in parsed.records] == ["Not a thing was.", B]


def test_free_text_of_other_tables_is_not_joined() -> None:
    assert mapped(csv(*SCRAPED)).also_text == ()


@pytest.mark.parametrize(
    "header",
    [
        "Bewertungsdatum;Kundennummer;Sterne;Überschrift;Rezension",
        "Fecha de la opinión;Número de cliente;Valoración;Título;Opinión",
        "Date de l'avis;Identifiant client;Note globale;Titre de l'avis;Avis",
    ],
)  # fmt: skip
def test_plain_tables_in_other_languages(header: str) -> None:
    mapping = mapped(csv(header, f"2024-01-05;c1;5;Nice;{A}", f"2024-01-06;c1;2;Late;{B}"))
    date, customer, rating, title, text = header.split(";")
    assert mapping.fields == {
        "text": text, "title": title, "rating": rating, "created_at": date, "customer_ref": customer,
    }  # fmt: skip
    assert (mapping.preset, mapping.scale) == ("", "stars5")


def test_a_column_that_does_not_fit_is_not_forced_into_a_preset() -> None:
    broken = [
        row.replace(";Bad;", ";see notes of the call;").replace(";Good;", ";ask the team lead;") for row in ZENDESK
    ]
    mapping = mapped(csv(*broken))
    assert mapping.preset == "zendesk_tickets"
    assert "rating" not in mapping.fields
