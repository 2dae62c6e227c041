"""Reads the configuration and the weights of the model."""

from typing import cast

import numpy as np
from safetensors.numpy import load_file
from transformers import AutoConfig

from millrace.nlp.embedding.graph import BertSettings, EncoderShape, Weights
from millrace.nlp.embedding.model_files import ModelFiles


def encoder_shape(files: ModelFiles) -> EncoderShape:
    """The shape of the model, by `config.json`."""
    settings = AutoConfig.from_pretrained(files.folder, local_files_only=True)
    return EncoderShape.of(cast(BertSettings, settings))


def load_weights(files: ModelFiles) -> Weights:
    """The weights as 32-bit floats, by their names."""
    stored = load_file(files.weights)
    return {name: values for name, values in stored.items() if values.dtype == np.float32}
