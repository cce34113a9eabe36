"""Embeddings of a GGUF file, computed inside this process by llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xllamacpp

from emoalign.analyses.transparency.embedding_cards import GgufEmbedding
from emoalign.elicitation.engines.llamacpp import loaded
from emoalign.errors import EngineError
from emoalign.statistics.pairs import FloatArray
from emoalign.study.source_files import locate


def gguf_embedder(card: GgufEmbedding) -> Callable[[Sequence[str]], FloatArray]:
    """What takes texts to embeddings, shape (texts, size). The model goes when it goes.

    Raises EngineError when the file cannot be loaded, or a text is longer than the card allows.
    """
    poolings = xllamacpp.llama_pooling_type
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(card.weights))
    parameters.embedding = True
    parameters.pooling_type = {
        "mean": poolings.LLAMA_POOLING_TYPE_MEAN,
        "cls": poolings.LLAMA_POOLING_TYPE_CLS,
        "last": poolings.LLAMA_POOLING_TYPE_LAST,
    }[card.pooling]
    # One text at a time, whole in one physical batch: texts computed together are cut into pieces
    # of one length, and what is pooled is then only a piece.
    parameters.n_parallel = 1
    parameters.n_ctx = card.context_tokens
    parameters.n_batch = parameters.n_ubatch = card.context_tokens
    server = loaded(parameters, card.threads)

    def embed(texts: Sequence[str]) -> FloatArray:
        answer = server.handle_embeddings({"input": list(texts)})
        if "data" not in answer:
            raise EngineError(
                f"llama.cpp made no embeddings: {answer.get('error', {}).get('message', answer)}. "
                "Is a text empty, or longer than context_tokens of the model's card in "
                "config/embeddings?"
            )
        vectors = sorted(answer["data"], key=lambda one: one["index"])
        return np.array([one["embedding"] for one in vectors], dtype=np.float64)

    return embed
