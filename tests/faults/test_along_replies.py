"""Exact answers of hosted models: the truth about the server's model lies within what is told."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emoalign.elicitation.doubts import Asked, doubts
from emoalign.elicitation.rating import RatingJob
from emoalign.errors import CapabilityError
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.scales import OrdinalScale
from tests.faults.batch_server import BatchServer, Ending, responded
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.server import FaultServer, Heard
from tests.kit.speaking import Speaker, Teller, Tokens, spoken, unbounded

WORDS = [f"word{number}" for number in range(12)]
NINE = {"min": 1, "max": 9, "direction": "higher is better"}
TEN = {"min": 0, "max": 10, "direction": "higher is better"}
HUNDRED = {"min": 0, "max": 100, "direction": "higher is better"}
SIGNED = {"min": -3, "max": 3, "direction": "higher is better"}
HALVES = {"min": 1, "max": 3, "step": 0.5, "direction": "higher is better"}


@dataclasses.dataclass(frozen=True)
class ExactDesk(Desk):
    """Words whose exact answers are read along one reply."""

    scale: Mapping[str, Any] = dataclasses.field(default_factory=lambda: NINE)
    readouts: tuple[str, ...] = ("exact",)
    max_tokens: int = 8
    kind: str = "text"

    @property
    def job(self) -> RatingJob:
        plain = super().job
        said = plain.model_dump(mode="json")
        answer = {"kind": self.kind, "max_tokens": self.max_tokens}
        said |= {
            "protocol": {**said["protocol"], "readouts": self.readouts},
            "prompts": {**said["prompts"], "answer": answer},
            "scales": {"valence": self.scale},
            "digits": self.card.reply_digits(self.readouts),  # type: ignore[arg-type]
        }
        return RatingJob.model_validate(said)

    @property
    def points(self) -> OrdinalScale:
        scale = self.job.scales["valence"]
        assert isinstance(scale, OrdinalScale)
        return scale


MakeDesk = Callable[..., ExactDesk]


@pytest.fixture
def exact_desk(tmp_path: Any, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> MakeDesk:
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    def make(
        scale: Mapping[str, Any] = NINE,
        vocabulary: str | None = None,
        capabilities: Mapping[str, Any] | None = None,
        of: FaultServer = server,
        **more: Any,
    ) -> ExactDesk:
        said = {"top_logprobs": 20, "vocabulary": vocabulary, **(capabilities or {})}
        fields = {"more": {"capabilities": said, **more.pop("card", {})}, **more}
        return ExactDesk(tmp_path, of, WORDS, 1, {"concurrency": 4}, scale=scale, **fields)

    return make


def whole(number: int) -> Tokens:
    return (str(number),)


def in_digits(number: int) -> Tokens:
    return tuple(str(number))


def marked(number: int) -> Tokens:
    return (f"▁{number}",)


def spaced(number: int) -> Tokens:
    return (" ", *str(number))


def spaced_whole(number: int) -> Tokens:
    return (" ", str(number))


def on_a_new_line(number: int) -> Tokens:
    return ("\n\n", str(number))


def behind_a_byte_order_mark(number: int) -> Tokens:
    return ("\ufeff", str(number))


def with_full_stop(number: int) -> Tokens:
    return (str(number), ".")


def in_quotes(number: int) -> Tokens:
    return ('"', *str(number), '"')


def full_width(number: int) -> Tokens:
    return (chr(0xFF10 + number),)


def in_words(number: int) -> Tokens:
    return ("I", " would", " say", " ", str(number), ".")


def with_decimals(number: int) -> Tokens:
    return (*str(number), ".", "0", "0")


def and_a_half(number: int) -> Tokens:
    return (str(number), ".", "5")


def with_a_zero(number: int) -> Tokens:
    return (str(number), ".", "0")


def negative(number: int) -> Tokens:
    return ("-", str(number))


MODELS: Mapping[str, tuple[Mapping[str, Any], str | None, list[Any], range]] = {
    "one token": (NINE, None, [whole], range(1, 10)),
    "marks of SentencePiece": (NINE, None, [marked, whole], range(1, 10)),
    "space, newline and byte order mark first": (
        NINE,
        None,
        [spaced, on_a_new_line, behind_a_byte_order_mark, whole],
        range(1, 10),
    ),
    "quotes, full stops, full width": (
        NINE,
        "digits",
        [in_quotes, with_full_stop, full_width],
        range(1, 10),
    ),
    "10 in two tokens": (TEN, "digits", [in_digits, spaced], range(11)),
    "10 in one token": (TEN, "llama3", [whole], range(11)),
    "0 to 100 in digits": (HUNDRED, "digits", [in_digits], range(101)),
    "0 to 100, each one token": (HUNDRED, "o200k_base", [whole, spaced_whole], range(101)),
    "words": (NINE, None, [in_words, whole], range(1, 10)),
    "decimals": (NINE, "digits", [with_decimals], range(1, 10)),
    "signs": (SIGNED, "digits", [negative, whole], range(1, 4)),
    "halves": (HALVES, "digits", [and_a_half, with_a_zero], range(1, 4)),
}


def bounds(row: Any, points: OrdinalScale) -> tuple[float, float]:
    """The least and the greatest mean that the probabilities of a row allow."""
    unknown = 1 - row.returned_mass
    known = sum(row.probabilities)
    first = sum(p * x for p, x in zip(row.probabilities, points.points, strict=True))
    if known + unknown == 0:
        return points.min, points.max
    return tuple(  # type: ignore[return-value]
        (first + unknown * end) / (known + unknown) for end in (points.min, points.max)
    )


@pytest.mark.parametrize(
    ("returned", "columns"), [(5, False), (20, True), (1000, False)], ids=["5", "20", "all"]
)
@pytest.mark.parametrize("kind", MODELS)
def test_the_truth_lies_within_what_is_told(
    kind: str, returned: int, columns: bool, exact_desk: MakeDesk
) -> None:
    scale, vocabulary, forms, numbers = MODELS[kind]
    desk = exact_desk(scale, vocabulary)
    speakers = {word: spoken(Random(word + kind), forms, numbers) for word in WORDS}
    teller = Teller(lambda prompt: speakers[prompt], returned, columns)
    teller.serve(desk.server)
    ratings = desk.rate()
    assert len(ratings) == len(WORDS)
    for row in ratings.itertuples():
        assert row.status in ("ok", "unparsable")
        truth = speakers[row.item_id].truth(desk.points)
        unknown = 1 - row.returned_mass
        assert -1e-5 <= unknown <= 1
        for point, share in zip(desk.points.points, row.probabilities, strict=True):
            told = (row.item_id, point, share, truth[point], unknown)
            assert share - 1e-5 <= truth[point] <= share + unknown + 1e-5, told
        on_scale = sum(truth.values())
        if on_scale > 1e-9:
            mean = sum(point * share for point, share in truth.items()) / on_scale
            least, most = bounds(row, desk.points)
            # Renormalised over the scale; off the scale the truth has no less than is told.
            assert least - 1e-3 <= mean <= most + 1e-3 or unknown > on_scale
        assert row.off_scale_mass <= 1 - on_scale + 1e-5
    for body in teller.seen:
        assert (body["temperature"], body["top_p"], body["max_tokens"]) == (1.0, 1.0, 8)
        assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
        assert "seed" not in body


def test_the_whole_vocabulary_of_single_tokens_leaves_nothing_open(exact_desk: MakeDesk) -> None:
    desk = exact_desk()
    speakers = {word: spoken(Random(word), [whole, marked], range(1, 10)) for word in WORDS}
    Teller(lambda prompt: speakers[prompt], 1000).serve(desk.server)
    for row in desk.rate().itertuples():
        truth = list(speakers[row.item_id].truth(desk.points).values())
        assert row.probabilities == pytest.approx(truth, abs=1e-5)
        assert row.returned_mass == pytest.approx(1, abs=1e-5)


def test_numbers_that_go_on_beyond_the_scale_are_seen_in_the_reply(exact_desk: MakeDesk) -> None:
    desk = exact_desk()
    speakers = {word: unbounded(Random(word), 0.4) for word in WORDS}
    Teller(lambda prompt: speakers[prompt], 20).serve(desk.server)
    longer = [row for row in desk.rate().itertuples() if len(row.text) > 1]
    assert len(longer) > 3  # of others nothing shows that they might have gone on
    for row in longer:
        truth = speakers[row.item_id].truth(desk.points)
        for point, share in zip(desk.points.points, row.probabilities, strict=True):
            assert share - 1e-5 <= truth[point] <= share + 1 - row.returned_mass + 1e-5


def in_an_object(number: int) -> Tokens:
    return ('{"', "valence", '":', " ", *str(number), "}")


@pytest.mark.parametrize("returned", [5, 1000])
def test_a_forced_object_is_read_from_where_its_value_begins(
    returned: int, exact_desk: MakeDesk
) -> None:
    desk = exact_desk(
        TEN, "digits", capabilities={"structured": True}, kind="structured", max_tokens=16
    )
    assert not list(desk.card.cannot_follow("m", desk.job.protocol, [structured()]))
    objects = {word: spoken(Random(word), [in_an_object], range(11)) for word in WORDS}
    numbers = {word: spoken(Random(word), [in_digits], range(11)) for word in WORDS}
    teller = Teller(lambda prompt: objects[prompt], returned)
    teller.serve(desk.server)
    for row in desk.rate().itertuples():
        truth = numbers[row.item_id].truth(desk.points)
        assert any(row.probabilities)
        for point, share in zip(desk.points.points, row.probabilities, strict=True):
            assert share - 1e-5 <= truth[point] <= share + 1 - row.returned_mass + 1e-5
    assert all(body["response_format"]["type"] == "json_schema" for body in teller.seen)
    local = exact_desk(capabilities={"structured": True, "tokenizer": True}).card
    (reason,) = local.cannot_follow("m", desk.job.protocol, [structured()])
    assert "set tokenizer: false in its card" in reason


def structured() -> PromptSet:
    return a_prompt_set(answer={"kind": "structured", "max_tokens": 16})


def a_prompt_set(**changes: Any) -> PromptSet:
    return PromptSet.model_validate(
        {
            "title": "T",
            "kind": "chat",
            "template": "{{ item.text }}",
            "answer": {},
            "scales": {"valence": {"instruction": "Rate."}},
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("protocol", "prompts", "capabilities", "reason"),
    [
        ({"temperature": 0.5}, {}, {}, "at temperature 0.5, .* Write temperature: 1"),
        (
            {},
            {},
            {"thinking_tokens": {"provider": 100}},
            "it thinks before it answers .*: use the sampled readout",
        ),
        (
            {},
            {},
            {"thinking_tokens": {"provider": 100}, "thinking": {"off": {"effort": "none"}}},
            "it thinks before it answers .*: write thinking: off",
        ),
        (
            {},
            {"answer": {"kind": "next_token", "max_tokens": 1}},
            {},
            "an answer read from single tokens, but its card says tokenizer: false",
        ),
        ({}, {}, {"top_logprobs": 0}, "the exact readout, but its card says top_logprobs: 0"),
        (
            {"temperature": 0.5},
            {},
            {"logprob_token_ids": True, "tokenizer": True},
            "at temperature 0.5, .*logprob_token_ids: true.* write temperature: 1",
        ),
    ],
)
def test_a_reading_that_would_be_wrong_is_refused(
    protocol: dict[str, Any],
    prompts: dict[str, Any],
    capabilities: dict[str, Any],
    reason: str,
    exact_desk: MakeDesk,
) -> None:
    card = exact_desk(capabilities=capabilities).card
    asked = Protocol.model_validate(
        {"name": "p", "prompts": "x", "readouts": ["exact"], **protocol}
    )
    (said,) = card.cannot_follow("m", asked, [a_prompt_set(**prompts)])
    assert re.search(reason, said), said


@pytest.mark.parametrize("scale", [TEN, HUNDRED, SIGNED, HALVES])
def test_points_that_may_be_several_tokens_need_a_vocabulary(
    scale: Mapping[str, Any], exact_desk: MakeDesk
) -> None:
    desk = exact_desk(scale)
    told = desk.card.cannot_rate("m", "mine", "word", desk.job.scales, {"exact"})
    (reason,) = told
    assert "may be one token or several" in reason
    assert "vocabulary: digits" in reason
    named = exact_desk(scale, "digits")
    assert not list(named.card.cannot_rate("m", "mine", "word", desk.job.scales, {"exact"}))
    assert not list(desk.card.cannot_rate("m", "mine", "word", desk.job.scales, {"sampled"}))
    assert not list(desk.card.cannot_rate("m", "mine", "word", exact_desk().job.scales, {"exact"}))


def test_numbers_in_other_tokens_than_the_card_says_stop_the_job_and_are_read_again(
    exact_desk: MakeDesk,
) -> None:
    said = exact_desk(TEN, "llama3")
    speakers = {word: Speaker({("1", "0"): 0.7, ("1",): 0.2, ("7",): 0.1}) for word in WORDS}
    Teller(lambda prompt: speakers[prompt], 20).serve(said.server)
    with pytest.raises(CapabilityError, match=r"wrote 10 as several tokens.*vocabulary: digits"):
        said.rate()
    kept = len(said.answers())
    assert 0 < kept == len(said.server.heard)
    right = exact_desk(TEN, "digits")
    ratings = right.rate()
    assert len(right.server.heard) == len(WORDS)  # nothing twice
    for row in ratings.itertuples():
        by_point = dict(zip(right.points.points, row.probabilities, strict=True))
        if row.text == "10":
            assert (by_point[10], by_point[1]) == (
                pytest.approx(0.7, abs=1e-5),
                pytest.approx(0.2, abs=1e-5),
            )


def test_a_number_that_is_rarely_split_is_no_other_vocabulary(exact_desk: MakeDesk) -> None:
    desk = exact_desk(TEN, "o200k_base")
    speaker = Speaker({("10",): 0.6, ("1", "0"): 0.3, ("2",): 0.1})
    Teller(lambda prompt: speaker, 20).serve(desk.server)
    assert set(desk.rate()["status"]) == {"ok"}


def test_probabilities_of_thoughts_are_not_read(
    exact_desk: MakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = exact_desk()
    teller = Teller(lambda prompt: Speaker({("<think>", "So", "</think>", "7"): 1.0}), 20)

    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        made = teller.choose(heard, reply)
        made["choices"][0]["message"]["content"] = "7"
        return made

    desk.server.change = change
    ratings = desk.rate()
    assert set(ratings["status"]) == {"error"}
    assert ratings["probabilities"].isna().all()
    assert "are those of other tokens: <think>So</think>" in caplog.text


def test_a_sampled_and_an_exact_answer_of_a_model_are_asked_for_apart(
    exact_desk: MakeDesk,
) -> None:
    desk = exact_desk(readouts=("sampled", "exact"))
    teller = Teller(lambda prompt: Speaker({("7",): 0.8, ("8",): 0.2}), 20)
    teller.serve(desk.server)
    ratings = desk.rate()
    assert ratings.groupby("readout").size().to_dict() == {"exact": 12, "sampled": 12}
    assert {"logprobs" in body for body in teller.seen} == {True, False}


def test_a_card_that_tells_its_vocabulary_keeps_its_sampled_jobs(exact_desk: MakeDesk) -> None:
    plain = exact_desk(readouts=("sampled",)).job
    told = exact_desk(vocabulary="llama3", readouts=("sampled",)).job
    assert told.params() == plain.params()
    assert "digits" not in plain.params()
    exact = exact_desk(vocabulary="llama3").job
    assert exact.params()["digits"] == 3


def test_very_unlikely_tokens_are_no_part_of_an_answer(exact_desk: MakeDesk) -> None:
    desk = exact_desk()

    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        top = [{"token": "7", "logprob": -0.1}, {"token": "8", "logprob": -9999.0}]
        top += [{"token": "9", "logprob": None}, {"token": "6", "logprob": "-inf"}]
        content = [{"token": "3", "logprob": -9999.0, "top_logprobs": top}]
        choice = {"message": {"content": "3"}, "logprobs": {"content": content}}
        return {**reply, "choices": [{**choice, "finish_reason": "stop"}]}

    desk.server.change = change
    for row in desk.rate().itertuples():
        assert sum(row.probabilities) == pytest.approx(0.904837, abs=1e-5)
        assert row.returned_mass == pytest.approx(0.904837, abs=1e-5)


def test_batches_bring_the_same_as_single_requests(
    exact_desk: MakeDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speakers = {word: spoken(Random(word), [in_digits, spaced], range(11)) for word in WORDS}
    teller = Teller(lambda prompt: speakers[prompt], 20)
    single = exact_desk(TEN, "digits")
    teller.serve(single.server)
    alone = single.rate()

    def end(number: int, lines: Sequence[Mapping[str, Any]]) -> Ending:
        output = []
        for line in lines:
            heard = Heard(line["body"]["messages"][-1]["content"], 0, 1, 1, 0.0, {}, line["body"])
            reply = {"model": "faulty", "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
            output.append(responded(line, 200, teller.choose(heard, reply)))
        return Ending(output=output)

    (tmp_path / "batch").mkdir()
    with BatchServer(end=end).running() as server:
        card = {"delivery": "batch", "batches": {"poll_s": 0.05}}
        batch = exact_desk(TEN, "digits", of=server, card=card)
        together = dataclasses.replace(batch, folder=tmp_path / "batch").rate()
    for name in ("text", "off_scale_mass", "returned_mass", "status"):
        assert together[name].tolist() == alone[name].tolist()
    assert list(map(list, together["probabilities"])) == list(map(list, alone["probabilities"]))


def doubts_about(desk: ExactDesk) -> str:
    desk.rate()
    asked = Asked({"faulty": None}, {"plain": 1.0})
    return "\n".join(doubts([desk.folder / "ratings.parquet"], asked))


def test_answers_that_say_little_are_told(exact_desk: MakeDesk) -> None:
    sure = Speaker({("7",): 0.9, ("8",): 0.1})
    for forms, told in (
        (Speaker({in_words(7): 0.8, ("7",): 0.2}), "12 of 12 exact answers .* begin with words"),
        (
            Speaker({with_decimals(7): 0.5, ("6", ".", "5"): 0.5}),
            "12 of 12 exact answers .* have decimals",
        ),
        (Speaker({(" ", "7"): 0.5, ("\n", "7"): 0.5}), "In 12 of 12 exact answers .*unknown"),
        (sure, ""),
    ):
        desk = exact_desk(vocabulary="digits")
        Teller(lambda prompt, forms=forms: forms, 20).serve(desk.server)  # type: ignore[misc]
        desk.journal.unlink(missing_ok=True)
        said = doubts_about(desk)
        assert re.search(told, said) if told else not said, said


def test_points_are_asked_for_by_the_ids_of_their_tokens(exact_desk: MakeDesk) -> None:
    desk = exact_desk(
        TEN, capabilities={"top_logprobs": 0, "tokenizer": True, "logprob_token_ids": True}
    )
    ids = {str(number): [number] for number in range(11)} | {" 7": [70], " 8": [71, 8]}

    def tokens(body: dict[str, Any]) -> Any:
        return {"tokens": ids.get(body["content"], [900, 901])} if "content" in body else 400

    desk.server.tokenizers = {"/tokenize": tokens}
    shares = {0: 0.02, 10: 0.5, 7: 0.2, 70: 0.1}
    names = {70: " 7"}

    def change(heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        asked = heard.body["logprob_token_ids"]
        assert asked == [*range(11), 70]
        assert "top_logprobs" not in heard.body
        assert (heard.body["logprobs"], heard.body["max_tokens"]) == (True, 1)
        top = [
            {
                "token": names.get(each, str(each)),
                "logprob": math.log(shares[each]) if each in shares else -9999.0,
            }
            for each in asked
        ]
        top.append({"token": "The", "logprob": math.log(0.1)})  # drawn, and no point
        content = [{"token": "The", "logprob": math.log(0.1), "top_logprobs": top}]
        choice = {"message": {"content": "The"}, "logprobs": {"content": content}}
        return {**reply, "choices": [{**choice, "finish_reason": "length"}]}

    desk.server.change = change
    for row in desk.rate().itertuples():
        by_point = dict(zip(desk.points.points, row.probabilities, strict=True))
        expected = {0: 0.02, 7: 0.3, 10: 0.5}
        assert {p: round(s, 5) for p, s in by_point.items() if s} == expected
        assert row.off_scale_mass == pytest.approx(0.18, abs=1e-5)
        assert row.returned_mass == pytest.approx(1, abs=1e-5)


def test_more_points_than_ids_are_refused_before_anything_is_asked(exact_desk: MakeDesk) -> None:
    scale = {"min": 0, "max": 200, "direction": "higher is better"}
    desk = exact_desk(
        scale, capabilities={"top_logprobs": 0, "tokenizer": True, "logprob_token_ids": True}
    )

    def tokens(body: dict[str, Any]) -> Any:
        number = body["content"]
        return {"tokens": [int(number)] if number.isascii() and number.isdigit() else [900, 901]}

    desk.server.tokenizers = {"/tokenize": tokens}
    with pytest.raises(CapabilityError, match=r"128 tokens.*logprob_token_ids: false"):
        desk.rate()
    assert not desk.server.heard
