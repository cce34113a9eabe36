"""Items that a provider will not answer: a status of their own, and never the end of a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from emoalign.errors import EngineError
from tests.faults.batch_server import BatchServer, Ending, answered, responded
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.server import Heard

Said = Callable[[Heard], tuple[int, object] | None]

AZURE = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
        "management policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        },
    }
}
LITELLM = {
    "error": {
        "message": "litellm.BadRequestError: litellm.ContentPolicyViolationError: see the policy.",
        "type": None,
        "param": None,
        "code": "400",
    }
}
NESTED = {
    "error": {
        "message": "litellm.BadRequestError: AzureException",
        "code": "400",
        "provider_specific_fields": {"innererror": {"code": "ResponsibleAIPolicyViolation"}},
    }
}
INSIDE_A_TEXT = {
    "error": {"message": "Error code: 400 - {'error': {'code': 'content_filter'}}", "code": 400}
}
OPENROUTER = {
    "error": {
        "code": 403,
        "message": "Your chosen model requires moderation and your input was flagged",
        "metadata": {"reasons": ["violence"], "flagged_input": "war"},
    }
}
QUOTED = {
    "error": {
        "code": 403,
        "message": "Your input was flagged",
        "metadata": {"reasons": ["self-harm"], "flagged_input": "insufficient balance"},
    }
}
XAI = {
    "code": "The caller does not have permission to execute the specified operation",
    "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
}
DEEPSEEK = {"error": {"message": "Content Exists Risk", "code": "invalid_request_error"}}
ANTHROPIC = {
    "error": {
        "type": "invalid_request_error",
        "message": "Output blocked by content filtering policy",
    }
}
ALIBABA = {"error": {"code": "data_inspection_failed", "message": "Input data is not allowed."}}
GEMINI = {"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
FILTERED = {
    "choices": [],
    "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}],
}


def only(word: str, status: int, body: object) -> Said:
    return lambda heard: (status, body) if heard.prompt == word else None


def by_word(desk: Desk) -> dict[str, set[str]]:
    ratings = desk.rate()
    return {str(word): set(rows["status"]) for word, rows in ratings.groupby("item_id", sort=False)}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, AZURE),
        (400, LITELLM),
        (500, LITELLM),
        (400, NESTED),
        (400, INSIDE_A_TEXT),
        (403, OPENROUTER),
        (200, OPENROUTER),
        (403, QUOTED),
        (403, XAI),
        (400, DEEPSEEK),
        (400, [DEEPSEEK]),
        (422, DEEPSEEK),
        (400, ANTHROPIC),
        (400, ALIBABA),
        (200, {"error": {"code": "content_filter", "message": "No."}}),
        (200, GEMINI),
        (200, FILTERED),
    ],
)
def test_content_that_is_refused_in_any_providers_way_is_an_answer_of_that_item(
    status: int, body: object, desk: Desk
) -> None:
    desk.server.said = only("tea", status, body)
    statuses = by_word(desk)
    assert statuses.pop("tea") == {"content_filter"}
    assert set.union(*statuses.values()) == {"ok"}
    assert len(desk.server.heard) == 4
    desk.rate()
    assert len(desk.server.heard) == 4


@pytest.mark.parametrize("message", [{}, {"message": None}, {"message": {}}, {"text": None}])
@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("content_filter", "content_filter"),
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("content-filter", "content_filter"),
        ("length", "truncated"),
    ],
)
def test_a_choice_without_a_message_is_an_answer_where_its_end_says_why(
    reason: str, status: str, message: dict[str, object], desk: Desk
) -> None:
    choice = {"index": 0, "finish_reason": reason, **message}
    desk.server.said = only("tea", 200, {"choices": [choice] * 3})
    statuses = by_word(desk)
    assert statuses.pop("tea") == {status}
    assert set.union(*statuses.values()) == {"ok"}
    assert len(desk.server.heard) == 4


def test_words_of_the_card_say_that_content_is_refused(desk: Desk) -> None:
    desk.server.said = only("tea", 403, {"message": "Verboten: STOP WORD found"})
    told = {"choices": 20, "seed_bits": 63, "content_filter_words": ["stop word"]}
    statuses = by_word(replace(desk, more={"capabilities": told}))
    assert statuses["tea"] == {"content_filter"}


@pytest.mark.parametrize("status", [400, 403, 413, 422, 451])
def test_a_request_that_is_not_accepted_is_rejected_once_others_are(
    status: int, desk: Desk
) -> None:
    first = replace(desk, words=["tea", "joy", "woe", "war"], limits={"concurrency": 1})
    said = f"This is not for you, {KEY}."
    desk.server.said = only("tea", status, {"error": {"message": said}})
    ratings = first.rate()
    tea = ratings[ratings["item_id"] == "tea"]
    assert set(tea["status"]) == {"rejected"}
    assert set(tea["text"]) == {"This is not for you, ***."}
    assert tea["rating"].isna().all()
    assert (ratings["status"] == "ok").sum() == 9
    assert [heard.prompt for heard in desk.server.heard] == ["tea", "joy", "woe", "war"]
    # Not before another was answered.
    assert [answer.finish_reason for answer in first.answers()] == [
        *["stop"] * 3,
        *["rejected"] * 3,
        *["stop"] * 6,
    ]
    first.rate()
    assert len(desk.server.heard) == 4


def test_the_last_item_may_be_the_one_that_is_rejected(desk: Desk) -> None:
    desk.server.said = only("war", 400, {"error": {"message": "No."}})
    one_by_one = replace(desk, limits={"concurrency": 1})
    assert by_word(one_by_one)["war"] == {"rejected"}
    # Nothing was left to ask: what the server has accepted before tells that it accepts others.
    assert [heard.prompt for heard in desk.server.heard] == ["joy", "woe", "tea", "war", "joy"]
    assert len(desk.answers()) == 12


def test_what_is_rejected_is_asked_again_in_a_new_wave_alone(desk: Desk) -> None:
    desk.server.said = only("tea", 400, {"error": {"message": "No."}})
    one_by_one = replace(desk, limits={"concurrency": 1})
    one_by_one.rate()
    again = replace(one_by_one, wave=2)
    desk.server.said = lambda heard: None
    assert by_word(again)["tea"] == {"ok"}
    assert len(desk.server.heard) == 8


def test_a_server_that_accepts_nothing_stops_the_job_and_nothing_is_noted(desk: Desk) -> None:
    desk.server.said = lambda heard: (403, {"error": {"message": "Your project is gone."}})
    with pytest.raises(EngineError, match=r"Your project is gone\. .*account's permissions"):
        desk.rate()
    assert desk.answers() == []
    desk.server.said = lambda heard: None
    assert (desk.rate()["rating"] == 7).all()


def test_ten_items_in_a_row_that_are_not_accepted_stop_the_job(desk: Desk) -> None:
    many = replace(desk, words=[f"word {one}" for one in range(100)], limits={"concurrency": 1})
    gone = {"error": {"message": "top_p is gone."}}
    desk.server.said = lambda heard: (400, gone) if len(desk.server.heard) > 20 else None
    with pytest.raises(EngineError) as error:
        many.rate()
    message = str(error.value)
    assert "refused the request (HTTP 400): top_p is gone." in message
    assert "10 items in a row were not accepted" in message
    assert len(desk.server.heard) == 30
    assert {answer.finish_reason for answer in many.answers()} == {"stop"}
    assert len(many.answers()) == 60

    desk.server.said = lambda heard: None
    assert (many.rate()["rating"] == 7).all()
    assert len(desk.server.heard) == 110


def test_an_answer_on_its_way_makes_no_rejections_of_what_stopped_the_job(desk: Desk) -> None:
    words = ["first", *(f"w{number}" for number in range(20))]
    many = replace(desk, words=words, limits={"concurrency": 4})
    desk.server.hold = lambda heard: heard.prompt == "first" and len(desk.server.heard) < 11
    desk.server.plan = lambda heard: "slow" if heard.prompt == "first" else None
    said = {"error": {"message": "This key was disabled."}}
    desk.server.said = lambda heard: None if heard.prompt == "first" else (403, said)
    with pytest.raises(EngineError, match="Nothing was recorded for these items"):
        many.rate()
    assert {answer.finish_reason for answer in desk.answers()} == {"stop"}


@pytest.mark.parametrize("disabled_after", [1, 4, 8])
def test_an_answer_from_before_a_key_was_disabled_makes_no_rejections(
    disabled_after: int, desk: Desk
) -> None:
    words = ["first", *(f"w{number}" for number in range(disabled_after))]
    few = replace(desk, words=words, limits={"concurrency": 4})
    desk.server.hold = lambda heard: heard.prompt == "first" and len(desk.server.heard) < len(words)
    desk.server.plan = lambda heard: "slow" if heard.prompt == "first" else None
    said = {"error": {"message": "This key was disabled."}}
    desk.server.said = lambda heard: (
        None if heard.prompt == "first" and heard.attempt == 1 else (403, said)
    )
    with pytest.raises(EngineError, match="This key was disabled"):
        few.rate()
    assert [answer.finish_reason for answer in few.answers()] == ["stop"] * 3

    desk.server.said = lambda heard: None
    assert (few.rate()["rating"] == 7).all()


def test_answers_from_before_do_not_count_items_as_rejected_in_a_row(desk: Desk) -> None:
    """Every third item is rejected at once, while others take their time."""
    words = [f"{'no' if number % 3 == 0 else 'yes'} {number}" for number in range(48)]
    many = replace(desk, words=words, limits={"concurrency": 16})
    desk.server.plan = lambda heard: "slow"
    desk.server.said = lambda heard: (
        (400, {"error": {"message": "No."}}) if heard.prompt.startswith("no") else None
    )
    assert {word.split()[0]: statuses for word, statuses in by_word(many).items()} == {
        "no": {"rejected"},
        "yes": {"ok"},
    }


def test_many_requests_about_one_item_are_no_ten_in_a_row(desk: Desk) -> None:
    desk.server.said = only("joy", 400, {"error": {"message": "No."}})
    alone = replace(desk, participants=30, choices=1, limits={"concurrency": 1})
    statuses = by_word(alone)
    assert statuses.pop("joy") == {"rejected"}
    assert set.union(*statuses.values()) == {"ok"}


def test_a_job_that_goes_on_with_rejected_items_alone_asks_first_whether_others_still_pass(
    desk: Desk,
) -> None:
    replace(desk, words=["joy", "woe"]).rate()
    desk.server.said = lambda heard: (400, {"error": {"message": "Not today."}})
    with pytest.raises(EngineError, match="Not today"):
        desk.rate()
    assert len(desk.answers()) == 6

    desk.server.said = only("tea", 400, {"error": {"message": "No."}})
    replace(desk, words=["joy", "woe", "tea"]).rate()
    assert [answer.finish_reason for answer in desk.answers()][6:] == ["rejected"] * 3


def test_an_empty_list_of_answers_is_asked_again_then_rejected(desk: Desk) -> None:
    def said(heard: Heard) -> tuple[int, object] | None:
        passes = heard.prompt == "woe" and heard.attempt > 1
        empty = heard.prompt in ("woe", "tea") and not passes
        return (200, {"model": "faulty", "choices": []}) if empty else None

    desk.server.said = said
    statuses = by_word(replace(desk, limits={**desk.limits, "longest_wait_s": 0.01}))
    assert (statuses["woe"], statuses["tea"]) == ({"ok"}, {"rejected"})
    assert sum(heard.prompt == "tea" for heard in desk.server.heard) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"type": "throttling_error", "message": "You exceeded your current quota, please."}),
        (429, {"details": {"error_code": "enforced_spend_limit_reached"}, "message": "Limit."}),
        (429, {"code": "credit_balance_exhausted", "message": "Nothing left."}),
        (429, {"code": "429", "message": "litellm: {'code': 'insufficient_quota'}"}),
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low."}),
        (403, {"message": "Your newly created team doesn't have any credits yet."}),
        (500, {"provider": {"error": {"type": "insufficient_quota"}}}),
    ],
)
def test_money_that_is_used_up_stops_the_job_at_once_however_it_is_said(
    status: int, error: object, desk: Desk
) -> None:
    desk.server.said = lambda heard: (status, {"error": error})
    with pytest.raises(EngineError, match="no money or credits left"):
        replace(desk, limits={**desk.limits, "concurrency": 1}).rate()
    assert len(desk.server.heard) == 1


def test_a_quota_per_minute_in_the_same_words_passes(desk: Desk) -> None:
    details = [
        {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"retryDelay": "0.01s"},
    ]
    busy = {"code": 429, "message": "You exceeded your current quota.", "details": details}
    desk.server.said = lambda heard: (429, {"error": busy}) if heard.attempt == 1 else None
    patient = replace(desk, limits={**desk.limits, "longest_wait_s": 0.05, "retries": 50})
    assert (patient.rate()["rating"] == 7).all()


# The same in batches


@pytest.fixture
def batched(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with BatchServer().running() as server:
        batches = {"delivery": "batch", "batches": {"poll_s": 0.01}}
        limits = {"longest_wait_s": 0.01}
        yield Desk(tmp_path, server, ["joy", "woe", "tea", "war"], 3, limits, more=batches)


def ending(word: str, status: int, body: dict[str, Any]) -> Callable[[int, Any], Ending]:
    def end(number: int, lines: Any) -> Ending:
        def about(line: Any) -> bool:
            return line["body"]["messages"][0]["content"] == word or word == "*"

        return Ending(
            output=[answered(line) for line in lines if not about(line)],
            errors=[responded(line, status, body) for line in lines if about(line)],
        )

    return end


@pytest.mark.parametrize(
    ("status", "body", "becomes"),
    [
        (400, DEEPSEEK, "content_filter"),
        (400, LITELLM, "content_filter"),
        (400, {"error": {"message": "Not this."}}, "rejected"),
        (200, {"choices": []}, "rejected"),
    ],
)
def test_items_that_are_refused_in_a_batch_are_answers_too(
    status: int, body: dict[str, Any], becomes: str, batched: Desk
) -> None:
    server = batched.server
    assert isinstance(server, BatchServer)
    server.end = ending("tea", status, body)
    statuses = by_word(batched)
    assert statuses.pop("tea") == {becomes}
    assert set.union(*statuses.values()) == {"ok"}
    assert len(server.submitted) == 1


def test_a_batch_of_which_nothing_is_accepted_stops_the_job_and_nothing_is_noted(
    batched: Desk,
) -> None:
    server = batched.server
    assert isinstance(server, BatchServer)
    server.end = ending("*", 400, {"error": {"message": "No such model."}})
    with pytest.raises(EngineError, match="No such model"):
        batched.rate()
    assert batched.answers() == []


@pytest.mark.parametrize("accepts_others", [True, False])
def test_a_later_batch_of_which_nothing_is_accepted_is_rejected_if_the_server_accepts_others(
    accepts_others: bool, batched: Desk
) -> None:
    replace(batched, words=["joy", "woe"]).rate()
    server = batched.server
    assert isinstance(server, BatchServer)
    server.end = ending("*", 403, {"error": {"message": "Not this."}})
    if accepts_others:
        assert by_word(batched)["tea"] == {"rejected"}
    else:
        server.said = lambda heard: (403, {"error": {"message": "This key was disabled."}})
        with pytest.raises(EngineError, match="This key was disabled"):
            batched.rate()
    assert len(server.heard) == 1
    assert len(server.submitted) == 2
    assert len(batched.answers()) == (12 if accepts_others else 6)


def test_lines_of_a_rejected_answer_are_read_as_before(desk: Desk) -> None:
    desk.server.said = only("tea", 400, {"error": {"message": "No."}})
    desk.rate()
    lines = [orjson.loads(line) for line in desk.journal.read_bytes().splitlines()]
    rejected = [line for line in lines if line["finish_reason"] == "rejected"]
    assert [line["text"] for line in rejected] == ["No."] * 3
    assert {line["reply_id"] for line in lines} == {None}
