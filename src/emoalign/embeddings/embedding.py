"""Embeddings of texts: computed once, by whichever model the card names, and kept on disk.

An embedding is a vector of length 1, so that long and short texts weigh the same in a mean. Each
model has a SQLite file, with a row per text. llama.cpp computes those of GGUF files, Hugging Face
transformers others.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import orjson

from emoalign.embeddings.embedding_cards import EmbeddingModel, GgufEmbedding, TransformersEmbedding
from emoalign.errors import EngineError
from emoalign.locks import alone
from emoalign.progress import Progress
from emoalign.statistics.pairs import FloatArray
from emoalign.study.source_files import locate

AT_ONCE = 32
"""Texts computed, and then kept, together: what a killed job loses at most."""

PATIENCE_S = 600.0
"""How long to wait for another job that is writing."""


def embedded(card: EmbeddingModel, texts: Sequence[str], store: Path) -> FloatArray:
    """Embeddings of texts, shape (texts, size); those that `store` has are not computed again.

    `store` is a folder with a file per model, which other studies may share; a job that needs
    more waits for one that is computing. Raises EngineError when the model cannot be loaded, or a
    text is longer than it takes.
    """
    path = store / f"{identity(card)[:16]}.sqlite"
    with EmbeddingStore(path) as kept:
        if kept.lacking(texts):
            with alone(path):
                _complete(kept, card, texts)
        return kept.of(texts)


def _complete(kept: EmbeddingStore, card: EmbeddingModel, texts: Sequence[str]) -> None:
    """Compute and keep the embeddings that are not there yet."""
    # Texts of one length fill a batch without padding; the order among them is by text.
    missing = sorted(kept.lacking(texts), key=lambda text: (len(text), text))
    if not missing:
        return
    embed = embedder(card)
    with Progress("embeddings", len(missing), 0, unit="texts") as progress:
        for start in range(0, len(missing), AT_ONCE):
            batch = missing[start : start + AT_ONCE]
            kept.add(batch, _unit(embed([card.prefix + text for text in batch])))
            progress.add(len(batch))


def identity(card: EmbeddingModel) -> str:
    """A checksum of all that decides what the embeddings of a model are, its weights included."""
    as_json = orjson.dumps(card.identity(), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(as_json).hexdigest()


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = vectors / np.where(lengths > 0, lengths, 1)
    return unit


class EmbeddingStore:
    """Embeddings by the checksum of their text; the texts themselves are not kept.

    What was added is kept whatever happens to the process afterwards. Two jobs may use one file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=PATIENCE_S)
        with self._database:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS embeddings (text_sha256 BLOB PRIMARY KEY, vector BLOB)"
            )

    def __enter__(self) -> EmbeddingStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def __contains__(self, text: str) -> bool:
        return self._vector(text) is not None

    def lacking(self, texts: Sequence[str]) -> list[str]:
        """The texts among these that have no embedding yet, each once."""
        return [text for text in dict.fromkeys(texts) if text not in self]

    def add(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Keep the embeddings of texts, shape (texts, size), all of them or none."""
        rows = [
            (_key(text), vector.astype("<f4").tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with self._database:
            self._database.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", rows)

    def of(self, texts: Sequence[str]) -> FloatArray:
        """The embeddings of texts, shape (texts, size). Raises KeyError for one that is not kept.

        As 32-bit numbers were kept, so that they are the same whether just computed or not.
        """
        vectors = []
        for text in texts:
            vector = self._vector(text)
            if vector is None:
                raise KeyError(text)
            vectors.append(np.frombuffer(vector, dtype="<f4"))
        return np.array(vectors, dtype=np.float64).reshape(len(texts), -1 if vectors else 0)

    def _vector(self, text: str) -> bytes | None:
        query = "SELECT vector FROM embeddings WHERE text_sha256 = ?"
        row = self._database.execute(query, (_key(text),)).fetchone()
        return None if row is None else bytes(row[0])


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


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
                "llama.cpp returned no embeddings: "
                f"{answer.get('error', {}).get('message', answer)}. Check whether a text is "
                "empty, or longer than context_tokens in the model's card."
            )
        vectors = sorted(answer["data"], key=lambda vector: vector["index"])
        return np.array([vector["embedding"] for vector in vectors], dtype=np.float64)

    return embed


def hugging_face_embedder(card: TransformersEmbedding) -> Embedder:
    """What takes texts to embeddings, shape (texts, size); computed on the CPU.

    Raises EngineError when packages or model are missing, or a text is longer than the card allows;
    DataError when weights in a package are missing, or others than expected.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise EngineError(_MISSING) from error
    weights = card.located()
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(weights, revision=card.revision)
        model: Any = transformers.AutoModel.from_pretrained(
            weights,
            revision=card.revision,
            dtype=torch.float32,
            use_safetensors=None if card.weights is None else True,
        ).eval()
    except (OSError, ValueError) as error:
        raise EngineError(f"The embedding model {weights!r} cannot be loaded: {error}") from error

    torch.set_num_threads(card.threads)

    def embed(texts: Sequence[str]) -> FloatArray:
        tokens = tokenizer(list(texts), padding=True, return_tensors="pt")
        lengths = tokens["attention_mask"].sum(dim=1)
        if int(lengths.max()) > card.context_tokens:
            longest = texts[int(lengths.argmax())]
            raise EngineError(
                f"The text {longest[:60]!r} has {int(lengths.max())} tokens, more than "
                f"context_tokens in the model's card allows ({card.context_tokens})."
            )
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        if card.pooling == "cls":
            return np.asarray(states[:, 0].numpy(), dtype=np.float64)
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return np.asarray(means.numpy(), dtype=np.float64)

    return embed
