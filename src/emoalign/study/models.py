"""Model cards: config/models/<name>.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from emoalign.study.fields import Entry, FileSource, Modality


class Capabilities(Entry):
    """What the model and its server can do; a study that asks for more is refused."""

    modalities: tuple[Modality, ...] = Field(
        ("word", "sentence"), description="Kinds of items the model can be shown."
    )
    chat: bool = Field(True, description="Whether it answers chat messages.")
    completion: bool = Field(False, description="Whether it continues plain text.")
    choices: int = Field(
        1, ge=1, description="Answers one request can bring (the parameter n); 1 if n is unknown."
    )
    top_logprobs: int = Field(
        0,
        ge=0,
        description="How many of the likeliest next tokens the server reports; "
        "0 rules out the exact readout.",
    )
    tokenizer: bool = Field(
        False,
        description="Whether the server tells how it splits text (POST /tokenize), which the exact "
        "readout needs to check that every point of a scale is one token.",
    )
    seed_bits: int = Field(
        0, ge=0, le=63, description="Size of the seed it accepts in bits; 0 if it takes none."
    )
    sampling_extras: bool = Field(
        False,
        description="Whether it takes top_k, min_p and repeat_penalty, so that defaults of the "
        "server that change the distribution can be switched off.",
    )


class Limits(Entry):
    """How hard the server may be worked. Changing a limit never asks for an answer again."""

    concurrency: int = Field(1, ge=1, description="Requests under way at once.")
    timeout_s: float = Field(120, gt=0, description="Seconds to wait for one answer.")
    retries: int = Field(
        6, ge=0, description="Times a request is sent again after a fault of the infrastructure."
    )


class _Model(Entry):
    title: str = Field(description="Name of the model as the report shows it.")
    capabilities: Capabilities = Field(description="What the model and its server can do.")
    limits: Limits = Field(default_factory=Limits, description="How hard the server may be worked.")


class LlamaCppModel(_Model):
    """A GGUF file, served inside the job by llama.cpp on 127.0.0.1."""

    engine: Literal["llamacpp"] = Field(description="The engine that asks this model.")
    weights: FileSource = Field(description="The GGUF file.")
    context_tokens: int = Field(
        1024, ge=64, description="Longest prompt and answer together, in tokens."
    )
    threads: int = Field(1, ge=1, description="CPU threads a rating job of this model uses.")
    gpu_layers: int = Field(0, ge=0, description="Layers computed on a GPU, where there is one.")


class OpenAIModel(_Model):
    """A model behind an OpenAI-compatible HTTP interface."""

    engine: Literal["openai"] = Field(description="The engine that asks this model.")
    model: str = Field(description="The name the server knows the model by.")
    revision: str | None = Field(
        None, description="Version of the weights, where the name alone does not fix it."
    )
    base_url: str = Field(
        "https://api.openai.com/v1", description="Address of the interface, including /v1."
    )
    api_key_env: str | None = Field(
        "OPENAI_API_KEY",
        description="Environment variable that holds the key; null for a server without keys. "
        "The key itself belongs in no file.",
    )


ModelCard = Annotated[LlamaCppModel | OpenAIModel, Field(discriminator="engine")]
MODEL_CARD: TypeAdapter[LlamaCppModel | OpenAIModel] = TypeAdapter(ModelCard)
