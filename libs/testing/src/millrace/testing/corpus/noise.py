"""How people really type: slips, small letters, too many exclamation marks."""

import random

_EMOJI = {"positive": ("😊", "👍", "❤️", "🙌"), "negative": ("😡", "👎", "😞", "🤦"), "mixed": ("🤷", "😐")}


def roughen(rng: random.Random, text: str, tone: str) -> str:
    """The text with some of the noise that feedback has; most texts stay as they are."""
    if rng.random() < 0.12:
        text = _slip(rng, text)
    if rng.random() < 0.12:
        text = text.lower()
    if rng.random() < 0.08:
        text = text.rstrip(".")
    if rng.random() < 0.05:
        text = text.rstrip(".") + "!!!"
    if rng.random() < 0.05:
        text = f"{text} {rng.choice(_EMOJI[tone])}"
    return text


def vary(rng: random.Random, text: str) -> str:
    """A near copy: the same words in another case or with another end, or the very same."""
    return rng.choice((text, text.lower(), text.rstrip(".!") + "!!", f"{text.rstrip('.!')}..."))


def _slip(rng: random.Random, text: str) -> str:
    """One word with two letters swapped, one left out or one doubled."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word = words[index]
    at = rng.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    words[index] = rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))
    return " ".join(words)
