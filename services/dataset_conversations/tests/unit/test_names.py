import pytest

from millrace.dataset_conversations.domain.masking import Masker, known_people


def masked(text: str) -> str:
    return Masker().mask(text, known_people([text])).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Agent Marco helped me and Marco was great", "Agent [NAME_1] helped me and [NAME_1] was great"),
        ("I spoke to Priya and she was kind.", "I spoke to [NAME_1] and she was kind."),
        ("Priya from customer service was great", "[NAME_1] from customer service was great"),
        ("The agent called Luis told me so", "The agent called [NAME_1] told me so"),
        ("Mr. Thompson never called back", "Mr. [NAME_1] never called back"),
        ("Mein Name ist Jürgen Müller. Herr Müller wartet.", "Mein Name ist [NAME_1]. Herr [NAME_1] wartet."),
        ("Danke.\nLiebe Grüße\nSabine", "Danke.\nLiebe Grüße\n[NAME_1]"),
        ("Mit freundlichen Grüßen,\nDr. Hans Meier", "Mit freundlichen Grüßen,\nDr. [NAME_1]"),
        ("Sehr geehrte Frau Schmidt,\nso geht das nicht", "Sehr geehrte Frau [NAME_1],\nso geht das nicht"),
        ("Je m'appelle Camille Dubois, et", "Je m'appelle [NAME_1], et"),
        ("Bonjour Camille,\nmerci", "Bonjour [NAME_1],\nmerci"),
        ("Me llamo José García y quiero", "Me llamo [NAME_1] y quiero"),
        ("Gracias.\nUn saludo,\nCarmen", "Gracias.\nUn saludo,\n[NAME_1]"),
        (
            "Anna: hello\nBen: hi\nAnna: where is it\nBen: soon",
            "[NAME_1]: hello\n[NAME_2]: hi\n[NAME_1]: where is it\n[NAME_2]: soon",
        ),
        ("[10:02] Anna: hello", "[10:02] [NAME_1]: hello"),
        ("Priya here. Still no parcel", "[NAME_1] here. Still no parcel"),
        ("Hello there, Jean-Luc Moreau here - any news?", "Hello there, [NAME_1] here - any news?"),
        ("No news yet.\nThis is Priya again. Priya waits", "No news yet.\nThis is [NAME_1] again. [NAME_1] waits"),
    ],
)
def test_cues_of_several_languages(text: str, expected: str) -> None:
    # Given a greeting, a signature, a helper or a speaker / When the text is masked / Then the name is gone
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Pros:\n- Soft\n- Warm",
        "Pros: soft\nCons: thin",
        "Dear customer service,\nno",
        "I spoke to Customer Service and they",
        "Thanks to everyone. The whole team helped me",
        "Dr. Martens are great. Nobody helped me",
        "Hi there,\nfine\nLove,\nEverything",
        "Nothing here.",
        "Happy Customer here, first time buyer here.",
        "Delicious here! Nice Food here.",
        "Longtime Shopper here.\nSame here",
        "Look Here. Size M here. PETITE HERE.",
        "This is great again. This is Great again.",
        "This is Black Friday again. This is Groundhog Day again, this is Christmas again",
    ],
)
def test_words_where_a_name_might_stand_stay(text: str) -> None:
    # Given cues without a name / When the text is masked / Then it is as it was
    assert masked(text) == text


def test_a_part_of_a_known_name_is_the_same_person() -> None:
    # Given a full name, and later each part of it, one of which is a word
    text = "My name is Anna May Kowalski. Anna wrote in May, Kowalski wrote again."

    # When it is masked / Then the parts are masked too, but for the word
    assert masked(text) == "My name is [NAME_1]. [NAME_1] wrote in May, [NAME_1] wrote again."


def test_fields_that_hold_no_name_make_nobody_known() -> None:
    # Given an id, an address, an ordinary word and nothing / When people are looked for in them / Then there is nobody
    assert known_people([], ["c-1001", "jo@example.com", "customer", "Support Team", ""]) is None
