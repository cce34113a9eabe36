"""Sessions in a study: what is refused, what is asked, what it costs, and how it is planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
import yaml

from emoalign.elicitation.engines.anthropic.messages import Messages
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.engines.vllm.outputs import beginning
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.rating import SESSIONS, Ask, RatingRequest, RatingTask, Sampling
from emoalign.elicitation.rehearsal import likely_answer, longest, rehearsed, times_alone
from emoalign.errors import CapabilityError, StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.opening import Opening
from emoalign.planning.plan import planned
from emoalign.planning.preflight import check_prompts
from emoalign.planning.rules import Files
from emoalign.planning.session_checks import sessions_that_do_not_fit
from emoalign.planning.sessions_in_words import sessions_in_words
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    Image,
    Message,
    Prompt,
    Turn,
    chat_messages,
    estimated_tokens,
    image_tokens,
    without_system,
)
from emoalign.study.library import Library

ROOT = Path(__file__).parents[2]
WORDS = pd.DataFrame(
    {
        "item_id": [f"w{place:02d}" for place in range(20)],
        "modality": "word",
        "text": [f"word{place:02d}" for place in range(20)],
        "shard": "0000",
    }
)
SESSION = {"items": 10}
SHEET: dict[str, Any] = {
    "title": "Sheet",
    "kind": "completion",
    "template": "{% for line in history %}{{ line.text }} = {{ line.answer }}\n{% endfor %}"
    "{{ item.text }} = ",
    "answer": {"kind": "next_token", "max_tokens": 1},
    "scales": {"valence": {"instruction": "Rate.", "written_for": {"min": 1, "max": 9}}},
}


def content(**changes: Any) -> dict[str, Any]:
    protocol = {"name": "p", "prompts": "words-session", "participants": 3, "session": SESSION}
    return {
        "study": "s",
        "title": "T",
        "seed": 1,
        "models": ["gpt-4o"],
        "datasets": [{"dataset": "vader", "sample": 20}],
        "protocols": [protocol],
        **changes,
    }


def study(
    folder: Path = ROOT / "config", models: Any = ("gpt-4o",), **protocol: Any
) -> LoadedStudy:
    asked = content(models=list(models))
    asked["protocols"][0] |= protocol
    return load_study(asked, folder)


def with_prompts(folder: Path, **changes: Any) -> Path:
    """A project with a prompt set `own`, a growing sheet with changes."""
    (folder / "prompts").mkdir()
    (folder / "prompts/own.yaml").write_text(yaml.safe_dump({**SHEET, **changes}))
    return folder


def task(loaded: LoadedStudy, journal: Path, model: str = "gpt-4o") -> RatingTask:
    return RatingTask(Jobs(loaded).rate(model, "p", "vader", "valence"), WORDS, journal, SESSIONS)


# What is refused


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        ({"session": {"items": 4}}, "session.items"),
        ({"session": {"items": 10, "history": 10}}, "history: 10 is no limit in sessions of 10"),
        ({"session": {"items": 21}}, "21 items in a session, but the study has only 20"),
        ({"session": {"history": 20}}, "history: 20 is no limit in sessions of 20"),
        ({"readouts": ["exact"]}, "write [sampled] or [sampled, exact]"),
        ({"readouts": ["sampled", "decision"], "temperature": 1}, "use a protocol without session"),
        (
            {
                "personas": "adults",
                "prompts": "words-to-persona",
                "participants": 6,
                "session": {"items": 5},
            },
            "in 24 sessions",
        ),
    ],
)
def test_sessions_that_cannot_be_are_refused_when_the_study_is_read(
    protocol: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError) as refused:
        study(**protocol)
    assert told in str(refused.value)


@pytest.mark.parametrize("history", [-1, "some", True, 2.5, None])
def test_a_history_that_is_none_is_told_once(history: object) -> None:
    with pytest.raises(StudyError) as refused:
        study(session={"history": history})
    (problem,) = refused.value.problems
    assert "expected all, or a whole number of earlier items, 0 or more" in problem


def test_a_recitation_has_no_session() -> None:
    asked = content()
    asked["protocols"].append({"name": "q", "kind": "recitation", "prompts": "recitation"})
    asked["protocols"][1]["session"] = SESSION
    with pytest.raises(StudyError, match="a recitation rates nothing"):
        load_study(asked, ROOT / "config")


def test_practice_needs_a_session_of_some_protocol() -> None:
    with pytest.raises(StudyError, match="only sessions begin with practice"):
        study(session=None)
    asked = content()
    asked["protocols"].append({"name": "alone", "prompts": "words-session", "participants": 3})
    jobs = Jobs(load_study(asked, ROOT / "config"))
    alone, session = (jobs.rate("gpt-4o", name, "vader", "valence") for name in ("alone", "p"))
    assert session.prompts.wording["valence"].practice == ("jail", "table", "birthday")
    assert not alone.prompts.wording["valence"].practice
    assert "dealt_by" not in alone.params()
    assert set(jobs.prepare("vader").excluded_texts) >= {"jail", "table", "birthday"}


def test_batches_take_no_sessions(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    card = {"title": "B", "engine": "openai", "model": "m", "delivery": "batch", "capabilities": {}}
    (tmp_path / "models/batched.yaml").write_text(yaml.safe_dump(card))
    with pytest.raises(StudyError, match="delivery: batch: write delivery: single"):
        study(tmp_path, ["batched"])


def test_a_text_to_be_continued_must_show_the_earlier_items(tmp_path: Path) -> None:
    blind = with_prompts(tmp_path, template="{{ item.text }} = ")
    with pytest.raises(StudyError, match=r"add them, such as \{% for line in history"):
        check_prompts(study(blind, ["smollm2-135m"], prompts="own"))


def test_a_mistake_in_the_lines_of_earlier_items_is_told_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    wrong = with_prompts(
        tmp_path,
        template="{% for line in history %}{{ line.word }} = {{ line.answer }}{% endfor %}"
        "{{ item.text }}",
    )
    with pytest.raises(StudyError, match="has no attribute 'word'"):
        check_prompts(study(wrong, ["smollm2-135m"], prompts="own"))


def test_practice_of_texts_is_refused_where_items_are_images(tmp_path: Path) -> None:
    scales = {
        "valence": {"instruction": "R", "written_for": {"min": 1, "max": 7}, "practice": ["a"]}
    }
    folder = with_prompts(
        tmp_path, kind="chat", template="{{ instruction }}", scales=scales, answer={"kind": "text"}
    )
    asked = content(datasets=[{"dataset": "oasis", "scales": ["valence"]}], allow_remote=["oasis"])
    asked["protocols"][0]["prompts"] = "own"
    with pytest.raises(StudyError, match="practice is made of texts, but the items of 'oasis'"):
        load_study(asked, folder)


def test_sessions_that_do_not_fit_into_a_context_are_told_once_items_are_known() -> None:
    loaded = study(models=["smollm2-135m"], session={"history": "all"})
    assert not list(sessions_that_do_not_fit(loaded, {"vader": 20}, {"vader": "word"}))
    (told,) = sessions_that_do_not_fit(loaded, {"vader": 500}, {"vader": "word"})
    assert "context_tokens of model 'smollm2-135m' is 1,024" in told
    short = study(models=["smollm2-135m"], session={"history": 5})
    assert not list(sessions_that_do_not_fit(short, {"vader": 500}, {"vader": "word"}))


def test_the_longest_session_is_counted_token_by_token_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    loaded = study(models=["smollm2-135m"])
    asked = task(loaded, tmp_path, "smollm2-135m")
    found = longest(asked, loaded.models["smollm2-135m"])  # type: ignore[arg-type]
    assert found is not None
    assert found.in_view == 3 + 9
    # 12 earlier turns, the system message and the question; every text a token, answers up to 8.
    counts = dict.fromkeys(found.texts, 1)
    needed = 26 + 26 * 4 + 12 * 7 + 8
    assert found.tokens(counts) == needed
    found.check(counts, needed + 64)
    with pytest.raises(CapabilityError, match="write fewer items"):
        found.check(counts, needed + 63)


def test_the_longest_session_is_that_of_the_form_with_the_longest_answers(tmp_path: Path) -> None:
    (folder := tmp_path / "config" / "prompts").mkdir(parents=True)
    shipped = Library().path("prompts", "words-session").read_text(encoding="utf-8")
    for name, words, most in (("brief", "a list", 8), ("wordy", "one list", 40)):
        text = shipped.replace("a list of words", f"{words} of words")
        text = text.replace("max_tokens: 8", f"max_tokens: {most}")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    loaded = study(
        tmp_path / "config", ["smollm2-135m"], prompts=["brief", "wordy"], participants=2
    )
    found = longest(task(loaded, tmp_path, "smollm2-135m"), loaded.models["smollm2-135m"])  # type: ignore[arg-type]
    assert found is not None
    assert found.tokens(dict.fromkeys(found.texts, 1)) == 26 + 26 * 4 + 12 * 39 + 40


# What is asked


def test_a_sheet_grows_line_by_line(tmp_path: Path) -> None:
    loaded = study(with_prompts(tmp_path), ["smollm2-135m"], prompts="own")
    sessions = rehearsed(task(loaded, tmp_path, "smollm2-135m"), loaded.models["smollm2-135m"])  # type: ignore[arg-type]
    assert len(sessions) == 6
    texts = [question.ask.request.prompt.text for question in sessions[0].sampled]
    order = [question.item_id for question in sessions[0].sampled]
    names = dict(zip(WORDS["item_id"], WORDS["text"], strict=True))
    assert texts[0] == f"{names[order[0]]} = "
    assert (
        texts[2] == "".join(f"{names[each]} = 5\n" for each in order[:2]) + f"{names[order[2]]} = "
    )


def test_exact_requests_follow_what_each_participant_has_seen(tmp_path: Path) -> None:
    loaded = study(
        with_prompts(tmp_path), ["smollm2-135m"], prompts="own", readouts=["sampled", "exact"]
    )
    card = loaded.models["smollm2-135m"]
    for session in rehearsed(task(loaded, tmp_path, "smollm2-135m"), card):  # type: ignore[arg-type]
        exact = [each for each in session.questions if each.ask.request.readout == "exact"]
        pairs = zip(session.sampled, exact, strict=True)
        assert all(a.ask.request.prompt == b.ask.request.prompt for a, b in pairs)
        assert all(question.ask.participants == (None,) for question in exact)


def test_a_session_is_replayed_from_the_journal_and_goes_on_where_it_stopped(
    tmp_path: Path,
) -> None:
    loaded = study()
    asked, card = task(loaded, tmp_path), loaded.models["gpt-4o"]
    said = 0
    with Inquiry(asked, card) as inquiry:  # type: ignore[arg-type]
        inquiry.read()
        total = inquiry.unanswered
        while wave := list(inquiry.missing())[:4]:
            for ask in wave:
                said += 1
                text = str(1 + said % 9)
                inquiry.keep([_answer(ask, text)])
            if said >= 30:
                break
        left = inquiry.unanswered
    assert total == 6 * (10 + 3)
    assert left == total - said
    with Inquiry(asked, card) as again:  # type: ignore[arg-type]
        again.read()
        assert again.unanswered == left
        assert {question.ask.key for question in again.questions} >= set(again.answers)
        assert len(again.answers) == said


def _answer(ask: Ask, text: str) -> Answer:
    request_id, participant = ask.key
    return Answer(request_id, participant, text, "stop", "m", 10, 1, 0.1, "2026-01-01T00:00:00")


def test_forms_are_dealt_sweep_by_sweep(tmp_path: Path) -> None:
    loaded = study(prompts=["words-session", "words"], participants=4)
    inquiry = Inquiry(task(loaded, tmp_path), loaded.models["gpt-4o"])  # type: ignore[arg-type]
    forms = [question.form.name for question in inquiry.questions]
    assert forms == ["words-session"] * 2 + ["words"] * 2 + ["words-session"] * 2 + ["words"] * 2


# Images in view

RED, BLUE = (Image(mark * 64, 16, Path(mark), tokens=100) for mark in "ab")


def shown(monkeypatch: pytest.MonkeyPatch, place: Any = "first") -> Prompt:
    for module in ("prompts", "elicitation.engines.gemini.generate_content"):
        monkeypatch.setattr(
            f"emoalign.{module}.data_url", lambda image: f"data:image/jpeg;base64,{image.sha256[0]}"
        )
    messages = (
        Message("system", "S"),
        Message("user", "one?", RED),
        Message("assistant", "7"),
        Message("user", "two?"),
    )
    return Prompt(messages, None, BLUE, place)


def ask_of(prompt: Prompt) -> Ask:
    request = RatingRequest("m", None, prompt, Sampling.at(1.0, 8), "sampled", 1)
    return Ask(request, (0,))


def test_images_of_earlier_items_stay_with_their_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = shown(monkeypatch)
    _, first, _, last = chat_messages(prompt)
    assert [part["type"] for part in first["content"]] == ["image_url", "text"]
    assert first["content"][0]["image_url"]["url"].endswith(",a")
    assert last["content"][0]["image_url"]["url"].endswith(",b")
    assert image_tokens(prompt) == 200
    assert prompt.images == [RED, BLUE]
    merged = without_system(prompt).messages
    assert merged is not None
    assert merged[0] == Message("user", "S\n\none?", RED)


def test_every_dialect_sends_the_images_in_view(monkeypatch: pytest.MonkeyPatch) -> None:
    from emoalign.elicitation.engines.served import Capabilities

    for place in ("first", "last"):
        ask = ask_of(shown(monkeypatch, place))
        openai, claude, gemini = (
            orjson.dumps(dialect.body("m", Capabilities(), ask)).decode()
            for dialect in (CHAT_COMPLETIONS, Messages("2023-06-01"), GENERATE_CONTENT)
        )
        assert openai.index("base64,a") < openai.index("base64,b")
        assert claude.index('"data":"a"') < claude.index('"data":"b"')
        assert gemini.index('"data":"a"') < gemini.index('"data":"b"')
        for body, text in ((openai, "two?"), (claude, "two?"), (gemini, "two?")):
            image = body.rindex("base64,b") if body is openai else body.index('"data":"b"')
            assert (image < body.index(text)) == (place == "first")
        assert '"role":"model"' in gemini
        assert '"role":"assistant"' in openai


def test_requests_with_the_same_beginning_stand_together(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = shown(monkeypatch)
    assert beginning(ask_of(prompt)) == ("S", RED.sha256, "one?", "7", BLUE.sha256, "two?")


def test_the_identity_of_an_image_in_view_is_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    prompt = shown(monkeypatch)
    assert prompt.messages is not None
    ids = []
    for image in (RED, replace(RED, path=Path("elsewhere"), tokens=5), BLUE):
        other = Message("user", "one?", image)
        messages = (prompt.messages[0], other, *prompt.messages[2:])
        ids.append(ask_of(replace(prompt, messages=messages)).request.request_id)
    assert ids[0] == ids[1] != ids[2]


# What it costs


def test_history_costs_what_the_formula_of_growing_prompts_says() -> None:
    # A system message of 120 tokens, turns of 12 and answers of 3: 50 items take 24,975 tokens in a
    # session and 6,600 by themselves, 200 items 324,900 and 26,400.
    for items, in_session, alone in ((50, 24_975, 6_600), (200, 324_900, 26_400)):
        asked = 0
        for place in range(items):
            turns = [Message(role, "x" * 4 * tokens) for role, tokens in _turn()] * place
            messages = (Message("system", "x" * 4 * 116), *turns, Message("user", "x" * 4 * 8))
            asked += estimated_tokens(Prompt(messages, None))
        assert asked == in_session + 4 * items * (items - 1) // 2  # a frame for each answer
        assert alone == items * estimated_tokens(Prompt((messages[0], messages[-1]), None))


def _turn() -> list[tuple[str, int]]:
    return [("user", 8), ("assistant", 3)]


def test_the_plan_counts_all_requests_and_how_much_longer_their_prompts_are(
    tmp_path: Path,
) -> None:
    loaded = study(session={"items": 20})
    asked = task(loaded, tmp_path)
    row = planned(asked.job, loaded.models["gpt-4o"], WORDS, tmp_path)
    assert row is not None
    assert (row["answers"], row["held"], row["requests"]) == (3 * 23, 0, 3 * 23)
    sessions = rehearsed(asked, loaded.models["gpt-4o"])  # type: ignore[arg-type]
    prompts = [each.ask.request.prompt for session in sessions for each in session.sampled]
    alone = [
        Prompt((prompt.messages[0], prompt.messages[-1]), None)
        for prompt, question in zip(
            prompts, (each for session in sessions for each in session.sampled), strict=True
        )
        if prompt.messages and question.place and not question.place.practice
    ]
    assert row["times_alone"] == pytest.approx(
        sum(map(estimated_tokens, prompts)) / sum(map(estimated_tokens, alone))
    )
    assert row["times_alone"] == times_alone(sessions) > 1.5
    apart = planned(
        Jobs(study(prompts="words", session=None)).rate("gpt-4o", "p", "vader", "valence"),
        loaded.models["gpt-4o"],
        WORDS,
        tmp_path,
    )
    assert apart is not None
    assert pd.isna(apart["times_alone"])


def test_answers_in_the_journal_are_held_by_sessions_that_follow_from_them(tmp_path: Path) -> None:
    loaded = study()
    asked, card = task(loaded, tmp_path), loaded.models["gpt-4o"]
    with Inquiry(asked, card) as inquiry:  # type: ignore[arg-type]
        inquiry.read()
        for _ in range(3):
            for ask in list(inquiry.missing()):
                inquiry.keep([_answer(ask, "I would say 9")])
    row = planned(asked.job, card, WORDS, tmp_path)
    assert row is not None
    assert (row["held"], row["requests"]) == (18, 6 * 13 - 18)
    assert row["tokens_from"] == "journal"


def test_the_first_lines_of_a_run_bound_what_sessions_take(tmp_path: Path) -> None:
    loaded = study(session={"items": 20})
    opening = Opening(loaded, tmp_path, tmp_path, (), ("vader",), None, {"vader": 20})
    (line, *_) = opening.asking()
    assert "at most 69 answers in 69 requests; at most about" in " ".join(line.split())
    row = planned(task(loaded, tmp_path).job, loaded.models["gpt-4o"], WORDS, tmp_path)
    assert row is not None
    bounded = float(line.partition("at most about ")[2].split()[0])
    assert row["usd_max"] < bounded < 3 * row["usd_max"]


def test_the_plan_says_how_items_are_rated_and_what_history_does() -> None:
    loaded = study(session={"items": 10, "history": 2})
    jobs = Jobs(loaded).plan()
    rows = pd.DataFrame({"protocol": ["p"], "times_alone": [1.4]})
    told = list(sessions_in_words(jobs, rows, loaded.models, {"vader": 20}))
    assert told[0] == (
        "p: items of vader are rated one after another in 6 sessions of up to 10 items, after 3 "
        "for practice, with the last 2 items in view."
    )
    assert "take 1.4 times the tokens" in told[1]
    assert "no prompt begins like the one before it" in told[2]
    assert "write context_tokens into the model's card" in told[3]
    assert not list(
        sessions_in_words(
            Jobs(study(session=None, prompts="words")).plan(), rows, loaded.models, {"vader": 20}
        )
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [("text", "5"), ("structured", '{"valence":5}'), ("next_token", "5")],
)
def test_a_likely_answer_has_the_form_that_is_asked_for(
    kind: str, said: str, tmp_path: Path
) -> None:
    job = task(study(), tmp_path).job
    form = job.prompts.answer.model_copy(update={"kind": kind})
    asked = job.model_copy(update={"prompts": job.prompts.model_copy(update={"answer": form})})
    assert likely_answer(asked) == said


# Files and rules


def test_sessions_have_one_file_however_items_are_sharded(tmp_path: Path) -> None:
    shards = tmp_path / "shards.json"
    shards.write_text('["0000", "0001"]')
    asked = content()
    asked["protocols"].append({"name": "alone", "prompts": "words", "participants": 3})
    asked["shard_items"] = 10
    asked["datasets"][0]["scales"] = ["valence"]
    files = Files(load_study(asked, ROOT / "config"), "results/s").ratings("vader", shards)
    assert files == [
        "results/s/ratings/gpt-4o/alone/vader/valence/0000.parquet",
        "results/s/ratings/gpt-4o/alone/vader/valence/0001.parquet",
        "results/s/ratings/gpt-4o/p/vader/valence/sessions.parquet",
    ]


def test_a_turn_keeps_its_item_and_its_answer() -> None:
    prompt = Prompt((Message("system", "S"), Message("user", "joy")), None)
    assert prompt.turn("joy", " 7") == Turn(Message("user", "joy"), "joy", " 7")


def test_journals_of_sessions_have_a_file_of_their_own(tmp_path: Path) -> None:
    asked = task(study(), tmp_path)
    assert asked.file == tmp_path / "gpt-4o/vader/valence/p.sessions.jsonl"
    with JournalWriter(asked.file):
        assert asked.items["item_id"].tolist() == WORDS["item_id"].tolist()
