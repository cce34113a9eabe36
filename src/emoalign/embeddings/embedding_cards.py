"""Embedding models: config/embeddings/<name>.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag

from emoalign.study.fields import Entry, FileSource, tag, tagged
from emoalign.study.reading import Kinds
from emoalign.study.source_files import folder_sha256, locate_verified

RIDGE = "ridge"
"""The ridge regression on embeddings, where tables name a model."""


class _Embedding(Entry):
    title: str = Field(description="Name in the report.")
    prefix: str = Field(
        "",
        description='Text to put before every text and label ("query: ").',
    )
    threads: int = Field(1, ge=1, description="CPU threads.")

    def plain(self) -> Self:
        """The card without what changes no embedding, for jobs."""
        return self.model_copy(update={"title": "", "threads": 1})


class GgufEmbedding(_Embedding):
    """A sentence-embedding model in a GGUF file, run by llama.cpp inside the job."""

    kind: Literal["gguf"] = Field(description="A GGUF file.")
    weights: FileSource = Field(description="The GGUF file.")
    pooling: Literal["mean", "cls", "last"] = Field(
        "mean", description="How token embeddings are pooled."
    )
    context_tokens: int = Field(
        512, ge=16, description="Longest text in tokens; longer ones are refused."
    )

    def files(self) -> list[FileSource]:
        """The files it is read from."""
        return [self.weights]

    def identity(self) -> dict[str, Any]:
        """What decides what the embeddings are. Raises DataError where the weights are missing."""
        kept = self.model_dump(mode="json", include={"kind", "prefix", "pooling"})
        return kept | {"weights": locate_verified(self.weights)[1]}


class TransformersEmbedding(_Embedding):
    """A sentence-embedding model from the Hugging Face hub or a folder, run by PyTorch."""

    kind: Literal["transformers"] = Field(
        description="Hugging Face transformers, on the CPU. Needs the extra finetune."
    )
    model: str = Field(
        description=(
            "Name on the Hugging Face hub, or folder with safetensors, config.json and tokenizer."
        )
    )
    revision: str | None = Field(None, description="Commit on the hub. Default: the newest.")
    pooling: Literal["mean", "cls"] = Field("mean", description="How token embeddings are pooled.")
    context_tokens: int = Field(
        256, ge=16, description="Longest text in tokens; longer ones are refused."
    )

    def files(self) -> list[FileSource]:
        """The files it is read from, as far as a card can have checksums of them: none."""
        return []

    def identity(self) -> dict[str, Any]:
        """What decides what the embeddings are; a folder is known by the checksum of its files."""
        kept = self.model_dump(
            mode="json", include={"kind", "prefix", "pooling", "model", "revision"}
        )
        folder = Path(self.model)
        return kept | ({"model": folder_sha256(folder)} if folder.is_dir() else {})


EmbeddingModel = GgufEmbedding | TransformersEmbedding

EMBEDDINGS: Kinds[EmbeddingModel] = Kinds(
    "kind", {"gguf": GgufEmbedding, "transformers": TransformersEmbedding}
)

EmbeddingCard = Annotated[
    Annotated[GgufEmbedding, Tag(tag("kind", "gguf"))]
    | Annotated[TransformersEmbedding, Tag(tag("kind", "transformers"))],
    Discriminator(tagged("kind")),
]
"""An embedding model of either kind."""
