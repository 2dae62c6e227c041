"""A package, so that pytest names these tests `component.…`: as `platform.…` they would hide the standard module."""
