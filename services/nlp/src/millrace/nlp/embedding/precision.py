"""Which arithmetic this machine can be trusted with."""

import platform
from enum import StrEnum
from pathlib import Path

CPU_FLAGS = Path("/proc/cpuinfo")
"""Where Linux says what the processor can do."""

DOT_PRODUCT_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})
"""Linux's names for x86's instructions that sum products of 8-bit integers in 32 bits."""


class Precision(StrEnum):
    """How linear layers are computed."""

    INT8 = "int8"
    """`quantised.QuantisedLinear`: 2.6 times as fast, with a cosine of at least 0.99 to FLOAT32."""
    FLOAT32 = "float32"
    """`linear.FloatLinear`."""


def fastest_precision(machine: str, cpu_flags: Path = CPU_FLAGS) -> Precision:
    """INT8 where its sums are exact, otherwise FLOAT32.

    An x86 processor without these instructions adds pairs of products in 16 bits, and cuts those that are too
    large (PMADDUBSW): on an emulated Haswell the least cosine fell below 0.99. An x86 that does not tell its
    flags is not trusted. ARM has no such instruction, but was not measured; `Encoder.warm_up` would tell.

    Args:
        machine: The kind of processor, as `platform.machine()` calls it.
        cpu_flags: A file that lists the processor's flags.
    """
    if machine.lower() not in ("x86_64", "amd64"):
        return Precision.INT8
    try:
        words = cpu_flags.read_text(encoding="utf-8").split()
    except OSError:
        return Precision.FLOAT32
    return Precision.FLOAT32 if DOT_PRODUCT_FLAGS.isdisjoint(words) else Precision.INT8


def precision_here() -> Precision:
    """The fastest precision of the processor that this runs on."""
    return fastest_precision(platform.machine())
