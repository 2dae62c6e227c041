"""Sentence embeddings of MiniLM on one core, by ONNX Runtime and without torch."""
