"""Tests with vLLM itself, in the environment of `make test-vllm`; nothing here runs without it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

if importlib.util.find_spec("vllm") is None:
    collect_ignore_glob = ["*"]
else:
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}

    from emoalign.elicitation.engines.vllm.engine import VllmEngine, loaded
    from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
    from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
    from emoalign.prompts import (
        Message,
        Prompt,
    )

    from . import tiny_models

    Question = Callable[..., Ask]

    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Warnings are errors, but for those of vLLM and what it imports."""
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.filterwarnings("ignore"))

    @pytest.fixture(scope="session")
    def rater_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A tiny Llama that answers with digits."""
        return tiny_models.rating_llama(tmp_path_factory.mktemp("rater"))

    @pytest.fixture(scope="session")
    def rater_card(rater_folder: Path) -> VllmModel:
        return VllmModel(
            title="A tiny rater", engine="vllm", model=str(rater_folder), context_tokens=512
        )

    @pytest.fixture(scope="module")
    def rater(rater_card: VllmModel) -> Iterator[VllmEngine]:
        """The tiny Llama, loaded."""
        with loaded(rater_card) as engine:
            yield engine

    @pytest.fixture(scope="session")
    def question() -> Question:
        """A question to the tiny Llama: question("joy"), question("joy", "exact")."""

        def ask(
            item: str,
            readout: str = "sampled",
            participants: tuple[int | None, ...] = tuple(range(20)),
            temperature: float = 1.0,
            max_tokens: int = 3,
        ) -> Ask:
            exact = readout == "exact"
            text = f"{tiny_models.TEXT[:24]} {item}"
            request = RatingRequest(
                model="rater",
                revision=None,
                prompt=Prompt((Message("user", text),), None),
                sampling=Sampling(temperature, 1 if exact else max_tokens),
                readout="exact" if exact else "sampled",
                wave=1,
                points=tuple(map(float, range(1, 10))) if exact else (),
            )
            return Ask(request, (None,) if exact else participants)

        return ask
