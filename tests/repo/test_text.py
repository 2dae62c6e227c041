"""What must never be in a tracked file: paths of one machine, addresses of package hosts.

The patterns are put together from pieces, so that this file does not match itself.
"""

import re

ROOTS = ("wor" + "k", "far" + "m", "roo" + "t", "hom" + "e", "User" + "s")
HOSTS = ("pyp" + "i", "pythonhoste" + "d", "npmj" + "s", "debia" + "n", "crate" + "s")
MACHINE_PATH = re.compile(rf"/(?:{'|'.join(ROOTS)})/")
INTERPRETER_PATH = re.compile("pyen" + r"v/versions")
PACKAGE_HOST = re.compile(rf"https?://[a-z0-9.-]*(?:{'|'.join(HOSTS)})[.]")


def test_no_line_names_a_machine_or_a_package_host(repository):
    found = []
    for path in repository.files:
        for number, line in enumerate(_lines(path), start=1):
            if any(pattern.search(line) for pattern in (MACHINE_PATH, INTERPRETER_PATH, PACKAGE_HOST)):
                found.append(f"{repository.name(path)}:{number}")
    assert found == []


def test_the_patterns_find_what_they_are_for():
    assert MACHINE_PATH.search("open('/" + "home" + "/ann/x')")
    assert not MACHINE_PATH.search("services/nlp/src")
    assert PACKAGE_HOST.search("https://files." + "pythonhosted" + ".org/x")
    assert not PACKAGE_HOST.search("https://docs.example.org/x")


def _lines(path):
    data = path.read_bytes()
    return [] if b"\0" in data[:8192] else data.decode("utf-8").splitlines()
