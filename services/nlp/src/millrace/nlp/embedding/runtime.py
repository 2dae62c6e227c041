"""ONNX Runtime, told to keep to one core."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray


class Runner:
    """A model that can be run; to be made in the process that runs it, because it does not survive a fork."""

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        # More threads would compete with the other worker processes of the machine.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # Memory patterns are kept per shape of the inputs, and here nearly every batch has its own.
        options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(self, outputs: Sequence[str], **inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """The named outputs, which are 32-bit floats, for the named inputs."""
        results: list[NDArray[np.float32]] = self._session.run(list(outputs), inputs)
        return results
