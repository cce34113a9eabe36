"""What vLLM is told and what its outputs say, without vLLM; the tests with it are in tests/vllm."""

from __future__ import annotations

import hashlib
import math
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.engines.vllm.engine import loaded
from emoalign.elicitation.engines.vllm.outputs import (
    beginning,
    check_template,
    number_tokens,
    rating_tokens,
    read_output,
    sampling_parameters,
)
from emoalign.elicitation.engines.vllm.vllm_model import VllmCapabilities, VllmModel
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, Sampling
from emoalign.elicitation.readings import read_distribution
from emoalign.errors import CapabilityError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.plan import planned
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    Image,
    Message,
    Prompt,
    without_system,
)
from emoalign.stage import orderly_end
from emoalign.study.reading import read_yaml
from emoalign.study.scales import HumanScale

CARD = VllmModel(title="A model", engine="vllm", model="org/model", revision="abc")
WORDS = ["7", " 7", "７", "8", "“8”", "seven", "", "70", "-7", "7."]
NINE = tuple(map(float, range(1, 10)))


def ask(readout: str = "sampled", temperature: float = 1.0, text: str = "joy") -> Ask:
    exact = readout == "exact"
    request = RatingRequest(
        model="org/model",
        revision="abc",
        prompt=Prompt((Message("user", text),), None),
        sampling=Sampling(temperature, 1 if exact else 3, () if exact else ("\n",)),
        readout="exact" if exact else "sampled",
        wave=1,
    )
    return Ask(request, (None,) if exact else (20, 21, 22))


# The vocabulary


def test_every_way_to_write_a_rating_in_one_token_is_found() -> None:
    numbers = number_tokens(WORDS)
    assert numbers == {0: 7, 1: 7, 2: 7, 3: 8, 4: 8, 7: 70, 8: -7, 9: 7}
    assert rating_tokens(numbers, {7.0, 8.0}) == (0, 1, 2, 3, 4, 9)


def test_a_point_that_no_token_stands_for_is_named() -> None:
    with pytest.raises(CapabilityError, match="none for 6, 9"):
        rating_tokens(number_tokens(WORDS), {6.0, 7.0, 8.0, 9.0})


def test_more_tokens_than_vllm_reports_are_refused() -> None:
    with pytest.raises(CapabilityError, match="129 tokens"):
        rating_tokens(dict.fromkeys(range(129), 7.0), {7.0})


# What is asked


def test_answers_are_drawn_from_the_whole_distribution_with_a_seed_of_the_question() -> None:
    one = ask()
    assert sampling_parameters(one, ()) == {
        "n": 3,
        "seed": one.request.seed(20),
        "temperature": 1.0,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "max_tokens": 3,
        "stop": ["\n"],
    }


def test_an_exact_request_names_tokens_and_constrains_nothing() -> None:
    parameters = sampling_parameters(ask("exact", 0.5), (3, 5))
    assert parameters["logprob_token_ids"] == [3, 5]
    assert parameters["temperature"] == 0.5
    assert (parameters["n"], parameters["max_tokens"]) == (1, 1)
    assert not {"structured_outputs", "allowed_token_ids", "logprobs", "logit_bias"} & {*parameters}


def test_the_models_own_sampling_is_left_aside_and_the_last_layer_has_32_bits() -> None:
    told = CARD.arguments()
    assert told["generation_config"] == "vllm"
    assert told["logprobs_mode"] == "processed_logprobs"
    assert told["hf_overrides"] == {"head_dtype": "float32"}
    assert (told["revision"], told["tokenizer_revision"]) == ("abc", "abc")
    assert "hf_overrides" not in CARD.model_copy(update={"head_dtype": "model"}).arguments()


def test_questions_that_begin_alike_stand_together() -> None:
    asks = [ask(readout, text=f"{scale}: {item}") for readout in ("sampled", "exact")
            for scale in ("arousal", "valence") for item in ("joy", "woe")]  # fmt: skip
    texts = [one.request.prompt.messages[0].content for one in sorted(asks, key=beginning)]  # type: ignore[index]
    assert texts == sorted(texts)
    assert texts[0] == texts[1]
    images = [Image(name * 64, 16, Path(name)) for name in "ba"]
    prompts = [
        Prompt((Message("user", text),), None, image, place)  # type: ignore[arg-type]
        for place in ("first", "last")
        for text in ("x", "y")
        for image in images
    ]
    shown = [replace(ask(), request=replace(ask().request, prompt=prompt)) for prompt in prompts]
    assert [beginning(one)[0][0] for one in shown] == ["b", "a", "b", "a", "x", "x", "y", "y"]


def test_a_model_without_a_system_role_is_told_the_same_in_the_users_message() -> None:
    prompt = Prompt((Message("system", "You are Ann."), Message("user", "Rate joy.")), None)
    assert without_system(prompt).messages == (Message("user", "You are Ann.\n\nRate joy."),)
    plain = Prompt((Message("user", "Rate joy."),), None)
    assert without_system(plain) is plain
    text = Prompt(None, "joy = ")
    assert without_system(text) is text


# What comes back


@dataclass
class Logprob:
    logprob: float


@dataclass
class Completion:
    text: str
    token_ids: Sequence[int]
    finish_reason: str | None = "stop"
    logprobs: Sequence[Mapping[int, Logprob]] | None = None


@dataclass
class Output:
    outputs: Sequence[Completion]
    prompt_token_ids: Sequence[int] = field(default_factory=lambda: [1, 2, 3, 4])


def read(one: Ask, output: Output, tokens: Sequence[int] = ()) -> list[Any]:
    return read_output(one, output, 0.5, "model vllm-1", WORDS.__getitem__, tokens)


def test_each_participant_gets_an_answer_and_the_prompt_is_counted_once() -> None:
    output = Output(
        [Completion("7", [5]), Completion("8.", [5, 6]), Completion("9", [7], "length")]
    )
    answers = read(ask(), output)
    assert [answer.participant for answer in answers] == [20, 21, 22]
    assert [answer.text for answer in answers] == ["7", "8.", "9"]
    assert [answer.finish_reason for answer in answers] == ["stop", "stop", "length"]
    assert [answer.prompt_tokens for answer in answers] == [4, 0, 0]
    assert [answer.completion_tokens for answer in answers] == [1, 2, 1]
    assert {answer.model_reported for answer in answers} == {"model vllm-1"}


@pytest.mark.parametrize(
    ("text", "tokens", "kept", "thoughts", "counted"),
    [
        ("<think>Hm.</think>7", [5, 5, 10, 0], "7", "Hm.", 3),
        ("Hm.</think>\n\n7", [5, 10, 5, 0], "\n\n7", "Hm.", 2),
        ("<think>Hm, 7", [5, 5, 0], "", "Hm, 7", 3),
        ("Hm.</think>7", [5, 5, 0], "7", "Hm.", None),  # the tag is several tokens
        ("7", [0], "7", None, None),
    ],
)
def test_thoughts_are_kept_apart_and_their_tokens_counted(
    text: str, tokens: list[int], kept: str, thoughts: str | None, counted: int | None
) -> None:
    texts = [*WORDS, "</think>"]
    (answer,) = read_output(
        Ask(ask().request, (0,)),
        Output([Completion(text, tokens)]),
        0.5,
        "m",
        texts.__getitem__,
        (),
    )
    assert (answer.text, answer.thinking, answer.thinking_tokens) == (kept, thoughts, counted)
    assert answer.completion_tokens == len(tokens)


def logprobs(**shares: float) -> dict[int, Logprob]:
    return {int(token[1:]): Logprob(math.log(share)) for token, share in shares.items()}


def test_what_is_no_rating_is_kept_as_one_share_of_everything() -> None:
    found = logprobs(t0=0.4, t1=0.2, t3=0.1, t5=0.25)
    output = Output([Completion("seven", [5], "length", [found])])
    (answer,) = read(ask("exact"), output, (0, 1, 3))
    scale = HumanScale(min=7, max=8, direction="up")
    reading = read_distribution(answer.logprobs, scale)
    assert reading.probabilities == pytest.approx((0.6, 0.1), abs=1e-6)
    assert reading.off_scale_mass == pytest.approx(0.3, abs=1e-6)
    assert reading.returned_mass == pytest.approx(1, abs=1e-6)


def test_rounding_beyond_everything_leaves_nothing_else() -> None:
    found = {0: Logprob(math.log(0.7)), 3: Logprob(math.log(0.3 + 1e-9))}
    (answer,) = read(ask("exact"), Output([Completion("7", [0], "length", [found])]), (0, 3))
    assert [token for token, _ in answer.logprobs] == ["7", "8"]


def test_a_token_that_is_impossible_has_no_place_in_the_journal() -> None:
    found = {0: Logprob(0.0), 3: Logprob(-math.inf)}
    (answer,) = read(ask("exact"), Output([Completion("7", [0], "length", [found])]), (0, 3))
    assert type(answer).from_line(answer.to_line()) == answer
    assert answer.logprobs == (("7", 0.0),)


@pytest.mark.parametrize(("drawn", "expected"), [(1, (1.0, 0.0)), (5, (0.0, 0.0))])
def test_at_temperature_0_the_likeliest_token_has_everything(
    drawn: int, expected: tuple[float, ...]
) -> None:
    output = Output([Completion(WORDS[drawn], [drawn], "length", [logprobs(t0=0.3, t3=0.3)])])
    (answer,) = read(ask("exact", 0.0), output, (0, 1, 3))
    reading = read_distribution(answer.logprobs, HumanScale(min=7, max=8, direction="up"))
    assert reading.probabilities == expected
    assert reading.off_scale_mass == 1 - sum(expected)


# Chat templates


@pytest.mark.parametrize(
    ("template", "told", "complaint"),
    [
        (None, {}, "chat: false"),
        ("{{ strftime_now('%d %b %Y') }}", {}, "date_string"),
        ("{% if enable_thinking %}<think>{% endif %}", {}, "enable_thinking: false"),
    ],
)
def test_what_a_chat_template_would_do_unasked_must_be_decided(
    template: str | None, told: dict[str, object], complaint: str
) -> None:
    with pytest.raises(CapabilityError, match=complaint):
        check_template(template, told, "org/model")


def test_a_chat_template_that_is_decided_or_asks_nothing_is_taken() -> None:
    check_template("{{ strftime_now('%d') }}", {"date_string": "1 Jan 2026"}, "org/model")
    check_template("{% if enable_thinking %}{% endif %}", {"enable_thinking": False}, "org/model")
    check_template("{{ messages }}", {}, "org/model")


# Cards and identity


@pytest.fixture
def study(config_dir: Path) -> Callable[..., LoadedStudy]:
    """The default study with one model that vLLM loads, with changes to its card."""

    def load(**changes: object) -> LoadedStudy:
        content, _ = read_yaml(config_dir / "config.yaml")
        content["models"] = ["llama-3.1-8b-instruct"]
        loaded = load_study(content, config_dir)
        card = loaded.models["llama-3.1-8b-instruct"].model_copy(update=changes)
        return replace(loaded, models={"llama-3.1-8b-instruct": card})

    return load


def job_and_card(loaded: LoadedStudy, protocol: str) -> tuple[RatingJob, VllmModel]:
    (card,) = loaded.models.values()
    assert isinstance(card, VllmModel)
    return Jobs(loaded).rate("llama-3.1-8b-instruct", protocol, "vader", "valence"), card


def ids(loaded: LoadedStudy) -> set[str]:
    job, card = job_and_card(loaded, "instruction")
    questions = build_questions(job, card, [("a", "joy")])
    return {question.ask.request.request_id for question in questions}


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "org/other"},
        {"revision": None},
        {"dtype": "float16"},
        {"head_dtype": "model"},
        {"chat_template_kwargs": {"date_string": "27 Jul 2024"}},
        {"chat_template_kwargs": {}},
    ],
)
def test_what_decides_an_answer_is_in_its_identity_and_in_the_job(
    changes: dict[str, object], study: Callable[..., LoadedStudy]
) -> None:
    before, after = study(), study(**changes)
    assert not ids(before) & ids(after)
    assert job_and_card(before, "instruction")[0] != job_and_card(after, "instruction")[0]


def test_memory_and_the_number_of_gpus_change_no_answer(study: Callable[..., LoadedStudy]) -> None:
    other = study(
        title="?",
        tensor_parallel_size=2,
        gpu_memory_gb=80,
        gpu_memory_utilization=0.5,
        memory_gb=100,
        context_tokens=4096,
    )
    assert ids(study()) == ids(other)
    assert job_and_card(study(), "instruction")[0] == job_and_card(other, "instruction")[0]


def test_the_exact_question_names_the_points_it_is_about_and_its_temperature(
    study: Callable[..., LoadedStudy],
) -> None:
    loaded = study()
    job, card = job_and_card(loaded, "rating-sheet")
    cooler = job.model_copy(
        update={"protocol": job.protocol.model_copy(update={"temperature": 0.5})}
    )
    sampled, exact = (one.ask.request for one in build_questions(cooler, card, [("a", "joy")]))
    assert sampled.points == ()
    assert exact.points == NINE
    assert exact.sampling == Sampling(temperature=0.5, max_tokens=1)
    assert exact.top_logprobs == -1


def test_a_folder_is_known_by_what_is_in_it_and_not_by_where_it_is(tmp_path: Path) -> None:
    def model(place: str, weights: str) -> tuple[str, str | None]:
        folder = tmp_path / place / "my-model"
        (folder / ".cache").mkdir(parents=True)
        (folder / ".cache" / "note").write_text(place)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_text(weights)
        return CARD.model_copy(update={"model": str(folder)}).identity()

    here, there, other = model("a", "w"), model("b", "w"), model("c", "v")
    lines = [("config.json", "{}"), ("model.safetensors", "w")]
    listed = "".join(
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in lines
    )
    assert here == there == ("my-model", hashlib.sha256(listed.encode()).hexdigest())
    assert other[1] != here[1]
    assert CARD.identity() == ("org/model", "abc")


def test_a_changed_file_in_a_folder_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    card = CARD.model_copy(update={"model": str(folder)})
    (folder / "model.safetensors").write_text("weights")
    before = card.identity()
    (folder / "model.safetensors").write_text("other weights")
    assert card.identity() != before


def test_the_setup_is_in_order_and_other_engines_have_none(default_study: LoadedStudy) -> None:
    told = {"z": 1, "a": False}
    card = VllmModel.model_validate({**CARD.model_dump(), "chat_template_kwargs": told})
    assert card.setup() == (
        ("chat_template_kwargs.a", False),
        ("chat_template_kwargs.z", 1),
        ("dtype", "bfloat16"),
        ("head_dtype", "float32"),
    )
    assert list(card.answering()["chat_template_kwargs"]) == ["a", "z"]
    (other,) = default_study.models.values()
    assert other.setup() == ()  # type: ignore[arg-type]


def test_the_manifest_tells_how_vllm_is_set_up() -> None:
    kept = CARD.settings()
    assert kept["dtype"] == "bfloat16"
    assert kept["arguments"] == CARD.arguments()
    assert "versions" in kept
    assert "title" not in kept


def test_a_card_says_the_least(config_dir: Path) -> None:
    assert CARD.capabilities == VllmCapabilities()
    assert CARD.able.temperature is not None
    assert CARD.capabilities.modalities == ("word", "sentence")


@pytest.mark.parametrize(
    "name",
    [
        "gemma-2-9b-it",
        "llama-3.1-8b-instruct",
        "meta-llama-3-8b-instruct",
        "qwen3-8b",
        "solar-10.7b-instruct",
    ],
)
def test_the_models_of_both_studies_can_do_what_the_default_study_asks(
    name: str, config_dir: Path
) -> None:
    content, _ = read_yaml(config_dir / "config.yaml")
    loaded = load_study({**content, "models": [name]}, config_dir)
    card = loaded.models[name]
    assert isinstance(card, VllmModel)
    if name == "qwen3-8b":
        assert card.chat_template_kwargs == {"enable_thinking": False}
    assert card.capabilities.system_role == (name != "gemma-2-9b-it")


def test_a_plan_tells_what_a_model_would_be_asked_without_loading_it(
    study: Callable[..., LoadedStudy], tmp_path: Path
) -> None:
    job, card = job_and_card(study(), "rating-sheet")
    items = pd.DataFrame({"item_id": ["a", "b"], "modality": "word", "text": ["joy", "woe"]})
    row = planned(job, card, items, tmp_path)
    assert (row["requests"], row["answers"]) == (4, 42)
    assert row["tokens_from"] == "estimate"
    assert math.isnan(float(row["usd_max"] or 0))
    assert math.isnan(float(row["minutes"] or 0))

    # What it computes together arrives together: the time from one arrival to the next counts.
    answers = [
        Answer(f"r{n}", who, "7", "stop", "m", 9, 1, 60.0, f"2026-01-01T10:00:{4 * n:02d}+00:00")
        for n in range(6)
        for who in (None, 0)
    ]
    with JournalWriter(tmp_path / job.model / "other" / "valence" / "p.0000.jsonl") as journal:
        journal.append(answers)
    row = planned(job, card, items, tmp_path)
    assert row is not None
    assert row["minutes"] == pytest.approx(4 * 4 / 60)


# Without vLLM


def test_without_vllm_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vllm", None)
    monkeypatch.setattr("os.environ", {})
    with pytest.raises(CapabilityError, match="pip install 'vllm"), loaded(CARD):
        raise AssertionError


def test_a_job_told_to_end_lets_go_first() -> None:
    before = signal.getsignal(signal.SIGTERM)
    let_go = []

    def work() -> None:
        with orderly_end():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)  # Somebody is impatient.
                let_go.append(True)

    with pytest.raises(SystemExit) as end:
        work()
    assert end.value.code == 128 + signal.SIGTERM
    assert let_go
    assert signal.getsignal(signal.SIGTERM) is before
