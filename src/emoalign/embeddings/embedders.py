"""What computes embeddings: llama.cpp for GGUF files, Hugging Face transformers for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emoalign.embeddings.embedding_cards import EmbeddingModel, GgufEmbedding, TransformersEmbedding
from emoalign.errors import EngineError
from emoalign.statistics.pairs import FloatArray
from emoalign.study.source_files import locate

Embedder = Callable[[Sequence[str]], FloatArray]
"""Takes texts to their embeddings, shape (texts, size)."""

_MISSING = (
    "This embedding model needs PyTorch and transformers (the extra finetune): pip install "
    "'torch>=2.8' 'transformers>=5.0'. Or name a model in a GGUF file (kind: gguf), which needs "
    "neither."
)


def embedder(card: EmbeddingModel) -> Embedder:
    """What computes embeddings with a model. Raises EngineError when it cannot be loaded."""
    if isinstance(card, GgufEmbedding):
        return gguf_embedder(card)
    return hugging_face_embedder(card)


def gguf_embedder(card: GgufEmbedding) -> Embedder:
    """What takes texts to embeddings, shape (texts, size). The model goes when it goes.

    Raises EngineError when the file cannot be loaded, or a text is longer than the card allows.
    """
    # Neither library is loaded for a model of the other kind.
    import xllamacpp

    from emoalign.elicitation.engines.llamacpp import loaded

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
        vectors = sorted(answer["data"], key=lambda vector: vector["index"])
        return np.array([vector["embedding"] for vector in vectors], dtype=np.float64)

    return embed


def hugging_face_embedder(card: TransformersEmbedding) -> Embedder:
    """What takes texts to embeddings, shape (texts, size); computed on the CPU.

    Raises EngineError when packages or model are missing, or a text is longer than the card allows.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise EngineError(_MISSING) from error
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            card.model, revision=card.revision
        )
        model: Any = transformers.AutoModel.from_pretrained(
            card.model, revision=card.revision, dtype=torch.float32
        ).eval()
    except (OSError, ValueError) as error:
        raise EngineError(
            f"The embedding model {card.model!r} cannot be loaded: {error}"
        ) from error

    torch.set_num_threads(card.threads)

    def embed(texts: Sequence[str]) -> FloatArray:
        tokens = tokenizer(list(texts), padding=True, return_tensors="pt")
        lengths = tokens["attention_mask"].sum(dim=1)
        if int(lengths.max()) > card.context_tokens:
            longest = texts[int(lengths.argmax())]
            raise EngineError(
                f"The text {longest[:60]!r} has {int(lengths.max())} tokens, more than the "
                f"{card.context_tokens} that context_tokens of the model's card in "
                "config/embeddings allows."
            )
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        if card.pooling == "cls":
            return np.asarray(states[:, 0].numpy(), dtype=np.float64)
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return np.asarray(means.numpy(), dtype=np.float64)

    return embed
