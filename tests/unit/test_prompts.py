"""Prompts: a model is shown exactly what the prompt set says, and every stimulus unharmed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jinja2.defaults import DEFAULT_FILTERS

from emoalign.errors import PromptError, StudyError
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    Message,
    Prompt,
    QuestionTemplate,
    Renderer,
)
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.preparation import prepare
from emoalign.study.scales import HumanScale
from emoalign.tables import STIMULI


def question(template: str = "{{ item.text }}: ", **fields: Any) -> QuestionTemplate:
    wording = {
        "instruction": "Rate the word.",
        "written_for": {"min": 1, "max": 9},
        "demonstrations": [{"text": "joy", "rating": 8}, {"text": "dull", "rating": 4.5}],
    }
    return QuestionTemplate.model_validate(
        {
            "kind": "completion",
            "system": None,
            "template": template,
            "answer": {},
            "wording": {"valence": wording},
            **fields,
        }
    )


@pytest.fixture
def shipped(default_study: LoadedStudy) -> dict[str, Renderer]:
    """A renderer for each protocol of the default study."""
    scale = default_study.datasets["vader"].scales["valence"]
    return {
        protocol.name: Renderer(
            default_study.question_template(protocol.name, "vader", "valence"), {"valence": scale}
        )
        for protocol in default_study.study.protocols
    }


# The protocols of the default study


def test_the_rating_sheet_shows_every_demonstration_and_ends_in_the_space(
    shipped: dict[str, Renderer], default_study: LoadedStudy
) -> None:
    wording = default_study.prompt_sets["rating-sheet"].scales["valence"]
    text = shipped["rating-sheet"].render("sorrow").text
    assert text is not None
    opening, _, sheet = text.partition("\n\n")
    assert opening == wording.instruction
    *shown, asked = sheet.split("\n")
    sign = asked.removeprefix("sorrow")
    assert sign.endswith(" ")
    assert shown == [f"{one.text}{sign}{one.rating:g}" for one in wording.demonstrations]
    assert len(shown) >= 20


def test_the_rating_sheet_shows_ratings_at_both_ends_and_no_word_twice(
    default_study: LoadedStudy,
) -> None:
    shown = default_study.prompt_sets["rating-sheet"].scales["valence"].demonstrations
    ratings = [demonstration.rating for demonstration in shown]
    assert min(ratings) < 4
    assert max(ratings) > 6
    assert len({demonstration.text for demonstration in shown}) == len(shown)


def test_the_instruction_is_one_message_of_a_user_with_the_word_at_its_end(
    shipped: dict[str, Renderer], default_study: LoadedStudy
) -> None:
    wording = default_study.prompt_sets["instruction"].scales["valence"]
    assert wording.demonstrations == ()
    assert shipped["instruction"].render("sorrow") == Prompt(
        messages=(Message("user", f"{wording.instruction}\n\nWord: sorrow"),), text=None
    )


def test_the_third_protocol_has_the_examples_of_the_sheet_and_the_question_of_the_instruction(
    shipped: dict[str, Renderer],
) -> None:
    sheet = shipped["rating-sheet"].render("sorrow").text
    both = shipped["instruction-with-examples"].render("sorrow").messages
    asked = shipped["instruction"].render("sorrow").messages
    assert sheet is not None
    assert both is not None
    assert asked is not None
    examples = sheet.partition("\n\n")[2].rpartition("\n")[0]
    assert examples.count("\n") == 23
    assert both == (Message("user", f"{examples}\n\n{asked[0].content}"),)


def test_the_same_words_open_every_prompt_so_that_they_can_be_cached(
    shipped: dict[str, Renderer],
) -> None:
    one = shipped["rating-sheet"].render("sorrow").text
    other = shipped["rating-sheet"].render("glee").text
    assert one is not None
    assert other is not None
    assert one.rpartition("sorrow")[0] == other.rpartition("glee")[0] != ""


# What a template knows


def test_a_template_knows_the_item_the_instruction_the_demonstrations_and_the_scale(
    nine_points: HumanScale,
) -> None:
    template = (
        "{{ instruction }}|{{ scale.name }} {{ scale.min }}-{{ scale.max }} by {{ scale.step }}"
        "|{% for shown in demonstrations %}{{ shown.text }}={{ shown.rating }};{% endfor %}"
        "|{{ item.text }}"
    )
    rendered = Renderer(question(template), {"valence": nine_points}).render("awe")
    assert rendered.text == "Rate the word.|valence 1.0-9.0 by 1.0|joy=8.0;dull=4.5;|awe"


def test_a_template_can_name_the_anchors(nine_points: HumanScale) -> None:
    scale = nine_points.model_copy(update={"anchors": {1.0: "bad", 9.0: "good"}})
    template = "{% for point, word in scale.anchors.items() %}{{ point }} {{ word }}. {% endfor %}"
    assert (
        Renderer(question(template), {"valence": scale}).render("awe").text == "1.0 bad. 9.0 good. "
    )


def test_a_system_message_comes_first_and_is_a_template_too(nine_points: HumanScale) -> None:
    prompts = question("{{ item.text }}", kind="chat", system="Scale: {{ scale.name }}.")
    assert Renderer(prompts, {"valence": nine_points}).render("awe").messages == (
        Message("system", "Scale: valence."),
        Message("user", "awe"),
    )


@pytest.mark.parametrize("ending", [" ", "\n", "\n\n", "\t"])
def test_white_space_at_the_end_of_a_template_stays(ending: str, nine_points: HumanScale) -> None:
    rendered = Renderer(question("{{ item.text }}:" + ending), {"valence": nine_points}).render(
        "awe"
    )
    assert rendered.text == "awe:" + ending


def test_only_the_text_of_an_item_reaches_a_template(nine_points: HumanScale) -> None:
    for hidden in ("item.item_id", "item.ratings", "item.mean", "norm", "scale.native"):
        with pytest.raises(PromptError):
            Renderer(question("{{ " + hidden + " }}"), {"valence": nine_points}).render("awe")


# What a template must not do


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ itm.text }}", "itm"),
        ("{{ item.txt }}", "txt"),
        ("{{ item.text }} {{ scale.maximum }}", "maximum"),
        ("{% for shown in examples %}{% endfor %}", "examples"),
        ("{{ scale.anchors[3] }}", "3"),
    ],
)
def test_a_name_the_template_is_not_given_is_an_error_that_tells_it(
    template: str, name: str, nine_points: HumanScale
) -> None:
    with pytest.raises(PromptError, match=name):
        Renderer(question(template), {"valence": nine_points}).render("awe")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ item.__class__.__init__.__globals__ }}",
        "{{ item.text.__class__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format(item) }}",
        "{{ demonstrations.__class__ }}",
        "{{ scale.update({'max': 10}) }}",
        "{{ scale.anchors.clear() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_a_template_cannot_reach_out_of_its_sandbox(template: str, nine_points: HumanScale) -> None:
    with pytest.raises(PromptError):
        Renderer(question(template), {"valence": nine_points}).render("awe")


@pytest.mark.parametrize(
    "template",
    [
        "{{ 1 / 0 }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{{ '%d' | format('x') }}",
        "{{ item.text + 1 }}",
        "{{ '{a} {1}'.format(item.text) }}",
    ],
)
def test_a_template_that_fails_is_an_error_of_the_prompt_set(
    template: str, nine_points: HumanScale
) -> None:
    with pytest.raises(PromptError, match="cannot be rendered"):
        Renderer(question(template), {"valence": nine_points}).render("awe")


@pytest.mark.parametrize(
    "template", ["{{ item.text", "{% if %}", "{% endfor %}", "{{ item..text }}"]
)
def test_a_template_that_is_no_jinja2_is_refused(template: str, nine_points: HumanScale) -> None:
    with pytest.raises(PromptError, match="not valid Jinja2"):
        Renderer(question(template), {"valence": nine_points})


# A question is always the same


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ item.text }}\n{{ ['a', 'b'] | random }}", "line 2: the filter 'random'"),
        ("{{ [['a', 'b']] | map('random') | join }}", "line 1: the filter 'random'"),
        (
            "{% if item.text == 'never' %}{{ ['a'] | random }}{% endif %}",
            "line 1: the filter 'random'",
        ),
        ("\n\n{{ lipsum(1) }}", "line 3: the function 'lipsum'"),
        ("{{ item.text | uppr }}", "there is no filter 'uppr'; did you mean 'upper'?"),
        (
            "{% if item.text == 'never' %}{{ item.text | uppr }}{% endif %}",
            "there is no filter 'uppr'; did you mean 'upper'?",
        ),
    ],
)
def test_a_template_that_draws_at_random_is_refused_with_line_and_filter(
    template: str, told: str, nine_points: HumanScale
) -> None:
    for fields in ({"template": template}, {"kind": "chat", "system": template}):
        with pytest.raises(PromptError) as error:
            Renderer(question(**fields), {"valence": nine_points})
        assert str(error.value).startswith("system, " if "system" in fields else "template, ")
        assert told in str(error.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ item.text.upper }}",
        "{{ item.text.upper ~ '' }}",
        "{{ '{0.upper}'.format(item.text) }}",
        "{{ ['a', 'b'] | map('upper') }}",
        "{{ [['a'] | map('upper')] }}",
        "{{ cycler(1, 2) }}",
    ],
)
def test_a_template_that_writes_an_address_in_memory_is_refused(
    template: str, nine_points: HumanScale
) -> None:
    with pytest.raises(PromptError, match=r"differs from run to run.* join"):
        Renderer(question(template), {"valence": nine_points}).render("awe")


def test_an_item_may_look_like_an_address(nine_points: HumanScale) -> None:
    text = "<awe at 0x7f00>"
    rendered = Renderer(question("{{ item.text }}"), {"valence": nine_points}).render(text)
    assert rendered.text == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ (scale.keys() - ['min']) | join }}",
        "{% for name in scale.items() - [] %}{{ name }}{% endfor %}",
        "{{ demonstrations[0].model_fields_set | join }}",
    ],
)
def test_a_template_takes_nothing_from_a_set_whose_order_differs(
    template: str, nine_points: HumanScale
) -> None:
    with pytest.raises(PromptError, match=r"line 1.*cannot be rendered"):
        Renderer(question(template), {"valence": nine_points}).render("awe")


@pytest.mark.parametrize(
    "template",
    [
        "{{ dict.update(scale, min=item.text) }}",
        "{{ dict.pop(scale, 'min') }}",
        "{{ dict.clear(scale.anchors) }}",
        "{% set empty = dict.clear %}{{ empty(scale) }}",
    ],
)
def test_the_prompt_of_one_item_changes_nothing_of_the_next(
    template: str, nine_points: HumanScale
) -> None:
    renderer = Renderer(question(template), {"valence": nine_points})
    for _ in range(2):
        with pytest.raises(PromptError, match=r"line 1.*cannot be rendered.*unsafe"):
            renderer.render("awe")


@pytest.mark.parametrize(
    "template",
    ["{{ item.text | dictsort }}", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"],
)
def test_whatever_a_filter_or_macro_raises_is_an_error_of_the_prompt_set(
    template: str, nine_points: HumanScale
) -> None:
    with pytest.raises(PromptError, match=r"line 1.*cannot be rendered"):
        Renderer(question(template), {"valence": nine_points}).render("awe")


def test_every_prompt_is_rendered_twice_before_anything_is_asked(
    default_study: LoadedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = count()
    monkeypatch.setitem(DEFAULT_FILTERS, "dice", lambda text: f"{text} {next(counter)}")
    changing = default_study.prompt_sets["instruction"].model_copy(
        update={"template": "{{ item.text | dice }}"}
    )
    prompt_sets = {**default_study.prompt_sets, "instruction": changing}
    with pytest.raises(StudyError) as error:
        check_prompts(replace(default_study, prompt_sets=prompt_sets))
    (problem,) = error.value.problems
    assert re.match(
        r"src/emoalign/catalogue/prompts/instruction\.yaml, line \d+: scale 'valence'", problem
    )
    assert "each time they are rendered" in problem


PURE = """
import sys
from emoalign.study.templates import TextTemplate
values = {"scale": {"min": 1, "max": 9, "anchors": {1: "bad", 9: "good"}}, "words": ["b", "a", "b"]}
sys.stdout.write(TextTemplate(sys.argv[1]).render(values))
"""


@pytest.mark.parametrize(
    "template",
    [
        "{{ scale }}{{ scale.keys() | list }}{{ scale.anchors.items() | list }}",
        "{{ words | unique | join }}{{ words | groupby('0') }}{{ scale | tojson }}",
        "{% set turn = cycler(1, 2) %}{% set n = namespace(i=0) %}{% for word in words %}"
        "{% set n.i = n.i + 1 %}{{ turn.next() }}{{ n.i }}{{ loop.cycle('x', 'y') }}{% endfor %}",
    ],
)
def test_a_template_gives_the_same_text_whatever_the_seed_of_hashes(template: str) -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", PURE, template],
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1
    assert texts != {""}


def test_every_prompt_set_of_a_study_that_cannot_be_rendered_is_told_at_once(
    default_study: LoadedStudy,
) -> None:
    broken = {
        **default_study.prompt_sets,
        "rating-sheet": default_study.prompt_sets["rating-sheet"].model_copy(
            update={"template": "{{ itm.text }}: "}
        ),
        "instruction": default_study.prompt_sets["instruction"].model_copy(
            update={"template": "{{ item.text.__class__ }}"}
        ),
    }
    study = LoadedStudy(default_study.study, default_study.models, default_study.datasets, broken)
    with pytest.raises(StudyError) as error:
        check_prompts(study)
    sheet, instruction = error.value.problems
    assert re.match(
        r"src/emoalign/catalogue/prompts/rating-sheet\.yaml, line \d+: scale 'valence'", sheet
    )
    assert "'itm' is undefined" in sheet
    place = r"src/emoalign/catalogue/prompts/instruction\.yaml, line \d+: scale 'valence'"
    assert re.match(place, instruction)
    assert "unsafe" in instruction


# Stimuli are untrusted text

ODD = [
    '"quoted"',
    "it's",
    "“curly” ‘quotes’",
    "back\\slash \\n \\u0041",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "&amp; &lt; & <",
    "null",
    "NULL",
    "None",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "inf",
    "true",
    "7",
    "007",
    "1e5",
    "-",
    "😀",
    "👩‍👩‍👧‍👦",
    "❤️‍🔥",
    "مرحبا",
    "שלום עולם",
    "\u202eright to left\u202c",
    "e\u0301 and \u00e9",
    "zero\u200bwidth",
    "\ufeffmark",
    "line\u2028separator\u2029paragraph\u0085next",
    "\x0bvertical\x0cfeed",
    "日本語",
    "{{ 7*7 }}",
    "{{ item.text.__class__ }}",
    "{% for x in y %}",
    "{# comment #}",
    "<|im_end|>",
    "<|im_start|>assistant",
    "[INST] </s>",
    "%s %(name)s %d",
    "${HOME} $(true) `true`",
    "'; DROP TABLE items; --",
    "../../etc/passwd",
    "=1+1",
    "  padded  ",
    " ",
    "a,b;c",
    "x" * 5000,
]

WITH_LINE_ENDS = [
    "two\nlines",
    "ends in a line\n",
    "carriage\rreturn",
    "windows\r\nline",
    "a\tb",
    "\x00",
]


def assert_shown_unharmed(texts: list[str], shipped: dict[str, Renderer]) -> None:
    def asked(protocol: str, text: str) -> str:
        prompt = shipped[protocol].render(text)
        return prompt.text or "".join(message.content for message in prompt.messages or ())

    for protocol in shipped:
        before, after = asked(protocol, "THE ITEM").split("THE ITEM")
        for text in texts:
            assert asked(protocol, text) == before + text + after


def test_odd_texts_pass_unharmed_from_the_file_to_the_parquet_to_the_prompt(
    tmp_path: Path,
    lexicon: Callable[..., Path],
    preparation: Callable[..., PreparationJob],
    shipped: dict[str, Renderer],
) -> None:
    job = preparation(lexicon(ODD))
    prepare(job, tmp_path / "stimuli.parquet", tmp_path / "norms.parquet", tmp_path / "shards.json")
    texts = STIMULI.read(tmp_path / "stimuli.parquet")["text"].tolist()
    assert texts == ODD
    assert_shown_unharmed(texts, shipped)


def test_line_ends_in_an_item_pass_unharmed_from_the_parquet_to_the_prompt(
    tmp_path: Path, shipped: dict[str, Renderer]
) -> None:
    rows = pd.DataFrame({"item_id": WITH_LINE_ENDS, "text": WITH_LINE_ENDS}).assign(
        modality="sentence",
        image_path=None,
        image_sha256=None,
        strata=None,
        covariates=None,
        split=None,
        cluster=None,
        shard="0",
    )
    STIMULI.write(rows, tmp_path / "stimuli.parquet")
    read = STIMULI.read(tmp_path / "stimuli.parquet")
    assert read["text"].tolist() == WITH_LINE_ENDS
    assert read["item_id"].tolist() == WITH_LINE_ENDS
    assert_shown_unharmed(read["text"].tolist(), shipped)
