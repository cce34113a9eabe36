"""Forms at a server: each participant is asked in one, all come back on the card's scale."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.doubts import Asked, doubts
from emoalign.elicitation.forms import form_number
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob, RatingTask, rate
from emoalign.elicitation.remaining import remaining
from emoalign.items.item_jobs import AggregationJob
from emoalign.tables import STIMULI
from tests.faults.batch_server import BatchServer, Ending, Line, answered
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.decision_server import DecisionServer
from tests.faults.server import FaultServer, Heard
from tests.kit.aggregating import items
from tests.kit.speaking import Speaker, Teller

WORDS = ["joy", "woe", "tea", "war"]
NINE = {"min": 1, "max": 9, "direction": "higher is better"}
THREE = {"min": 1, "max": 3, "direction": "higher is more"}
EMOTIONS = {"kind": "labels", "labels": ["joy", "anger", "fear", "love"], "at_least": 1}
NUMBERS = {"min": 1, "max": 9}
UP = {"instruction": "1 is bad.", "written_for": NUMBERS}
DOWN = {"instruction": "1 is good.", "written_for": NUMBERS, "reversed": True}
WIDE = {
    "instruction": "0 to 100.",
    "written_for": {"min": 0, "max": 100, "step": 1},
    "mapped": "linear",
}


def wording(words: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A prompt set about valence."""
    shown = {"template": "{{ instruction }}\n{{ item.text }}", "wording": {"valence": words}}
    return shown | more


@dataclasses.dataclass(frozen=True)
class FormsDesk(Desk):
    """Words asked about in several forms: prompt sets by name."""

    sets: Mapping[str, Mapping[str, Any]] = dataclasses.field(
        default_factory=lambda: {"up": wording(UP), "down": wording(DOWN), "wide": wording(WIDE)}
    )
    scales: Mapping[str, Any] = dataclasses.field(default_factory=lambda: {"valence": NINE})
    readouts: tuple[str, ...] = ("sampled",)
    personas: tuple[str, ...] = ()

    @property
    def job(self) -> RatingJob:
        told = super().job.model_dump(mode="json")
        (first, *further) = ({**told["prompts"], **given} for given in self.sets.values())
        names = list(self.sets)
        told["protocol"] |= {"prompts": names, "readouts": self.readouts}
        told |= {
            "prompts": first,
            "further": dict(zip(names[1:], further, strict=True)),
            "scales": self.scales,
            "personas": self.personas,
            "digits": self.card.reply_digits(self.readouts),  # type: ignore[arg-type]
        }
        return RatingJob.model_validate(told)

    @property
    def journal(self) -> Path:
        asked = "+".join(sorted(self.scales))
        return self.folder / "journal" / "faulty" / "mine" / asked / "plain.0000.jsonl"


@pytest.fixture
def forms(tmp_path: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> FormsDesk:
    """Four words, six participants, three forms."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return FormsDesk(tmp_path, server, WORDS, 6, {"concurrency": 2})


def felt(heard: Heard, choice: int) -> str:
    """The same feeling in every form: 7 of 9."""
    return {"1 is bad.": "7", "1 is good.": "3", "0 to 100.": "75"}[heard.prompt.split("\n")[0]]


def test_every_answer_comes_back_on_the_scale_of_the_card(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = felt
    ratings = forms.rate()
    assert set(ratings["status"]) == {"ok"}
    assert set(ratings["rating"]) == {7.0}
    shown = ratings.groupby("form")["rating_shown"].agg(set).to_dict()
    assert shown == {"up": {7.0}, "down": {3.0}, "wide": {75.0}}


def test_each_item_has_each_form_equally_often_and_as_dealt(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = felt
    ratings = forms.rate()
    assert set(Counter(zip(ratings["item_id"], ratings["form"], strict=True)).values()) == {2}
    names = list(forms.sets)
    for row in ratings.itertuples():
        assert row.form == names[form_number(row.item_id, row.participant, 3)]


def test_a_request_asks_participants_of_one_form_together(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = felt
    forms.rate()
    assert Counter(heard.n for heard in server.heard) == {2: 12}
    stimuli = STIMULI.read(forms.folder / "stimuli.parquet")
    elsewhere = forms.folder / "none"
    due = remaining(RatingTask(forms.job, stimuli, elsewhere), forms.card)
    assert (due.answers, due.requests) == (24, 12)


def test_more_participants_ask_for_the_rest_alone(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = felt
    before = forms.rate()
    more = dataclasses.replace(forms, participants=9)
    after = more.rate()
    assert sum(heard.n for heard in server.heard) == 4 * 9
    key = ["item_id", "participant"]
    first = after[after["participant"] < 6].sort_values(key).reset_index(drop=True)
    pd.testing.assert_frame_equal(first, before.sort_values(key).reset_index(drop=True))


def test_an_answer_off_the_shown_scale_is_off_whatever_it_would_be_on_the_card(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = lambda heard, choice: "100" if "100" in heard.prompt else "10"
    ratings = forms.rate()
    status = ratings.groupby("form")["status"].agg(set).to_dict()
    assert status == {"up": {"off_scale"}, "down": {"off_scale"}, "wide": {"ok"}}
    assert set(ratings["rating"].dropna()) == {9.0}
    assert ratings.loc[ratings["form"] != "wide", "rating_shown"].isna().all()


def test_one_form_asks_what_was_asked_before_there_were_forms(forms: FormsDesk) -> None:
    one = dataclasses.replace(forms, sets={"up": wording(UP)})
    job = one.job
    assert job.model_dump(mode="json")["protocol"]["prompts"] == "up"
    assert "further" not in job.params()
    several = build_questions(forms.job, forms.card, [("joy", "joy")])
    (alone,) = build_questions(job, one.card, [("joy", "joy")])
    assert alone.ask.participants == tuple(range(6))
    assert alone.ask.request.request_id in {each.ask.request.request_id for each in several}


def test_an_answer_paid_for_under_one_form_is_found_among_several(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = felt
    dataclasses.replace(forms, sets={"up": wording(UP)}).rate()
    paid = sum(heard.n for heard in server.heard)
    forms.rate()
    assert sum(heard.n for heard in server.heard) == paid + 4 * 4  # two of six had the form up


def test_each_persona_has_its_form(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = felt
    told = {
        name: {**given, "system": "You are {{ persona }}."} for name, given in forms.sets.items()
    }
    people = tuple(f"person {number}" for number in range(6))
    ratings = dataclasses.replace(forms, sets=told, personas=people).rate()
    assert set(ratings["rating"]) == {7.0}
    assert [people[row.participant] for row in ratings.itertuples()] == list(ratings["persona"])
    assert set(Counter(zip(ratings["item_id"], ratings["form"], strict=True)).values()) == {2}


def test_joint_answers_are_mapped_scale_by_scale(forms: FormsDesk, server: FaultServer) -> None:
    template = (
        "{% for scale in scales %}{{ scale.key }}: {{ scale.instruction }} {{ scale.min }} to "
        "{{ scale.max }}\n{% endfor %}{{ item.text }}"
    )
    plain = {"instruction": "From little.", "written_for": {"min": 1, "max": 3}}
    both = {"template": template, "answer": {"kind": "joint", "max_tokens": 30}}
    joint = {
        "up": {**both, "wording": {"valence": UP, "arousal": plain}},
        "down": {**both, "wording": {"arousal": plain, "valence": WIDE}},
    }
    server.reply = lambda heard, choice: (
        f'{{"arousal": 2, "valence": {75 if "100" in heard.prompt else 7}}}'
    )
    desk = dataclasses.replace(forms, sets=joint, scales={"valence": NINE, "arousal": THREE})
    ratings = desk.rate()
    assert set(ratings["status"]) == {"ok"}
    by_scale = ratings.groupby("scale")["rating"].agg(set).to_dict()
    assert by_scale == {"valence": {7.0}, "arousal": {2.0}}


def test_a_schema_lists_the_points_that_are_shown(forms: FormsDesk, server: FaultServer) -> None:
    answer = {"kind": "structured", "max_tokens": 30}
    told = {name: {**given, "answer": answer} for name, given in forms.sets.items()}
    more = {"capabilities": {"choices": 20, "structured": True}}
    server.reply = lambda heard, choice: f'{{"valence": {felt(heard, choice)}}}'
    ratings = dataclasses.replace(forms, sets=told, more=more).rate()
    assert set(ratings["rating"]) == {7.0}
    listed = {
        heard.prompt.split("\n")[0]: json.dumps(heard.body["response_format"])
        for heard in server.heard
    }
    assert "100]" in listed["0 to 100."].replace(" ", "")
    assert "9]" in listed["1 is good."].replace(" ", "")


# Labels


def labelled(order: str, kind: str = "labels") -> dict[str, Any]:
    return {
        "template": "{{ scale.labels | join(', ') }}\n{{ item.text }}",
        "answer": {"kind": kind, "max_tokens": 30},
        "wording": {"emotions": {"instruction": "Choose.", "order": order}},
    }


def first_two(heard: Heard, choice: int) -> str:
    """A model that favours what stands first."""
    return json.dumps(heard.prompt.split("\n")[0].split(", ")[:2])


def test_rotated_labels_stand_at_each_place_once(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = first_two
    desk = dataclasses.replace(
        forms, participants=8, sets={"turned": labelled("rotated")}, scales={"emotions": EMOTIONS}
    )
    ratings = desk.rate()
    assert set(ratings["form"]) == {f"turned/{by}" for by in range(4)}
    for _, of_item in ratings.groupby("item_id"):
        assert set(Counter(of_item["form"]).values()) == {2}
        assert set(Counter(label for labels in of_item["labels"] for label in labels).values()) == {
            4
        }
    for row in ratings.itertuples():
        by = int(row.form.partition("/")[2])
        labels = EMOTIONS["labels"]
        assert list(row.label_order) == [*labels[by:], *labels[:by]]  # type: ignore[index]
        assert list(row.labels) == [each for each in labels if each in row.label_order[:2]]  # type: ignore[union-attr]


def test_labels_in_random_order_are_recorded_as_they_were_shown(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = first_two
    desk = dataclasses.replace(
        forms, participants=10, sets={"drawn": labelled("random")}, scales={"emotions": EMOTIONS}
    )
    ratings = desk.rate()
    assert set(ratings["form"]) == {"drawn"}
    assert len({tuple(order) for order in ratings["label_order"]}) > 10
    for row in ratings.itertuples():
        assert set(row.labels) == set(row.label_order[:2])
    sent = {heard.prompt for heard in server.heard}
    assert {f"{', '.join(row.label_order)}\n{row.item_id}" for row in ratings.itertuples()} == sent
    again = desk.rate()
    pd.testing.assert_frame_equal(again, ratings)


# Probabilities


def speaker(order: int) -> Speaker:
    weights = [0.05, 0.1, 0.15, 0.02, 0.08, 0.2, 0.25, 0.1, 0.05]
    return Speaker({(str(place + 1),): p for place, p in enumerate(weights[::order])})


def exactly(forms: FormsDesk, **sets: Mapping[str, Any]) -> FormsDesk:
    return dataclasses.replace(
        forms,
        sets=sets,
        readouts=("exact",),
        more={"capabilities": {"top_logprobs": 20}},
    )


def test_exact_probabilities_of_two_mirrored_forms_are_those_of_one(
    forms: FormsDesk, server: FaultServer, tmp_path: Path
) -> None:
    Teller(lambda prompt: speaker(-1 if "good" in prompt else 1), 20).serve(server)
    both = exactly(forms, up=wording(UP), down=wording(DOWN)).rate()
    assert len(both) == 2 * len(WORDS)
    assert both["participant"].isna().all()
    assert Counter(both["form"]) == {"up": 4, "down": 4}
    (other := tmp_path / "items").mkdir()
    rows = both[both["item_id"] == "joy"].drop(columns=["scale"]).assign(scale="valence")
    job = AggregationJob.model_validate({"dataset": "mine", "scales": {"valence": NINE}})
    found = items(other, [rows.to_dict("records")], job=job).iloc[0]
    p = list(speaker(1).replies.values())
    told = rows.set_index("form")["probabilities"]
    assert told["up"] == pytest.approx(told["down"], abs=1e-12)
    assert found["distribution"] == pytest.approx(told["up"] / math.fsum(told["up"]), abs=1e-12)
    assert found["distribution"] == pytest.approx([each / sum(p) for each in p], abs=1e-5)


def test_exact_answers_of_a_wide_form_are_about_the_points_that_are_shown(
    forms: FormsDesk, server: FaultServer
) -> None:
    five = {"instruction": "1 to 5.", "written_for": {"min": 1, "max": 5}, "mapped": "linear"}
    Teller(lambda prompt: Speaker({("2",): 0.75, ("7",): 0.25}), 20).serve(server)
    ratings = exactly(forms, up=wording(UP), five=wording(five)).rate().set_index("form")
    assert all(len(each) == 9 for each in ratings.loc["up", "probabilities"])
    for told in ratings.loc["five", "probabilities"]:
        assert told == pytest.approx([0, 0.75, 0, 0, 0], abs=1e-5)
    assert set(ratings.loc["five", "off_scale_mass"].round(5)) == {0.25}  # 7 is no point of 1 to 5


def test_decisions_are_asked_once_in_each_form(
    forms: FormsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rising(about: str, instruction: str, levels: int) -> Sequence[float]:
        weights = [place + 1.0 for place in range(levels)]
        return [each / sum(weights) for each in weights]

    with DecisionServer().running() as server:
        server.weigh = rising
        ratings = dataclasses.replace(
            forms,
            server=server,
            sets={"up": wording(UP), "down": wording(DOWN)},
            readouts=("decision",),
            more={"capabilities": {"decisions": {"levels": 10, "questions": 200}}},
        ).rate()
    up = [place / 45 for place in range(1, 10)]
    for row in ratings.itertuples():
        assert row.probabilities == pytest.approx(up if row.form == "up" else up[::-1])
    assert Counter(ratings["form"]) == {"up": 4, "down": 4}


# In batches


@pytest.fixture
def batch_server() -> Iterator[BatchServer]:
    with BatchServer().running() as running:
        yield running


def test_a_batch_gives_what_single_requests_give(
    forms: FormsDesk, server: FaultServer, batch_server: BatchServer, tmp_path: Path
) -> None:
    server.reply = felt

    def end(number: int, lines: Sequence[Line]) -> Ending:
        return Ending(output=[answered(line, said(line)) for line in lines])

    def said(line: Line) -> str:
        prompt = line["body"]["messages"][0]["content"]
        return {"1 is bad.": "7", "1 is good.": "3", "0 to 100.": "75"}[prompt.split("\n")[0]]

    batch_server.end = end
    alone = forms.rate()
    (folder := tmp_path / "batched").mkdir()
    batched = dataclasses.replace(
        forms,
        folder=folder,
        server=batch_server,
        limits={"longest_wait_s": 0.01},
        more={"delivery": "batch", "batches": {"poll_s": 0.01}},
    ).rate()
    same = ["item_id", "participant", "form", "status", "rating", "rating_shown", "request_id"]
    pd.testing.assert_frame_equal(batched[same], alone[same])


def test_the_order_of_the_words_changes_no_answer(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = lambda heard, choice: str(
        Random(f"{heard.prompt}{heard.seed}{choice}").randint(1, 9)
    )
    first = forms.rate()
    (folder := forms.folder / "again").mkdir()
    other = dataclasses.replace(forms, folder=folder, words=WORDS[::-1]).rate()
    key = ["item_id", "participant", "form", "rating", "rating_shown", "request_id"]
    ordered = [each[key].sort_values(key[:2]).reset_index(drop=True) for each in (first, other)]
    pd.testing.assert_frame_equal(*ordered)
    assert re.fullmatch(r"[0-9a-f]{64}", first["request_id"].iloc[0])


# Doubts


def told_of_copies(desk: FormsDesk) -> list[str]:
    desk.rate()
    asked = Asked({"faulty": None}, {"plain": 1.0})
    return [told for told in doubts([desk.folder / "ratings.parquet"], asked) if "same" in told]


def test_copies_are_noticed_although_forms_differ(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = lambda heard, choice: "5"  # which means something else in each form
    words = [f"word{number}" for number in range(24)]
    (told,) = told_of_copies(dataclasses.replace(forms, words=words, participants=9))
    assert "gave the same rating of valence, to each of 24 items" in told
    assert "(216 ratings)" in told


def test_one_answer_in_each_form_is_no_copy(forms: FormsDesk, server: FaultServer) -> None:
    server.reply = lambda heard, choice: "5"
    sets = {f"form{number}": wording({**UP, "instruction": f"{number}?"}) for number in range(6)}
    words = [f"word{number}" for number in range(24)]
    assert told_of_copies(dataclasses.replace(forms, words=words, sets=sets)) == []


# Protocols that share a form


def test_jobs_at_the_same_time_ask_no_question_of_a_form_that_they_share_twice(
    forms: FormsDesk, server: FaultServer
) -> None:
    server.reply = felt
    server.plan = lambda heard: "slow"
    alone = dataclasses.replace(forms, sets={"up": wording(UP)}, participants=6)
    name = {"name": "both"}

    class Both(FormsDesk):
        @property
        def job(self) -> RatingJob:
            told = super().job.model_dump(mode="json")
            return RatingJob.model_validate({**told, "protocol": told["protocol"] | name})

    two = {"up": wording(UP), "down": wording(DOWN)}
    both = Both(**{**vars(forms), "sets": two, "participants": 4})
    both.lay_out()
    with ThreadPoolExecutor() as pool:
        list(pool.map(_asked_from, [alone, both]))
    assert not server.paid_again()
    assert sum(n for _, _, n in server.computed.values()) == 4 * 6 + 4 * 2


def _asked_from(desk: FormsDesk) -> None:
    output = desk.folder / f"{desk.job.protocol.name}.parquet"
    folder = desk.folder
    rate([desk.job], desk.card, folder / "stimuli.parquet", "0000", folder / "journal", [output])
