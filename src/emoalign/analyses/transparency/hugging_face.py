"""Embeddings of a model that Hugging Face transformers loads; the extra finetune brings it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from emoalign.analyses.transparency.embedding_cards import TransformersEmbedding
from emoalign.errors import EngineError
from emoalign.statistics.pairs import FloatArray

_MISSING = (
    "This embedding model needs PyTorch and transformers (the extra finetune): pip install "
    "'torch>=2.8' 'transformers>=5.0'. Or name a model in a GGUF file (kind: gguf), which needs "
    "neither."
)


def hugging_face_embedder(card: TransformersEmbedding) -> Callable[[Sequence[str]], FloatArray]:
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
