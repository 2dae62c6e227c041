from millrace.dataset_conversations.domain.language import Language, hear, languages

LONG = "a text of more than twenty characters"


def told(turns: list[tuple[str, str]], model: "Scripted") -> list[Language]:
    return languages([hear(text, declared, model) for text, declared in turns], model)


class Scripted:
    """Names the language that stands as the first word of the text."""

    def __init__(self, ranking: dict[str, float]) -> None:
        self.ranking = ranking

    def classify(self, text: str) -> tuple[str, float]:
        first = text.split()[0]
        return (first, 0.9) if len(first) == 2 else max(self.ranking.items(), key=lambda each: each[1])

    def rank(self, text: str) -> list[tuple[str, float]]:
        return sorted(self.ranking.items(), key=lambda each: -each[1])


def test_short_text_has_no_language() -> None:
    # Given a text of 19 characters, and one that is long only by its pseudonyms
    turns = [("en is what it is :)", ""), ("en [EMAIL_1] [NAME_1] [PHONE_1]", "")]

    # When their languages are asked for / Then they are unknown
    assert told(turns, Scripted({})) == [Language("und", None)] * 2


def test_a_declared_language_is_believed_where_the_text_does_not_tell() -> None:
    # Given a short text with a declared language, and one with nonsense declared
    turns = [("Gut", "de-AT"), ("Gut", "German!")]

    # When their languages are asked for / Then only the code counts
    assert told(turns, Scripted({})) == [Language("de", None), Language("und", None)]


def test_an_unsure_verdict_is_weighed_by_the_rest_of_the_batch() -> None:
    # Given a model that slightly prefers Italian, in a batch that is English otherwise
    unsure = Scripted({"it": 0.3, "en": 0.2})
    turns = [(f"en {LONG}", "")] * 9 + [(f"unclear {LONG}", "")]

    # When the languages are asked for
    found = told(turns, unsure)[-1]

    # Then it is English: 0.2 x 9.5 against 0.3 x 0.5
    assert found.code == "en"
    assert found.probability is not None
    assert abs(found.probability - 1.9 / 2.05) < 1e-9


def test_an_unsure_verdict_stays_unknown_without_a_batch() -> None:
    # Given the same model and no other text / When the language is asked for / Then it is the more probable of the two
    assert told([(f"unclear {LONG}", "")], Scripted({"it": 0.3, "en": 0.3, "fr": 0.3})) == [Language("und", None)]


def test_an_unsure_verdict_on_the_beginning_is_asked_again_of_the_whole() -> None:
    # Given a text whose first 60 characters tell little, and a model that knows more than that
    class Patient(Scripted):
        def classify(self, text: str) -> tuple[str, float]:
            return ("fr", 0.95) if len(text) > 60 else ("en", 0.6)

    # When the language is asked for / Then the longer look decides
    assert told([("word " * 40, "")], Patient({})) == [Language("fr", 0.95)]
