"""Prompt sets that could only spoil answers are refused, with what to write instead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from emoalign.errors import StudyError
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy
from emoalign.study.library import Library
from emoalign.study.prompt_sets import AnswerFormat, AnswerKind, PromptSet

NUMBERS = {"text", "next_token", "decimal"}
KINDS: tuple[str, ...] = get_args(AnswerKind)
JSON_KINDS = tuple(kind for kind in KINDS if kind not in NUMBERS)


def answer(kind: str, *stop: str) -> AnswerFormat:
    """A form of answers that ends at strings."""
    longest = 1 if kind == "next_token" else 64
    return AnswerFormat.model_validate({"kind": kind, "max_tokens": longest, "stop": list(stop)})


@pytest.mark.parametrize("kind", sorted(NUMBERS))
@pytest.mark.parametrize("stop", ["1", "10", ".", ",", "-", " 0", ".5", "７", "．"])
def test_a_stop_within_a_number_is_refused(kind: str, stop: str) -> None:
    with pytest.raises(ValidationError, match="would cut numbers"):
        answer(kind, "\n", stop)


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_no_part_of_json_may_stop_an_answer_in_json(kind: str) -> None:
    whole = '```json\n{"valence": [1, -0.5]}\n```'
    letters = set("jsonvalence")
    for start in range(len(whole)):
        for end in range(start + 1, len(whole) + 1):
            part = whole[start:end]
            if part.strip() and not letters & set(part):
                with pytest.raises(ValidationError, match="is part of JSON"):
                    answer(kind, part)


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_a_line_may_end_an_answer_in_json_unless_a_schema_lets_it_have_several(kind: str) -> None:
    if kind.startswith("structured"):
        with pytest.raises(ValidationError, match="may stand within an object"):
            answer(kind, "\n")
    else:
        assert answer(kind, "\n").stop == ("\n",)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_stop_is_refused_and_what_follows_an_answer_is_not(kind: str) -> None:
    with pytest.raises(ValidationError, match='"" would end every answer before it begins'):
        answer(kind, "")
    following = ("\n\nWord:", "Next", "<|im_end|>", "END")
    assert answer(kind, *following).stop == following


@pytest.mark.parametrize("blank", ["", " ", "\n"])
@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("template", "{}"),
        ("scales.valence.key", "{}"),
        ("scales.valence.practice, entry 2", '["tea", {}]'),
        ("scales.valence.demonstrations, entry 1, text", '[{{"text": {}, "rating": 4}}]'),
    ],
)
def test_blank_texts_are_refused_with_file_and_key(
    keys: str, value: str, blank: str, tmp_path: Path
) -> None:
    content: dict[str, Any] = {
        "title": "T",
        "kind": "chat",
        "template": "{{ item.text }}",
        "answer": {"kind": "text"},
        "scales": {"valence": {"instruction": "Rate.", "written_for": {"min": 1, "max": 9}}},
    }
    *above, key = keys.partition(",")[0].split(".")
    part = content
    for name in above:
        part = part[name]
    part[key] = json.loads(value.format(json.dumps(blank)))
    file = tmp_path / "prompts/mine.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(StudyError) as error:
        Library(tmp_path).card("prompts", "mine", PromptSet)
    (told,) = error.value.problems
    assert "prompts/mine.yaml, line" in told
    assert f"{keys}: it is empty; write a text, or leave the entry out" in told


def test_a_stop_is_refused_with_file_and_key(tmp_path: Path) -> None:
    file = tmp_path / "prompts/mine.yaml"
    file.parent.mkdir()
    file.write_text(
        "title: T\nkind: chat\ntemplate: '{{ item.text }}'\n"
        "answer:\n  kind: distribution\n  max_tokens: 120\n  stop: ['}']\n"
        "scales: {valence: {instruction: Rate., written_for: {min: 1, max: 9}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(StudyError) as error:
        Library(tmp_path).card("prompts", "mine", PromptSet)
    (told,) = error.value.problems
    assert "prompts/mine.yaml, line 7" in told
    assert 'answer.stop: "}" is part of JSON' in told


def test_a_template_that_does_not_show_the_item_is_refused(default_study: LoadedStudy) -> None:
    check_prompts(default_study)
    blind = default_study.prompt_sets["instruction"].model_copy(
        update={"template": "{{ instruction }} {{ item.text | length > 0 }}"}
    )
    prompt_sets = {**default_study.prompt_sets, "instruction": blind}
    with pytest.raises(StudyError) as error:
        check_prompts(replace(default_study, prompt_sets=prompt_sets))
    (problem,) = error.value.problems
    assert "prompts/instruction.yaml, line" in problem
    assert "it does not show the item" in problem
    assert "{{ item.text }}" in problem
