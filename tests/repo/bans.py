"""What our own code must not do, as patterns over its syntax tree. `test_bans.py` proves each on a planted example.

A small semgrep: bandit's rules are wider and know nothing of us. Sources: OWASP ASVS 5.0 (V1, V11, V12, V16) and the
plugin list of bandit 1.9.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SECRET = re.compile(r"(^|_)(secret|token|password|signature|hmac|mac|pepper|api_key|nonce)s?$")
"""Names of values that others must not guess."""
PERSONAL = {"body", "payload", "content", "text", "message", "headers", "kwargs"}
"""Names of values that hold what people wrote, or what opens a door."""
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
METHODS = ("get", "post", "put", "patch", "delete", "head", "request", "stream", "Client", "AsyncClient", "Session")
HTTP = {f"{library}.{name}" for library in ("httpx", "requests") for name in METHODS}

Found = Callable[[ast.AST], bool]


@dataclass(frozen=True, kw_only=True)
class Ban:
    """One pattern. `where`: the kinds of folders that it holds for."""

    found: Found
    planted: str
    """Code in which it must be found."""
    fine: str
    """Code that looks alike, in which it must not be found."""
    where: tuple[str, ...] = ("libs", "services", "platform")

    def lines(self, tree: ast.AST) -> Iterator[int]:
        """Where it is found."""
        return (getattr(node, "lineno", 0) for node in ast.walk(tree) if self.found(node))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; `?.c` where a call or an index stands in front."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value) or '?'}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def last(node: ast.AST) -> str:
    """The last name of it."""
    return dotted(node).rpartition(".")[2]


def calls(*names: str) -> Found:
    """Calls of these, by their full name, or imports of the last part of it."""

    def found(node: ast.AST) -> bool:
        if isinstance(node, ast.ImportFrom):
            return any(f"{node.module}.{each.name}" in names for each in node.names if "." in f"{node.module}.")
        return isinstance(node, ast.Call) and dotted(node.func) in names

    return found


def imports(*modules: str) -> Found:
    """Imports of these modules or of anything in them."""

    def inside(name: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for module in modules)

    def found(node: ast.AST) -> bool:
        if isinstance(node, ast.Import):
            return any(inside(each.name) for each in node.names)
        return isinstance(node, ast.ImportFrom) and inside(node.module or "")

    return found


def says(name: str, value: object) -> Found:
    """A keyword argument or an attribute that is set to this constant."""

    def found(node: ast.AST) -> bool:
        if isinstance(node, ast.keyword):
            return node.arg == name and isinstance(node.value, ast.Constant) and node.value.value is value
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is value:
            return any(isinstance(target, ast.Attribute) and target.attr == name for target in node.targets)
        return False

    return found


def without(names: set[str], option: str) -> Found:
    """Calls of these that do not say what the option is to be."""

    def found(node: ast.AST) -> bool:
        given = {each.arg for each in node.keywords} if isinstance(node, ast.Call) else set()
        return isinstance(node, ast.Call) and dotted(node.func) in names and not given & {option, None}

    return found


def either(*those: Found) -> Found:
    """One of these."""
    return lambda node: any(found(node) for found in those)


def weak_hash(node: ast.AST) -> bool:
    """MD5 or SHA-1, unless it says that security does not rest on it."""
    if not isinstance(node, ast.Call):
        return False
    named = {each.value for each in node.args if isinstance(each, ast.Constant)}
    weak = dotted(node.func) in ("hashlib.md5", "hashlib.sha1") or (
        dotted(node.func) in ("hashlib.new", "hmac.new", "hmac.digest") and bool(named & {"md5", "sha1"})
    )
    return weak and not any(says("usedforsecurity", False)(each) for each in node.keywords)


def guessable_secret(node: ast.AST) -> bool:
    """A secret that is made of `random`."""
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    names = [node.arg or ""] if isinstance(node, ast.keyword) else [last(each) for each in targets if each is not None]
    made = any(isinstance(each, ast.Call) and dotted(each.func).startswith("random.") for each in ast.walk(node.value))
    return made and any(SECRET.search(name) for name in names)


def compared_secret(node: ast.AST) -> bool:
    """`==` on what must be compared in constant time."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return False
    sides = (node.left, *node.comparators)
    return not any(isinstance(side, ast.Constant) for side in sides) and any(
        SECRET.search(last(each)) for each in sides
    )


def built_command(node: ast.AST) -> bool:
    """A query or a command line put together of text."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    takes = last(node.func) in ("execute", "executemany", "executescript", "execute_statement") or dotted(
        node.func
    ).startswith("subprocess.")
    first = node.args[0]
    built = isinstance(first, ast.JoinedStr | ast.BinOp) or (
        isinstance(first, ast.Call) and last(first.func) == "format"
    )
    return takes and built


def checks_by_assert(node: ast.AST) -> bool:
    """An assert that does more than tell the type checker what it cannot know."""
    if not isinstance(node, ast.Assert):
        return False
    narrows = isinstance(node.test, ast.Compare) and isinstance(node.test.ops[0], ast.IsNot)
    return not narrows and not (isinstance(node.test, ast.Call) and dotted(node.test.func) == "isinstance")


def told(node: ast.AST) -> bool:
    """What is personal, in a line of a log or on the screen."""
    if not isinstance(node, ast.Call):
        return False
    logs = (
        isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS and last(node.func.value) in ("log", "logger")
    )
    if not logs and dotted(node.func) != "print":
        return False
    given = [*node.args, *(each.value for each in node.keywords)]
    values = [value for each in given for value in (each.values if isinstance(each, ast.Dict) else [each])]
    return any(last(value) in PERSONAL for value in values)


BANS: dict[str, Ban] = {
    "objects from bytes": Ban(
        found=either(imports("pickle", "marshal", "shelve", "dill", "cloudpickle"), calls("joblib.load")),
        planted="from pickle import loads", fine="import pickletools_of_mine",
    ),
    "yaml that makes objects": Ban(
        found=calls("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load"),
        planted="yaml.load(text, Loader=yaml.Loader)", fine="yaml.safe_load(text)",
    ),
    "code from text": Ban(
        found=calls("eval", "exec", "compile", "__import__"), planted="eval(text)", fine="re.compile(text)"
    ),
    "a shell": Ban(
        found=either(
            says("shell", True),
            calls("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
        ),
        planted="subprocess.run(line, shell=True)", fine="subprocess.run([name], shell=False)",
    ),
    "TLS without a check": Ban(
        found=either(
            says("verify", False), says("check_hostname", False),
            calls("ssl._create_unverified_context", "ssl._create_stdlib_context"),
            lambda node: isinstance(node, ast.Attribute) and node.attr == "CERT_NONE",
        ),
        planted="context.check_hostname = False", fine="context.check_hostname = True",
    ),
    "a name for a temporary file": Ban(
        found=calls("tempfile.mktemp"), planted="tempfile.mktemp()", fine="tempfile.mkdtemp()"
    ),
    "a weak hash": Ban(
        found=weak_hash, planted="hashlib.new('md5', data)", fine="hashlib.sha1(data, usedforsecurity=False)"
    ),
    "a secret that can be guessed": Ban(
        found=guessable_secret, planted="token = str(random.random())", fine="pause = random.random()"
    ),
    "a secret compared by ==": Ban(
        found=compared_secret, planted="if given.signature == expected: pass", fine="if signature == '': pass"
    ),
    "a command put together of text": Ban(
        found=built_command, planted="cursor.execute(f'select {name}')", fine="cursor.execute('select ?', [name])"
    ),
    "XML that is not defused": Ban(
        found=imports("xml.etree", "xml.sax", "xml.dom", "xml.parsers", "xmlrpc", "lxml"),
        planted="from xml.etree import ElementTree", fine="from defusedxml import ElementTree",
    ),
    "waiting for ever": Ban(
        found=without(HTTP | {"urllib.request.urlopen", "socket.create_connection"}, "timeout"),
        planted="httpx.get(url)", fine="httpx.get(url, timeout=5)",
    ),
    "following where one is sent": Ban(
        found=either(says("follow_redirects", True), says("allow_redirects", True)),
        planted="httpx.get(url, timeout=5, follow_redirects=True)",
        fine="httpx.get(url, timeout=5, follow_redirects=False)",
    ),
    "a proxy out of the environment": Ban(
        found=without(HTTP, "trust_env"), planted="httpx.Client(timeout=5)",
        fine="httpx.Client(timeout=5, trust_env=False)", where=("services",),
    ),
    "a debug mode": Ban(found=says("debug", True), planted="FastAPI(debug=True)", fine="FastAPI(debug=False)"),
    "an assert that -O takes away": Ban(
        found=checks_by_assert, planted="assert caller.may(scope)", fine="assert found is not None"
    ),
    "what people wrote, in a log": Ban(
        found=told, planted="log.info('got', extra={'body': request.body})",
        fine="log.info('got', extra={'bytes': len(body)})",
    ),
}  # fmt: skip
