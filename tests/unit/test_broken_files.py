# ruff: noqa: E501 (a table reads best with a line for each case)
"""Broken studies and cards: each mistake is told with file, line, key and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from emoalign.baselines.baseline_cards import BASELINES
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.embeddings.embedding_cards import EMBEDDINGS
from emoalign.errors import StudyError
from emoalign.planning.loading import load_study
from emoalign.planning.studies import STUDY as STUDY_ENTRY
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import validate
from tests.kit.own_study import FILES, write_study


class Broken(NamedTuple):
    """A change to a file, and how the mistake in it is told.

    `old` is replaced by `new`. The line told is the first that holds `at`; without it, the one in
    which `new` begins. `key` is the way to what is wrong, and `told` is in the message.
    """

    file: str
    old: str
    new: str
    key: str
    told: tuple[str, ...]
    at: str | None = None


STUDY = "config.yaml"
CARD = "datasets/words.yaml"
MODEL = "models/served.yaml"
RECORDED = "models/students.yaml"
PROMPTS = "prompts/asking.yaml"
PEOPLE = "personas/three.yaml"
DATASETS = "datasets:\n  - dataset: words\n    scales: [valence]\n    sample: 10\n"
PROTOCOLS = FILES[STUDY][FILES[STUDY].index("protocols:") : FILES[STUDY].index("baselines:")]
SCALES = FILES[CARD][FILES[CARD].index("\nscales:") + 1 : FILES[CARD].index("frameworks:")]
PRICES = FILES[MODEL][FILES[MODEL].index("prices:") :]

LISTS_AND_KEYS = [
    Broken(STUDY, DATASETS, "datasets: [words]\n", "datasets, entry 1", ("write `- dataset: words`",)),
    Broken(STUDY, DATASETS, "datasets:\n  - words\n", "datasets, entry 1", ("write `- dataset: words`",), "- words"),
    Broken(STUDY, DATASETS, "datasets: words\n", "datasets", ("found words", "write on the next line `- dataset: words`")),
    Broken(STUDY, DATASETS, "datasets:\n  words: {sample: 10}\n", "datasets", ("a list", "`- dataset: words`")),
    Broken(STUDY, DATASETS, "datasets:\n  dataset: words\n  sample: 10\n", "datasets", ("put a hyphen", "`- dataset: ...`")),
    Broken(STUDY, DATASETS, "datasets:\n", "datasets", ("found nothing", "in the lines below")),
    Broken(STUDY, "models:\n  - served\n  - students\n", "models: served\n", "models", ("a list of names", "write `models: [served]`")),
    Broken(STUDY, "  - served\n  - students\n", "  served:\n  students:\n", "models", ("found keys", "`models: [served, students]`"), "models:"),
    Broken(STUDY, "  - served\n", "  - {model: served}\n", "models, entry 1", ("expected one name, found keys", "write `- served`")),
    Broken(STUDY, "  - served\n", "  - served:\n", "models, entry 1", ("expected one name, found keys", "write `- served`")),
    Broken(STUDY, PROTOCOLS, "protocols: [asking]\n", "protocols, entry 1", ("write `- {name: asking, prompts: asking}`",)),
    Broken(STUDY, PROTOCOLS, "protocols: asking\n", "protocols", ("write on the next line `- {name: asking, prompts: asking}`",)),
    Broken(STUDY, "    prompts: asking\n", "    prompts: [{name: asking}]\n", "protocols, entry 1, prompts, entry 1", ("expected one name, found keys", "write `- asking`")),
    Broken(STUDY, "    prompts: asking\n", "    prompts: [asking, [asking]]\n", "protocols, entry 1, prompts, entry 2", ("expected one name, found a list", "write `- asking`")),
    Broken(STUDY, "    prompts: asking\n", "    prompts: [asking, 5]\n", "protocols, entry 1, prompts, entry 2", ("expected a name, found 5", 'write "5" in quotation marks')),
    Broken(STUDY, "    prompts: asking\n", "    prompts: [asking, askign]\n", "protocols, entry 1, prompts, entry 2", ("did you mean 'asking'?",)),
    Broken(STUDY, "    prompts: asking\n", "    prompts: [asking, asking]\n", "protocols, entry 1, prompts", ("named more than once: asking",)),
    Broken(STUDY, "    prompts: asking\n", "    prompts: []\n", "protocols, entry 1, prompts", ("name at least one prompt set",)),
    Broken(STUDY, "    prompts_for:\n      words: speaking\n", "    prompts_for: speaking\n", "protocols, entry 2, prompts_for", ("keys with values, found speaking", "write `prompts_for: {...: speaking}`")),
    Broken(STUDY, "readouts: [sampled]", "readouts: sampled", "protocols, entry 2, readouts", ("write `readouts: [sampled]`",)),
    Broken(STUDY, "statistics:\n  bootstrap_resamples: 500\n  permutations: 99\n", "statistics:\n", "statistics", ("found nothing", "leave the key out")),
    Broken(STUDY, "statistics:\n  bootstrap_resamples: 500\n  permutations: 99\n", "statistics: 500\n", "statistics", ("keys with values, found 500", "`statistics: {bootstrap_resamples: ...}`")),
    Broken(CARD, SCALES, "scales: [valence, arousal]\n", "scales", ("found a list", "`valence: {min: ..., max: ..., direction: ...}`")),
    Broken(CARD, SCALES, "scales:\n  - valence: {min: 1, max: 9, direction: up}\n", "scales", ("found a list", "remove the hyphens")),
    Broken(CARD, SCALES, "scales:\n  valence: [1, 9]\n", "scales.valence", ("write `valence: {min: 1, max: 9, direction: ...}`",), "valence: [1"),
    Broken(CARD, "    native:\n      min: 0\n      max: 8\n", "    native: 0-8\n", "scales.valence.native", ("write `native: {min: 0, max: 8}`",)),
    Broken(CARD, "    native:\n      min: 0\n      max: 8\n", "    native: [0, 8]\n", "scales.valence.native", ("write `native: {min: 0, max: 8}`",)),
    Broken(CARD, "    native:\n      min: 0\n      max: 8\n", "    native: 1:9\n", "scales.valence.native", ("found 1:9", "write `native: {min: 1, max: 9}`")),
    Broken(CARD, "  table:\n    file: resources/words.csv\n", "  table: resources/words.csv\n", "source.table", ("write `table: {file: resources/words.csv}`",)),
    Broken(CARD, "    valence:\n      mean: V.Mean\n      sd: V.SD\n", "    valence: V.Mean\n", "source.scales.valence", ("write `valence: {mean: V.Mean}`",)),
    Broken(CARD, "  dimensions: [valence, arousal]\n", "  - valence\n  - arousal\n", "frameworks", ("found a list",), "frameworks:"),
    Broken(CARD, '["", n/a]', "n/a", "source.na_values", ("write `na_values: [n/a]`",)),
    Broken(RECORDED, "columns:\n  item: id\n  rating: rating\n  participant: person\n", "columns: rating\n", "columns", ("write `columns: {item: ..., rating: rating}`",)),
    Broken(PROMPTS, "answer:\n  kind: text\n  max_tokens: 8\n", "answer: text\n", "answer", ("write `answer: {kind: text}`",)),
    Broken(PROMPTS, "    demonstrations:\n      - text: holiday\n        rating: 8\n", "    demonstrations: [holiday]\n", "scales.valence.demonstrations, entry 1", ("write `- {text: holiday, rating: ...}`",)),
    Broken(PEOPLE, "  - name: Ada\n    age: 36\n", "  - Ada\n", "personas, entry 1", ("keys with values, found Ada", "write `- {...: Ada}`")),
    Broken(PEOPLE, "    age: 36\n", "    age: [36, 37]\n", "personas, entry 1, age", ("text or a number, found a list", "one of them",)),
    Broken(MODEL, PRICES, "prices:\n  - input_usd: 2.5\n    output_usd: 10\n", "prices", ("remove the hyphens",)),
]  # fmt: skip

VALUES = [
    Broken(STUDY, "seed: 20261128", 'seed: "20"', "seed", ('whole number, found "20"', "write 20 without quotation marks")),
    Broken(STUDY, "seed: 20261128", "seed: 20.5", "seed", ("whole number, found 20.5",)),
    Broken(STUDY, "seed: 20261128", "seed: yes", "seed", ("whole number, found yes",)),
    Broken(STUDY, "seed: 20261128", "seed: -1", "seed", ("must be 0 or more, found -1",)),
    Broken(STUDY, "sample: 10", "sample: 10 items", "datasets, entry 1, sample", ("found 10 items", "only the number, such as 10")),
    Broken(STUDY, "temperature: 1", "temperature: 0,5", "protocols, entry 1, temperature", ("a number, found 0,5", "write 0.5, with a decimal point")),
    Broken(STUDY, "max_usd: 5", "max_usd: $5", "max_usd", ("found $5", "only the number, such as 5")),
    Broken(STUDY, "max_usd: 5", "max_usd: 0", "max_usd", ("must be more than 0, found 0",)),
    Broken(STUDY, "study: mine", "study: my study", "study", ("a name of letters", "found my study: write my-study")),
    Broken(STUDY, "study: mine", "study: 2026", "study", ("expected a name, found 2026", 'write "2026"')),
    Broken(STUDY, "study: mine", "study: true", "study", ("found true", 'write "true"')),
    Broken(STUDY, "title: A study of my own", "title:", "title", ("expected text, found nothing", "write its value")),
    Broken(STUDY, "[sampled]", "[sampled, exakt]", "protocols, entry 2, readouts, entry 2", ("one of sampled, exact, decision, stated, found exakt", "did you mean 'exact'?")),
    Broken(STUDY, "readouts: [sampled]", "readouts: []", "protocols, entry 2, readouts", ("it is empty", "at least one")),
    Broken(STUDY, "figures: [correlations]", "figures: [scatter]", "figures, entry 1", ("one of correlations,", "found scatter")),
    Broken(STUDY, "participants: 20", "participants: twenty", "protocols, entry 1, participants", ("a whole number, found twenty",)),
    Broken(CARD, "redistribute: true", "redistribute: yes", "redistribute", ("true or false, found yes", "write true")),
    Broken(CARD, "redistribute: true", 'redistribute: "true"', "redistribute", ('found "true"', "write true")),
    Broken(CARD, "redistribute: true", "redistribute: 1", "redistribute", ("true or false, found 1",)),
    Broken(CARD, "  id: id\n  text", "  id: 1\n  text", "source.id", ("expected text, found 1", 'write "1" in quotation marks')),
    Broken(CARD, "modality: word", "modality: words", "modality", ("one of word, sentence, image", "did you mean 'word'?")),
    Broken(CARD, "    max: 9\n    direction: higher is more pleasant", "    max: 1\n    direction: up", "scales.valence", ("min (1) must be below max (1)",), "  valence:\n    min"),
    Broken(CARD, "    min: 1\n    max: 9\n    direction: higher is more pleasant", "    min: one\n    max: 9\n    direction: up", "scales.valence.min", ("a number, found one",)),
    Broken(CARD, "title: Words", "title: Words\nkeep: '[a-z'", "keep", ("not a regular expression",), "keep:"),
    Broken(CARD, "    labels: [joy, fear]", "    labels: [joy]", "scales.mood.labels", ("1 is too few: give at least 2",)),
    Broken(CARD, "  na_values", "  encoding: utf-99\n  na_values", "source.encoding", ("unknown encoding: utf-99",)),
    Broken(CARD, "  na_values", "  delimiter: ';;'\n  na_values", "source.delimiter", ("a single character",)),
    Broken(CARD, "file: resources/words.csv", "file: resources/words.csv\n    sha256: abc", "source.table.sha256", ("64 digits and letters", "found abc"), "sha256"),
    Broken(MODEL, '"2026-01-31"', "January", "prices.as_of", ("YYYY-MM-DD", "found January")),
    Broken(MODEL, "chat: true", "chat: on", "capabilities.chat", ("true or false, found on",)),
    Broken(MODEL, "  concurrency: 4", "  concurrency: 4.0", "limits.concurrency", ("whole number, found 4.0",)),
    Broken(MODEL, "X-Title: emotions", "X-Title: 5", "headers.X-Title", ("found 5", 'write "5" in quotation marks')),
    Broken(PROMPTS, "max_tokens: 8", "max_tokens: '8'", "answer.max_tokens", ("found '8'", "write 8 without quotation marks")),
    Broken(PROMPTS, "        rating: 8", "        rating: 12", "scales.valence", ("'holiday' has rating 12, outside 1 to 9",), "  valence:"),
    Broken("lexicons/emotions.yaml", "[joy, glad]", "[joy, very glad]", "seeds.joy, entry 2", ("a single word", "found very glad")),
    Broken("baselines/learned.yaml", "2.0e-5", "0", "training.learning_rate", ("must be more than 0",)),
    Broken("embeddings/mean-state.yaml", "pooling: mean", "pooling: average", "pooling", ("found average",)),
]  # fmt: skip

KEYS = [
    Broken(STUDY, "title: A study", "titel: A study", "titel", ("unknown key; did you mean 'title'?",)),
    Broken(STUDY, "    participants: 20\n", "    seed: 3\n", "protocols, entry 1, seed", ("seed belongs at the left margin",)),
    Broken(STUDY, "max_usd: 5\n", "bootstrap_resamples: 500\n", "bootstrap_resamples", ("belongs below statistics",)),
    Broken(STUDY, "max_usd: 5\n", "temperature: 0\n", "temperature", ("belongs below protocols, as a key of an entry",)),
    Broken(STUDY, "  - name: people\n    prompts_for", "  - prompts_for", "protocols, entry 2, name", ("missing",)),
    Broken(STUDY, "prompts: asking", "prompts: askin", "protocols, entry 1, prompts", ("there is no", "askin.yaml", "did you mean 'asking'?")),
    Broken(STUDY, "  - served\n", "  - serve\n", "models, entry 1", ("there is no", "did you mean 'served'?")),
    Broken(STUDY, "seeds: emotions", "seeds: feelings", "transparency.seeds", ("there is no", "did you mean 'emotions'?")),
    Broken(STUDY, "scales: [valence]", "scales: [valance]", "datasets, entry 1, scales, entry 1", ("'words' has no scale 'valance'; did you mean 'valence'?",)),
    Broken(STUDY, "allow_remote: [words]", "allow_remote: [word]", "allow_remote, entry 1", ("not a dataset of the study; did you mean 'words'?",)),
    Broken(STUDY, "participants: 20", "participants: 20\n    personas: three\n    readouts: [exact]", "protocols, entry 1, readouts", ("the exact readout asks one question",), "readouts: [exact]"),
    Broken(CARD, "reader: table", "reader: tabel", "source.reader", ("unknown reader 'tabel'; did you mean 'table'?",)),
    Broken(CARD, "  reader: table\n", "", "source.reader", ("missing; write one of: anew, emobank",), "source:"),
    Broken(CARD, "    kind: labels", "    kind: label", "scales.mood.kind", ("unknown kind 'label'; did you mean 'labels'?",)),
    Broken(CARD, "      min: 0\n", "", "scales.valence.native.min", ("missing; expected: Value in the file for the scale's min.",), "native:"),
    Broken(CARD, "licence: CC-BY-4.0\n", "", "licence", ("missing", "Licence of the data"), ""),
    Broken(MODEL, "engine: openai", "engine: opnai", "engine", ("unknown engine 'opnai'; did you mean 'openai'?",)),
    Broken(MODEL, "engine: openai\n", "", "engine", ("missing; write one of: anthropic, gemini",), ""),
    Broken(MODEL, "  chat: true", "  Chat: true", "capabilities.Chat", ("unknown key; did you mean 'chat'?",)),
    Broken(PROMPTS, "kind: chat", "form: chat", "form", ("form is now called kind",)),
    Broken(PROMPTS, "    written_for:\n      min: 1", "    written_for:\n      min: 0", "scales.valence.written_for", ("0 to 9, but the scale of 'words' runs from 1 to 9",)),
]  # fmt: skip

COLUMNS = [
    Broken(CARD, "      mean: V.Mean\n", "", "source.scales.valence", ("give mean, ratings or labels",), "    valence:\n      sd"),
    Broken(CARD, "      sd: V.SD\n", "      ratings: [r1, r2]\n", "source.scales.valence", ("give mean, ratings or labels",), "    valence:\n      mean"),
    Broken(CARD, "      sd: V.SD\n", "      SD: V.SD\n", "source.scales.valence.SD", ("unknown key; did you mean 'sd'?",)),
    Broken(CARD, "  text: word\n", "", "source", ("say which column contains the stimulus: give either text or image",), "source:"),
    Broken(CARD, "modality: word", "modality: word\nimages: resources/pictures", "images", ("give a folder if, and only if, the items are images",), "images: resources"),
    Broken(CARD, "  arousal:\n    min: 1", "  arusal:\n    min: 1", "scales", ("'arousal' must appear both below source and below scales; did you mean 'arusal'?",), "\nscales:"),
    Broken(RECORDED, "  item: id\n", "", "columns", ("give either item, text or image",), "columns:"),
    Broken(RECORDED, "engine: recorded", "engine: recorded\nstatuses: {refused: R}", "statuses.refused", ("unknown key; did you mean 'refusal'?",), "refused: R"),
    Broken(RECORDED, "engine: recorded", "engine: recorded\nonly: {valid: true}", "only.valid", ("exactly as in the file, in quotation marks",), "valid: true"),
    Broken(RECORDED, "engine: recorded", "engine: recorded\nmodel: engine", "model", ("write `model: {column: engine}`",), "model: engine"),
    Broken(RECORDED, "engine: recorded", "engine: recorded\nnative: {min: 5, max: 5}", "native", ("min and max are both 5; they must differ",), "native:"),
    Broken(RECORDED, "engine: recorded", "engine: recorded\nanswer: {kind: json}", "answer", ("say where the rating is",), "answer:"),
    Broken(RECORDED, "  rating: rating\n", "  Rating: rating\n", "columns.Rating", ("unknown key; did you mean 'rating'?",)),
]  # fmt: skip

TABLES = [
    Broken(CARD, "  id: id\n", "  id: id\n  delimiter: \\t\n", "source.delimiter", ('`delimiter: "\\t"`',), "delimiter"),
    Broken(CARD, "  id: id\n", "  id: id\n  delimiter: tab\n", "source.delimiter", ('`delimiter: "\\t"`',), "delimiter"),
    Broken(CARD, "  id: id\n", "  id: id\n  delimiter: ;;\n", "source.delimiter", ("a single character",), "delimiter"),
    Broken(CARD, "  id: id\n", "  id: id\n  encoding: utf-9\n", "source.encoding", ("unknown encoding: utf-9; some are", "cp1252"), "encoding"),
    Broken(CARD, "  id: id\n", "  id: id\n  encoding: rot13\n", "source.encoding", ("unknown encoding: rot13; some are",), "encoding"),
    Broken(CARD, "  id: id\n", "  id: id\n  decimal: comma\n", "source.decimal", ('expected one of ".", ",", found comma',), "decimal"),
    Broken(RECORDED, "scale: v", "answer: json\nscale: v", "answer", ("`answer: {kind: json, key: rating}`",)),
    Broken(RECORDED, "scale: v", "statuses: {0: ok, R: refusal}\nscale: v", "statuses", ("{ok: [0], ...}",)),
    Broken(RECORDED, "students.csv", "students.sav", "source", ("give the format", "as one of these"), "source:"),
    Broken(CARD, "title: Words", 'title: "C:\\Users\\me"', "not valid YAML", ("use single quotation marks", "or write \\\\")),
    Broken(CARD, "licence: CC-BY-4.0", "licence:CC-BY-4.0", "not valid YAML", ("a key must be followed by a colon and a space",)),
]  # fmt: skip

SYNTAX = [
    Broken(CARD, "  reader: table", "\treader: table", "not valid YAML", ("a tab", "indented with spaces")),
    Broken(CARD, "title: Words", "title: Words: a study", "not valid YAML", ("a colon", "in quotation marks")),
    Broken(CARD, "title: Words", 'title: "Words', "not valid YAML", ("text continues after closing quotation marks", "further up were not closed"), "na_values"),
    Broken(CARD, "title: Words", "title: Words\ntitle: More", "not valid YAML", ("duplicate key: title already occurs in line 1",), "title: More"),
    Broken(CARD, "    min: 1\n    max: 9\n    direction: higher is more aroused", "    min: 1\n    max: 9\n    min: 2\n    direction: up", "not valid YAML", ("duplicate key: scales.arousal.min",), "min: 2"),
    Broken(CARD, "[joy, fear]", "[joy, fear", "not valid YAML", ("a bracket is opened but not closed",), "labels: [joy"),
    Broken(CARD, "text: word\n", "text: *word\n", "not valid YAML", ("*word refers to an anchor &word", '"*word"')),
    Broken(CARD, "text: word\n", "text: @word\n", "not valid YAML", ("text cannot begin with @",)),
    Broken(CARD, "text: word\n", "text: !word x\n", "not valid YAML", ("begins with !",)),
    Broken(CARD, "licence: CC", "---\nlicence: CC", "not valid YAML", ("a second document",)),
    Broken(CARD, "licence: CC-BY-4.0", "licence 2024", "not valid YAML", ("a key must be followed by a colon and a space",)),
    Broken(CARD, "title: Words", "title: 2024-13-45", "not valid YAML", ("looks like a date", "quotation marks")),
    Broken(PROMPTS, "  {{ item.text }}\nanswer", " {{ item.text }}\nanswer", "not valid YAML", ("same column",)),
    Broken(PROMPTS, "system: You are a participant.", "system: {{ persona }}", "not valid YAML", ("text that begins with { or [ needs quotation marks",)),
    Broken(PROMPTS, "system: You are", "system: 'It's me'", "not valid YAML", ("write an apostrophe as ''",)),
    Broken(MODEL, FILES[MODEL], "", "the file is empty", ("docs/configuration.md",), ""),
    Broken(MODEL, FILES[MODEL], "gpt-4o\n", "expected keys with values", ("found text",), ""),
    Broken(MODEL, FILES[MODEL], "- title: x\n", "expected keys with values", ("found a list",), ""),
]  # fmt: skip

EVERY = [*LISTS_AND_KEYS, *VALUES, *KEYS, *COLUMNS, *SYNTAX, *TABLES]

PYDANTIC = re.compile(
    r"Input should|valid (integer|number|string|boolean|dictionary|list|tuple)|unable to parse"
    r"|Extra inputs|not permitted|Field required|String should|at least \d+ items? after"
    r"|Traceback|errors\.pydantic|type=|validation error"
)
PYTHON = re.compile(
    r"\b(NoneType|None|True|False|dict|tuple|str|int|float|bool|StudyDataset|FileSource|Range"
    r"|HumanScale|LabelScale|ScaleColumns|TableSource|SecretValue|Literal|Mapping)\b|<class|\{'"
)


def problems_of(config: Path) -> tuple[str, ...]:
    """The problems of the study, read as Snakemake hands it over."""
    try:
        content: Any = YAML(typ="safe", pure=True).load(config / STUDY)
    except Exception:
        content = {}
    with pytest.raises(StudyError) as error:
        load_study(content, config, config / STUDY, [config / STUDY])
    return error.value.problems


def broken(case: Broken, config: Path) -> str:
    """Break a file, and return what it holds then."""
    text = FILES[case.file]
    assert text.count(case.old) >= 1, case
    text = text.replace(case.old, case.new, 1)
    (config / case.file).write_text(text, encoding="utf-8")
    return text


def test_the_study_is_right_before_it_is_broken(tmp_path: Path) -> None:
    config = write_study(tmp_path)
    content = YAML(typ="safe", pure=True).load(config / STUDY)
    assert load_study(content, config, config / STUDY, [config / STUDY]).study.study == "mine"


@pytest.mark.parametrize(
    "case", EVERY, ids=lambda case: f"{case.file}: {case.key}: {case.new[:30]}"
)
def test_a_mistake_is_told_with_file_line_key_and_remedy(case: Broken, tmp_path: Path) -> None:
    config = write_study(tmp_path)
    text = broken(case, config)
    place = text.index(case.at) if case.at else FILES[case.file].index(case.old)
    place += len(case.at) - len(case.at.lstrip("\n")) if case.at else 0
    place += len(case.new) - len(case.new.lstrip("\n")) if case.at is None else 0
    line = "" if case.at == "" else f", line {text[:place].count(chr(10)) + 1}"
    problems = problems_of(config)
    start = f"{config / case.file}{line}: {case.key}"
    told = [problem for problem in problems if problem.startswith(start)]
    assert told, (start, problems)
    for fragment in case.told:
        assert fragment in told[0], (fragment, told[0])
    for problem in problems:
        assert not PYDANTIC.search(problem), problem
        assert not PYTHON.search(problem), problem
        assert len(problem) < 600, problem


def ways(content: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a file."""
    if not isinstance(content, dict | list):
        return
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield (*way, key)
        yield from ways(value, (*way, key))


ENTRIES: dict[str, Any] = {
    "config.yaml": STUDY_ENTRY,
    "models/served.yaml": ENGINES["openai"],
    "models/students.yaml": ENGINES["recorded"],
    "datasets/words.yaml": DatasetCard,
    "prompts/asking.yaml": PromptSet,
    "personas/three.yaml": PersonaTable,
    "baselines/learned.yaml": BASELINES.classes["finetune"],
    "lexicons/emotions.yaml": SeedLexicon,
    "embeddings/mean-state.yaml": EMBEDDINGS.classes["gguf"],
}
ODD: tuple[Any, ...] = (None, [], {}, "x", True, -1.5, ["a"], [{"a": None}], 10**30, {"kind": []})


@pytest.mark.parametrize("file", list(ENTRIES))
def test_no_odd_value_under_any_key_brings_words_of_the_program(file: str) -> None:
    right = YAML(typ="safe", pure=True).load(FILES[file])
    for way in ways(right):
        for odd in ODD:
            content = deepcopy(right)
            owner = reduce(lambda part, key: part[key], way[:-1], content)
            owner[way[-1]] = odd
            for problem in validate(ENTRIES[file], content, "card.yaml")[1]:
                assert problem.startswith("card.yaml: "), problem
                assert not PYDANTIC.search(problem), problem
                assert not PYTHON.search(problem), problem
