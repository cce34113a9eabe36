"""Decisions: a distribution over the points of a scale, from servers like OpenAI's and Google's."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image as Picture

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.elicitation.remaining import remaining
from emoalign.errors import EngineError
from emoalign.prompts import Image, Renderer
from emoalign.tables import STIMULI
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.decision_server import DecisionServer, refusal
from tests.faults.server import PASSING, Heard, storm
from tests.kit.waiting import until

VALENCE = {
    "min": 1,
    "max": 9,
    "direction": "higher is better",
    "anchors": {1: "unhappy", 9: "happy"},
}
AROUSAL = {"min": 1, "max": 3, "direction": "higher is more arousing"}
JOINT = {
    "template": (
        "Rate.{% for scale in scales %} {{ scale.key }}: {{ scale.instruction }}.{% endfor %}\n"
        "Word: {{ item.text }}"
    ),
    "answer": {"kind": "joint", "max_tokens": 30},
    "wording": {
        "valence": {"instruction": "from 1 to 9", "written_for": {"min": 1, "max": 9}, "key": "V"},
        "arousal": {"instruction": "from 1 to 3", "written_for": {"min": 1, "max": 3}},
    },
}
PRICES = {"input_usd": 5, "output_usd": 7, "decision_usd": 0.1, "batch_factor": 0.5}
DATED = {"as_of": "2026-11-28", "source": "here"}


@dataclass(frozen=True)
class Decider(Desk):
    """The desk of a model that decides, with other prompts and scales where told."""

    readouts: tuple[str, ...] = ("decision",)
    prompts: Mapping[str, Any] = field(default_factory=dict)
    scales: Mapping[str, Any] = field(default_factory=lambda: {"valence": VALENCE})

    @property
    def job(self) -> RatingJob:
        told = super().job.model_dump(mode="json")
        told["protocol"]["readouts"] = self.readouts
        told["scales"] = self.scales
        told["prompts"]["template"] = "{{ instruction }}\n\nWord: {{ item.text }}"
        told["prompts"] |= self.prompts
        return RatingJob.model_validate(told)

    @property
    def journal(self) -> Path:
        asked = "+".join(sorted(self.scales))
        return self.folder / "journal" / "faulty" / "mine" / asked / "plain.0000.jsonl"


@pytest.fixture
def server() -> Iterator[DecisionServer]:
    with DecisionServer().running() as running:
        yield running


@pytest.fixture
def openai(tmp_path: Path, server: DecisionServer, monkeypatch: pytest.MonkeyPatch) -> Decider:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    more = {
        # As the preset has it: what is added to answers is nothing that decisions take.
        "extra_body": {"reasoning_effort": "none"},
        "capabilities": {"decisions": {"levels": 10, "questions": 200}},
        "prices": PRICES | DATED,
    }
    words = ["joy", "woe", "tea", "war"]
    return Decider(tmp_path, server, words, 3, {"concurrency": 2}, more=more)


@pytest.fixture
def google(openai: Decider, server: DecisionServer) -> Decider:
    more = {
        "engine": "gemini",
        "base_url": server.google_address,
        "capabilities": {
            **{"sampling": "none", "chat": False},
            "decisions": {"levels": 255, "questions": 1000},
        },
        "prices": {"input_usd": 0.1, "output_usd": 0, **DATED},
    }
    return replace(openai, more=more)


@pytest.fixture(params=["openai", "google"])
def decider(request: pytest.FixtureRequest) -> Decider:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Decider)
    return found


def rising(about: str, instruction: str, levels: int) -> Sequence[float]:
    """Probabilities that differ by word and question, and add up to 1."""
    weights = [place + 1 + len(instruction) % 3 * (about[-1] == "y") for place in range(levels)]
    return [weight / sum(weights) for weight in weights]


def test_the_distribution_of_each_word_is_kept_as_it_came(
    decider: Decider, server: DecisionServer
) -> None:
    server.weigh = rising
    ratings = decider.rate().set_index("item_id")
    assert set(ratings["readout"]) == {"decision"}
    assert ratings["participant"].isna().all()
    assert set(ratings["status"]) == {"ok"}
    for word in decider.words:
        expected = rising(f"Word: {word}", "Rate.", 9)
        assert list(ratings.at[word, "probabilities"]) == list(expected)
        assert ratings.at[word, "off_scale_mass"] == 0
        assert ratings.at[word, "returned_mass"] == pytest.approx(1, abs=1e-12)
    kept = {answer.request_id: orjson.loads(answer.text) for answer in decider.answers()}
    assert all("confidence" in answer.text for answer in decider.answers())
    assert len(kept) == len(server.computed) == 4
    assert (ratings["prompt_tokens"] > 0).all()
    assert (ratings["completion_tokens"] == 0).all()


def test_openai_is_sent_the_item_the_instruction_and_labelled_levels(
    openai: Decider, server: DecisionServer
) -> None:
    replace(openai, words=["joy"]).rate()
    (heard,) = server.heard
    levels = [{"label": str(point)} for point in range(1, 10)]
    levels[0]["description"], levels[8]["description"] = "unhappy", "happy"
    question = {"type": "score", "name": "q1", "instructions": "Rate.", "levels": levels}
    assert heard.body == {"model": "faulty", "input": "Word: joy", "questions": [question]}
    assert heard.headers["authorization"] == f"Bearer {KEY}"


def test_google_is_sent_the_item_the_instruction_and_levels_in_words(
    google: Decider, server: DecisionServer
) -> None:
    replace(google, words=["joy"]).rate()
    (heard,) = server.heard
    criteria = ["1 (unhappy)", *map(str, range(2, 9)), "9 (happy)"]
    question = {"type": "score", "instructions": "Rate.", "criteria": criteria}
    assert heard.body == {"model": "faulty", "input": "Word: joy", "questions": {"q1": question}}
    assert heard.headers["x-goog-api-key"] == KEY


def test_all_scales_of_a_joint_prompt_set_are_questions_of_one_request(
    decider: Decider, server: DecisionServer
) -> None:
    server.weigh = rising
    scales = {"valence": VALENCE, "arousal": AROUSAL}
    ratings = replace(decider, prompts=JOINT, scales=scales).rate()
    assert len(server.heard) == 4
    heard = server.heard[0]
    assert heard.prompt.startswith("Rate. V: from 1 to 9. arousal: from 1 to 3.\nWord: ")
    questions = heard.body["questions"]
    asked = questions.values() if isinstance(questions, dict) else questions
    assert [each["instructions"] for each in asked] == ["V: from 1 to 9", "arousal: from 1 to 3"]
    lengths = ratings.assign(levels=ratings["probabilities"].map(len))
    assert lengths.groupby("scale")["levels"].unique().map(list).to_dict() == {
        "arousal": [3],
        "valence": [9],
    }
    counted = ratings.assign(counted=ratings["prompt_tokens"] > 0)
    assert counted.groupby("item_id")["counted"].sum().eq(1).all()


def test_a_question_that_openai_refuses_leaves_the_others_of_its_request(
    openai: Decider, server: DecisionServer
) -> None:
    server.weigh = lambda about, instruction, levels: (
        None if levels == 3 else rising(about, instruction, levels)
    )
    scales = {"valence": VALENCE, "arousal": AROUSAL}
    ratings = replace(openai, prompts=JOINT, scales=scales).rate()
    statuses = ratings.groupby("scale")["status"].unique().map(list).to_dict()
    assert statuses == {"arousal": ["refusal"], "valence": ["ok"]}
    assert ratings.loc[ratings["scale"] == "arousal", "probabilities"].isna().all()
    assert len(server.heard) == 4


def test_what_google_blocks_is_kept_as_filtered(google: Decider, server: DecisionServer) -> None:
    server.weigh = lambda about, instruction, levels: (
        None if "war" in about else rising(about, instruction, levels)
    )
    ratings = google.rate().set_index("item_id")
    assert ratings["status"].to_dict() == {
        **{"joy": "ok", "woe": "ok", "tea": "ok"},
        "war": "content_filter",
    }
    assert ratings.at["war", "finish_reason"] == "content_filter: SAFETY"
    assert len(server.heard) == 4


def test_what_openai_flags_is_kept_as_filtered(openai: Decider, server: DecisionServer) -> None:
    flagged = {"error": {"message": "Your prompt was flagged.", "code": "invalid_prompt"}}
    server.said = lambda heard: (400, flagged) if "war" in heard.prompt else None
    statuses = openai.rate().set_index("item_id")["status"].to_dict()
    assert statuses == {"joy": "ok", "woe": "ok", "tea": "ok", "war": "content_filter"}


def one_answer(reply: dict[str, Any]) -> dict[str, Any]:
    answers = reply["answers"]
    found: dict[str, Any] = answers["q1"] if isinstance(answers, dict) else answers[0]
    return found


def weights_in(text: str) -> list[float | None]:
    """The probabilities in answers as they were kept."""
    probabilities = one_answer({"answers": orjson.loads(text)})["probabilities"]
    if isinstance(probabilities, dict):
        return list(probabilities.values())
    return [each["probability"] for each in probabilities]


def weights(reply: dict[str, Any], numbers: Sequence[float]) -> None:
    """Write other probabilities into a reply: foreign ones if they are more than its levels."""
    answer = one_answer(reply)
    if isinstance(answer["probabilities"], dict):
        answer["probabilities"] = {str(place): each for place, each in enumerate(numbers)}
    else:
        answer["probabilities"] = [
            {"label": str(place + 1), "value": place, "probability": each}
            for place, each in enumerate(numbers)
        ]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([0.2] * 9, "add up to 1.8, not to 1"),
        ([0.05] * 9, "add up to 0.45, not to 1"),
        ([1.2, -0.2, *[0.0] * 7], "the probability 1.2"),
        ([-0.2, 0.6, 0.6, *[0.0] * 6], "the probability -0.2"),
        ([0.5, 0.5], "lack the probability of 3, 4, 5, 6, 7, 8, 9"),
        ([0.1] * 10, "levels that were not asked about: 9"),
        ([float("nan"), 1, *[0.0] * 7], "the probability None"),
    ],
    ids=["too much", "too little", "above 1", "negative", "missing", "foreign", "no number"],
)
def test_probabilities_that_cannot_be_are_told_and_kept_as_they_came(
    decider: Decider,
    server: DecisionServer,
    numbers: list[float],
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        if "joy" in heard.prompt:
            weights(reply, numbers)
        return reply

    server.change = change
    ratings = decider.rate().set_index("item_id")
    assert ratings["status"].to_dict() == {
        **{"woe": "ok", "tea": "ok", "war": "ok"},
        "joy": "error",
    }
    assert ratings.at["joy", "probabilities"] is None
    (answer,) = [each for each in decider.answers() if each.text == ratings.at["joy", "text"]]
    kept = weights_in(answer.text)
    assert kept == [None if number != number else number for number in numbers]
    (warning,) = [each for each in caplog.messages if "fault of the server" in each]
    assert "about item 'joy', and its answers" in warning
    assert told in warning
    # It is paid for, and never asked for again.
    assert len(server.heard) == 4
    decider.rate()
    assert len(server.heard) == 4


def test_a_job_whose_decisions_all_cannot_be_stops_early(
    decider: Decider, server: DecisionServer
) -> None:
    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        weights(reply, [0.2] * 9)
        return reply

    server.change = change
    words = [f"word {number}" for number in range(40)]
    with pytest.raises(EngineError, match="The server's decisions are none"):
        replace(decider, words=words, more={**decider.more, "first_answers": 10}).rate()
    assert len(server.heard) < 20


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda answer: answer.update(type="choice"), "have no score for 'q1'"),
        (lambda answer: answer.update(probabilities=None), "have no probabilities"),
        (
            lambda answer: answer["probabilities"][0].update(label="one"),
            "call level 0 'one', not 1",
        ),
        (lambda answer: answer["probabilities"][0].update(value=1), "call level 1 '1', not 2"),
        (lambda answer: answer["probabilities"].append(answer["probabilities"][0]), "twice"),
        (lambda answer: answer.update(name="q2"), "in another order than the questions"),
    ],
)
def test_answers_to_other_questions_than_were_asked_are_told(
    openai: Decider,
    server: DecisionServer,
    spoil: Any,
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        spoil(one_answer(reply))
        return reply

    server.change = change
    assert replace(openai, words=["joy"]).rate()["status"].eq("error").all()
    assert any(told in message for message in caplog.messages)


def test_a_reply_of_no_known_form_is_kept_if_it_is_paid_for(
    decider: Decider, server: DecisionServer
) -> None:
    server.change = lambda heard, reply: {"verdict": "good", "usage": reply["usage"]}
    ratings = decider.rate()
    assert len(server.heard) == 4
    assert ratings["status"].eq("error").all()
    assert ratings["text"].str.contains("verdict").all()


def test_probabilities_that_are_rounded_are_kept_as_they_are(
    openai: Decider, server: DecisionServer
) -> None:
    rounded = [0.11] * 9
    server.weigh = lambda about, instruction, levels: rounded
    ratings = openai.rate()
    assert list(ratings["probabilities"].iloc[0]) == rounded
    assert ratings["returned_mass"].iloc[0] == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("points", "provider", "told"),
    [(11, "openai", "expected 2 to 10, got 11"), (256, "google", "2 to 255 levels, got 256")],
)
def test_a_server_that_takes_fewer_levels_than_the_card_says_is_quoted(
    points: int, provider: str, told: str, request: pytest.FixtureRequest
) -> None:
    desk = request.getfixturevalue(provider)
    capabilities = desk.more["capabilities"] | {"decisions": {"levels": 300, "questions": 1}}
    scales = {"valence": {"min": 1, "max": points, "direction": "up"}}
    wide = replace(desk, more=desk.more | {"capabilities": capabilities}, scales=scales)
    with pytest.raises(EngineError, match=told):
        wide.rate()


def test_255_levels_are_asked_about_at_once(google: Decider, server: DecisionServer) -> None:
    server.weigh = rising
    wide = replace(google, scales={"valence": {"min": 1, "max": 255, "direction": "up"}})
    assert wide.rate()["probabilities"].map(len).eq(255).all()


def test_faults_of_all_kinds_pass_and_no_distribution_is_lost(
    decider: Decider, server: DecisionServer
) -> None:
    server.weigh = rising
    server.plan = storm(1, 0.3, [fault for fault in PASSING if fault != "hang"])
    words = [f"word {number}" for number in range(20)]
    limits = {"concurrency": 4, "retries": 8, "longest_wait_s": 0.05}
    ratings = replace(decider, words=words, limits=limits).rate()
    assert ratings["status"].eq("ok").all()
    assert len(server.met) > 3


def test_a_job_that_is_killed_goes_on_where_it_was(
    decider: Decider, server: DecisionServer, repository: Path
) -> None:
    server.weigh = rising
    words = [f"word {number}" for number in range(30)]
    desk = replace(decider, words=words)
    server.hold = lambda heard: len(server.heard) > 10
    process = desk.start(repository)
    until(lambda: len(desk.answers()) >= 8, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {answer.key: answer.text for answer in desk.answers()}
    server.hold = lambda heard: False
    until(lambda: server.idle)
    asked = len(server.heard)
    ratings = desk.rate_laid_out()
    assert len(ratings) == 30
    assert len(server.heard) - asked == 30 - len(before)
    assert before.items() <= {answer.key: answer.text for answer in desk.answers()}.items()
    again = desk.rate_laid_out()
    assert again.equals(ratings)
    assert len(server.heard) - asked == 30 - len(before)


def test_decisions_cost_what_the_card_says_of_them(
    decider: Decider, server: DecisionServer
) -> None:
    account = Account(decider.folder / "spending.json", 1.0)
    ratings = decider.rate(account)
    assert account.spent() == pytest.approx(ratings["prompt_tokens"].sum() * 0.1 / 1e6)


def test_the_plan_counts_decisions_apart_from_answers(openai: Decider) -> None:
    both = replace(openai, readouts=("sampled", "decision"), choices=1)
    both.lay_out()
    items = STIMULI.read(both.folder / "stimuli.parquet")
    plans = {
        readouts: remaining(
            RatingTask(replace(both, readouts=readouts).job, items, both.folder / "journal"),
            both.card,
        )
        for readouts in (("sampled",), ("decision",), ("sampled", "decision"))
    }
    sampled, decision, together = plans.values()
    assert (decision.requests, decision.answers, decision.answer_tokens_max) == (4, 4, 0)
    assert decision.usd_max == pytest.approx(decision.prompt_tokens_max * 0.1 / 1e6)
    assert decision.usd_batch_max != decision.usd_batch_max  # there are no batches of them
    assert together.requests == sampled.requests + 4
    assert together.usd_max == pytest.approx(sampled.usd_max + decision.usd_max)
    assert together.usd_batch_max == pytest.approx(sampled.usd_max / 2 + decision.usd_max)


def test_decisions_are_sent_singly_where_answers_come_in_batches(
    openai: Decider, server: DecisionServer
) -> None:
    batch = replace(openai, more=openai.more | {"delivery": "batch"})
    assert batch.rate()["status"].eq("ok").all()
    assert len(server.heard) == 4


def test_sampled_answers_and_decisions_of_one_job_do_not_mix(
    openai: Decider, server: DecisionServer
) -> None:
    server.weigh = rising
    both = replace(openai, readouts=("sampled", "decision"))
    ratings = both.rate()
    assert ratings["readout"].value_counts().to_dict() == {"sampled": 12, "decision": 4}
    assert len(server.heard) == 16
    sampled = ratings[ratings["readout"] == "sampled"]
    assert sampled["rating"].eq(7).all()
    assert sampled["probabilities"].isna().all()
    ids = {
        question.ask.request.readout: question.ask.request.request_id
        for question in build_questions(both.job, both.card, [("joy", "joy")])
    }
    alone = build_questions(openai.job, openai.card, [("joy", "joy")])
    assert ids["decision"] == alone[0].ask.request.request_id
    assert len(set(ids.values())) == 2


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("template", ["{{ instruction }}", "{{ instruction }} Look at this image."])
def test_images_are_sent_as_the_packages_have_them(
    place: str, template: str, openai: Decider, tmp_path: Path
) -> None:
    path = tmp_path / "grey.png"
    Picture.new("RGB", (8, 8), "grey").save(path)
    image = Image(hashlib.sha256(path.read_bytes()).hexdigest(), 16, path)
    job = replace(openai, prompts={"template": template, "image": place, "system": "Be brief."}).job
    prompt = Renderer(job.prompts, job.scales).decision(image)
    (asked,) = build_questions(job, openai.card, [("grey", image)])
    assert asked.ask.request.prompt == prompt
    for dialect in (CHAT_COMPLETIONS, GENERATE_CONTENT):
        body = dialect.body("m", Capabilities(), asked.ask)
        assert refusal(orjson.loads(orjson.dumps(body))) is None
    said = CHAT_COMPLETIONS.body("m", Capabilities(), asked.ask)["input"]
    assert [message["role"] for message in said] == ["system", "user"]
    kinds = [part["type"] for part in said[-1]["content"]]
    words = ["input_text"] if "Look" in template else []
    assert kinds == (["input_image", *words] if place == "first" else [*words, "input_image"])
    parts = GENERATE_CONTENT.body("m", Capabilities(), asked.ask)["input"]
    kinds = [part["type"] for part in parts]
    own = ["text"] if "Look" in template else []
    assert kinds == ["text", *(["image", *own] if place == "first" else [*own, "image"])]


@pytest.mark.parametrize("provider", ["openai", "google"])
def test_a_key_that_the_provider_does_not_know_is_refused_by_the_servers_here(
    provider: str, request: pytest.FixtureRequest
) -> None:
    desk = request.getfixturevalue(provider)
    (asked,) = build_questions(desk.job, desk.card, [("joy", "joy")])
    body = desk.card.dialect.body("m", desk.card.capabilities, asked.ask)
    assert refusal(body) is None
    assert refusal({**body, "temperature": 1}) is not None
    questions = body["questions"]
    (question,) = questions.values() if isinstance(questions, dict) else questions
    question["scale"] = "valence"
    assert refusal(body) is not None
