"""Every folder has the same shape, and no package hides a module of the standard library."""

import sys

import pytest

README_LINES = 25


@pytest.mark.parametrize("needed", ["pyproject.toml", "BUILD", "README.md", "tests"])
def test_every_folder_has(repository, needed):
    missing = [repository.name(each.path) for each in repository.folders if not (each.path / needed).exists()]
    assert missing == []


def test_every_folder_holds_one_package_of_its_own_name(repository):
    for folder in repository.folders:
        packages = [path.name for path in (folder.path / "src" / "millrace").iterdir() if path.name != "__pycache__"]
        assert packages == [folder.name]
        assert (folder.package / "__init__.py").exists()
        assert (folder.package / "py.typed").exists()


def test_every_package_inside_says_so(repository):
    # import-linter does not see a folder without __init__.py, so its rules would hold for nothing.
    inside = {path.parent for folder in repository.folders for path in folder.modules()}
    assert [repository.name(each) for each in sorted(inside) if not (each / "__init__.py").exists()] == []


def test_readmes_of_folders_are_short(repository):
    long = {
        repository.name(readme): lines
        for readme in (folder.path / "README.md" for folder in repository.folders)
        if readme.exists() and (lines := len(readme.read_text().splitlines())) > README_LINES
    }
    assert long == {}


def test_millrace_is_a_namespace(repository):
    # An __init__.py in millrace/ itself would hide every other folder's package.
    assert [repository.name(path) for path in repository.files if path.match("src/millrace/__init__.py")] == []


def test_nothing_shadows_the_standard_library(repository):
    # `platform/__init__.py` with the root on the path breaks even `import uuid`.
    packages = {path.parent for path in repository.files if path.name == "__init__.py"}
    tops = {path.name for path in packages if path.parent not in packages and path.parent.name != "millrace"}
    assert tops & sys.stdlib_module_names == set()


def test_tests_are_no_packages(repository):
    # Two folders may have a test file of the same name only as long as neither is in a package. Below `platform/` it
    # has to be one: pytest would name its parents after their folders and hide the standard library's module.
    packages = [path for path in repository.files if "tests" in path.parts and path.name == "__init__.py"]
    assert [name for name in map(repository.name, packages) if not name.startswith("platform/")] == []
