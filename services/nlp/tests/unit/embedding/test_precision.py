"""Which processors are trusted with 8-bit products."""

import pytest

from millrace.nlp.embedding.precision import Precision, fastest_precision


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", "fpu sse2 avx2 avx512f avx512_vnni", Precision.INT8),
        ("x86_64", "fpu sse2 avx2 avx_vnni", Precision.INT8),
        ("x86_64", "fpu sse2 avx2", Precision.FLOAT32),
        ("AMD64", "fpu sse2 avx2", Precision.FLOAT32),
        ("aarch64", "fp asimd", Precision.INT8),
        ("arm64", "", Precision.INT8),
    ],
)
def test_x86_needs_the_dot_product_instructions(tmp_path, machine, flags, expected):
    # given
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor : 0\nflags : {flags}\n")
    # when, then
    assert fastest_precision(machine, file) is expected


def test_an_x86_that_does_not_tell_its_flags_is_not_trusted(tmp_path):
    # when, then
    assert fastest_precision("x86_64", tmp_path / "nowhere") is Precision.FLOAT32
