"""ONNX Runtime, told to keep to one core."""

import onnxruntime


def session(model: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread with all graph optimisations; it must be made in the process that runs it.

    More threads would compete with the other worker processes of the machine. Memory patterns are off because
    they are kept per shape of the input, and here nearly every batch has its own.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
