"""Collects the nodes and constants of one ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 20
"""The first version of ONNX's operators that has Gelu."""

IR_VERSION = 10
"""The file format that came with OPSET 21; newer ones are refused by older releases of ONNX Runtime."""

CONTRIB = "com.microsoft"
"""Domain of ONNX Runtime's own operators, documented in its `docs/ContribOperators.md`."""


class GraphWriter:
    """A graph in the making. Its methods return the name of the tensor that they add."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """A tensor that is stored with the graph; of two with the same name the first one stays."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def scalar(self, name: str, value: np.generic) -> str:
        """A constant without dimensions."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The only result of an operator."""
        result = f"{operator}.{len(self._nodes)}"
        made = helper.make_node(operator, inputs, [result], name=result, domain=domain, **attributes)
        self._nodes.append(made)
        return result

    def rename(self, source: str, name: str) -> None:
        """Give a tensor the name that the model shows to its caller."""
        self._nodes.append(helper.make_node("Identity", [source], [name], name=name))

    def model(self, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> ModelProto:
        """The finished model."""
        constants = list(self._constants.values())
        graph = helper.make_graph(self._nodes, "sentence_encoder", inputs, outputs, constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="millrace")
