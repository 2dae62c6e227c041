"""HTML to the text that a reader sees, quotations marked as in plain mail."""

import re
from html.parser import HTMLParser

_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_BLOCKS = frozenset({
    "address", "article", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th",
    "tr", "ul",
})  # fmt: skip
_PARAGRAPHS = frozenset({"p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"})
_LONGEST = 200_000
"""Characters that are parsed: ten times what a record's text may have."""
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[!?][^<>]*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(?:(/?[A-Za-z][A-Za-z0-9]*+)[^<>]*+>)?")
"""A tag, or a `<` that begins none. Possessive: else an endless name takes time by the square."""
_DEEPEST = 5
"""Quotations within quotations that are told apart."""
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_BLANK = re.compile(r"\n{3,}")


def text_of_html(html: str) -> str:
    """The visible text of an HTML document; lines of a quotation begin with `> `."""
    # Only bare, closed tags are left: `html.parser` takes time by the square over unclosed ones
    # (https://github.com/python/cpython/issues/135462), and attributes say nothing here.
    bare = _TAG.sub(lambda tag: f"<{tag[1]}>" if tag[1] else "&lt;", _UNSEEN.sub(" ", html[:_LONGEST]))
    reader = _Reader()
    reader.feed(bare)
    reader.close()
    lines = "".join(reader.pieces).split("\n")
    return _BLANK.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a quotation or something hidden."""
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "blockquote":
            self._quoted += 1
        if tag in _BLOCKS or tag == "br":
            self._line(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a line, a quotation or something hidden."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag in _BLOCKS:
            self._line(tag)

    def handle_data(self, data: str) -> None:
        """Text between tags, its white space as a browser shows it."""
        if not self._hidden and data:
            self.pieces.append(_SPACE.sub(" ", data))

    def _line(self, tag: str) -> None:
        ends = "\n\n" if tag in _PARAGRAPHS and not self._quoted else "\n"
        self.pieces.append(ends + "> " * min(self._quoted, _DEEPEST))
