"""Pages and schemas that are made from the code say what the code does, and all of it."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import jsonschema
import orjson
import pandas as pd
import pytest
from pydantic import Field

import emoalign.planning.jobs  # noqa: F401 - so that every entry of the package is known here
from documentation.__main__ import drifted, generated, main
from documentation.file_kinds import KINDS, FileKind, json_schema, parts
from documentation.plain_words import (
    anchor,
    default_in_words,
    heading,
    plain,
    type_in_words,
)
from documentation.results import STATUS_MEANINGS, title
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS, load_study
from emoalign.study.fields import Entry, Job, Name
from emoalign.study.library import Library
from emoalign.study.origins import Origin
from emoalign.study.protocol_cards import written_out
from emoalign.study.reading import read_card, read_yaml, validate
from emoalign.tables import ALIGNMENT, CELL_KEY, ITEMS, RATINGS, STATUSES, TABLES, Table

ROOT = Path(__file__).parents[2]
FILES = generated(ROOT)
PAGES = sorted(path for path in FILES if path.endswith(".md"))
KIND = {kind.schema: kind for kind in KINDS}
SHIPPED = sorted(str(path.relative_to(ROOT)) for path in CATALOGUE.rglob("*.yaml"))


def entries(kind: type[Entry] = Entry) -> Iterator[type[Entry]]:
    for entry in kind.__subclasses__():
        yield entry
        yield from entries(entry)


SHOWN = {part for kind in KINDS for part in (kind.entry, *parts(kind.entry))}
CONFIGURATION = sorted(
    (
        entry
        for entry in entries()
        if not issubclass(entry, Job)
        and entry.__module__ in {part.__module__ for part in SHOWN}
        and any(field.description for field in entry.model_fields.values())
    ),
    key=lambda entry: entry.__name__,
)
"""What stands in configuration files; beside it stand jobs and their parts, which need no words."""


def shipped(path: str) -> tuple[Any, FileKind]:
    """The content of a file of config/, and its kind."""
    content, problems = read_yaml(ROOT / path)
    assert not problems
    match Path(path).parent.name:
        case "models":
            engine = read_card(ROOT / path, MODELS).model_dump()["engine"]
            return content, KIND[f"{engine}-model"]
        case "providers":
            return content, KIND["provider"]
        case "protocols":
            return content, KIND["protocol"]
        case "datasets":
            return content, KIND["dataset"]
        case "baselines":
            return content, KIND[f"{content['kind']}-baseline"]
        case "prompts":
            return content, KIND["prompts"]
        case "personas":
            return content, KIND["personas"]
        case "lexicons":
            return content, KIND["lexicon"]
        case "embeddings":
            return content, KIND[f"{content['kind']}-embedding"]
        case _:
            return content, KIND["study"]


def schema_accepts(kind: FileKind, content: Any) -> bool:
    as_json = orjson.loads(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
    return validator(kind).is_valid(as_json)


@cache
def validator(kind: FileKind) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(kind))


def reader_accepts(kind: FileKind, content: Any) -> bool:
    if kind is KIND["study"]:
        written = written_out(content, Origin("file"), Library(ROOT / "config"))
        return not written.problems and not validate(kind.entry, written.content, "file")[1]
    return not validate(kind.entry, content, "file")[1]


def spoiled(content: Any) -> Iterator[tuple[str, Any]]:
    """`content` with one mistake each: a key nobody knows, or a number in quotation marks."""

    def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
        yield path, node
        if isinstance(node, dict | list):
            for key, child in node.items() if isinstance(node, dict) else enumerate(node):
                yield from places(child, (*path, key))

    def changed(path: tuple[Any, ...], value: Any) -> Any:
        whole = copy.deepcopy(content)
        holder = whole
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        return whole

    for path, node in places(content):
        inner = path[1:] if path[:1] == ("card",) else path
        free = inner[:1] in (("extra_body",), ("chat_template_kwargs",))
        free |= inner[:2] == ("capabilities", "thinking") and len(inner) > 2
        if free or (path[:1] == ("personas",) and len(path) > 1):
            continue  # parameters of a provider, attributes of personas: any name will do
        if path[-1:] == ("sizes",):
            continue  # strata: their names follow from the rest, which a schema cannot tell
        if isinstance(node, dict):
            yield f"{path}: unknown key", changed((*path, "unknown_key"), 1)
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield f"{path}: text", changed(path, str(node))


@pytest.mark.parametrize("path", FILES)
def test_a_generated_file_is_as_the_code_makes_it(path: str) -> None:
    message = f"{path} no longer says what the code does: run `make docs` and commit the result"
    assert path not in drifted(ROOT), message


@pytest.mark.parametrize("entry", CONFIGURATION, ids=lambda entry: entry.__name__)
def test_every_configuration_key_has_a_meaning(entry: type[Entry]) -> None:
    assert entry.__name__.startswith("_") or entry.__doc__
    for key, field in entry.model_fields.items():
        assert field.description, f"{entry.__name__}.{key} has no description"
        assert field.description.endswith("."), f"{entry.__name__}.{key}: not a sentence"


def test_every_configuration_entry_is_on_the_page() -> None:
    bases = {base for entry in SHOWN for base in entry.__mro__}
    assert set(CONFIGURATION) <= bases


@pytest.mark.parametrize("table", TABLES, ids=title)
def test_every_column_has_a_meaning(table: Table) -> None:
    for column in table.columns:
        assert column.meaning.endswith("."), f"{title(table)}.{column.name}: no sentence"
    assert len({column.name for column in table.columns}) == len(table.columns)


def test_tables_have_headings_of_their_own() -> None:
    assert len({title(table) for table in TABLES}) == len(TABLES)


def test_descriptions_are_short_enough_to_look_something_up() -> None:
    described = {
        (key, field.description or ""): entry.__name__
        for entry in CONFIGURATION
        for key, field in entry.model_fields.items()
    }
    keys = {f"{entry}.{key}": text for (key, text), entry in described.items()}
    columns = {
        f"{title(table)}.{column.name}": column.meaning
        for table in TABLES
        for column in table.columns
    }
    lengths = {name: len(text.split()) for name, text in (keys | columns).items()}
    assert {name: length for name, length in lengths.items() if length > 35} == {}
    assert sum(length > 20 for length in lengths.values()) < len(lengths) / 20


def test_every_status_is_explained() -> None:
    assert tuple(STATUS_MEANINGS) == STATUSES


def test_the_default_study_is_a_working_example() -> None:
    content, _ = shipped("config/config.yaml")
    assert load_study(content, ROOT / "config").study.study == "default"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schema)
def test_the_example_of_a_kind_can_be_used_as_it_stands(kind: FileKind, tmp_path: Path) -> None:
    section = FILES["docs/configuration.md"].split(f"\n## {kind.heading}\n")[1]
    if isinstance(kind.example, Path):
        assert f"](../{kind.example})" in section.split("\n## ")[0]
        file = ROOT / kind.example
    else:
        file = tmp_path / "example.yaml"
        file.write_text(section.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    content, problems = read_yaml(file)
    assert not problems
    assert validate(kind.entry, content, "example")[1] == []
    assert schema_accepts(kind, content)
    header = file.read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("# yaml-language-server: $schema=")
    assert header.endswith(kind.schema_path.removeprefix("src/emoalign/catalogue/"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.schema)
def test_a_schema_is_a_schema(kind: FileKind) -> None:
    schema = orjson.loads(FILES[kind.schema_path])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", SHIPPED)
def test_a_shipped_file_passes_its_schema_and_names_no_other(path: str) -> None:
    content, kind = shipped(path)
    assert schema_accepts(kind, content)
    text = (ROOT / path).read_text(encoding="utf-8")
    for named in re.findall(r"^# yaml-language-server: \$schema=(.*)$", text, re.MULTILINE):
        schema = (ROOT / path).parent / named
        assert schema.resolve() == (ROOT / kind.schema_path).resolve()


@pytest.mark.parametrize("path", SHIPPED)
def test_schema_and_reader_refuse_unknown_keys_and_numbers_in_quotation_marks(path: str) -> None:
    content, kind = shipped(path)
    mistakes = dict(spoiled(content))
    assert mistakes
    for mistake, wrong in mistakes.items():
        if not mistake.startswith("('card',"):  # keys of any engine's cards
            assert not schema_accepts(kind, wrong), mistake
        assert not reader_accepts(kind, wrong), mistake


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path: str) -> None:
    prose = re.sub(r"```.*?```", "", FILES[path], flags=re.DOTALL)
    links = re.findall(r"\]\(([^)]+)\)", prose)
    assert links
    for link in links:
        if link.startswith("https://"):
            continue
        file, _, place = link.partition("#")
        target = (Path(path).parent / file if file else Path(path)).as_posix()
        target = target.replace("docs/../", "")
        text = FILES.get(target) or (ROOT / target).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        assert not place or place in [anchor(heading) for heading in headings], link


@pytest.mark.parametrize("path", PAGES)
def test_headings_of_a_page_differ(path: str) -> None:
    prose = re.sub(r"```.*?```", "", FILES[path], flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, flags=re.MULTILINE)
    assert len(set(map(anchor, headings))) == len(headings)


@pytest.mark.parametrize("path", PAGES)
def test_rows_of_a_table_have_as_many_cells_as_its_head(path: str) -> None:
    lines = FILES[path].splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert len(re.split(r"(?<!\\)\|", above)) == len(re.split(r"(?<!\\)\|", line)), line


def test_the_python_snippets_run_on_files_of_the_documented_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(table: Table, path: str, **values: object) -> None:
        row = pd.DataFrame([dict.fromkeys(table.schema.names) | values])
        table.write(row, tmp_path / "results/default" / path)

    cell = {"model": "a-model", "protocol": "p", "dataset": "d", "scale": "valence"}
    write(ALIGNMENT, ALIGNMENT.path, **cell, readout="sampled", pearson_r=0.7)
    ratings = "ratings/a-model/p/d/valence/0000.parquet"
    write(RATINGS, ratings, **cell, readout="sampled", status="ok", rating=7.0)
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", FILES["docs/results.md"], flags=re.DOTALL)
    assert len(snippets) == 2
    for snippet in snippets:
        exec(snippet, {})
        assert "a-model" in capsys.readouterr().out


def test_the_r_snippet_uses_columns_that_exist() -> None:
    (snippet,) = re.findall(r"```r\n(.*?)```", FILES["docs/results.md"], flags=re.DOTALL)
    filtered, grouped, correlated = re.search(
        r"filter\((\w+) == .*group_by\((.*?)\).*cor\((\w+, \w+)", snippet, flags=re.DOTALL
    ).groups()
    names = {filtered, *grouped.split(", "), *correlated.split(", ")}
    assert names <= set(ITEMS.schema.names)


def copy_of_entries(folder: Path) -> None:
    for part in ("config", "src/emoalign/catalogue"):
        shutil.copytree(ROOT / part, folder / part)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs/methods.md", folder / "docs")


def test_check_names_every_drifted_file_and_changes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_of_entries(tmp_path)
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    stale, missing = (
        tmp_path / "docs/results.md",
        tmp_path / "src/emoalign/catalogue/schemas/study.schema.json",
    )
    stale.write_text("old", encoding="utf-8")
    missing.unlink()
    capsys.readouterr()

    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err
    assert sorted(line.split(":")[0] for line in said.splitlines()) == [
        "docs/results.md",
        "src/emoalign/catalogue/schemas/study.schema.json",
    ]
    assert stale.read_text(encoding="utf-8") == "old"
    assert not missing.exists()

    assert main([], tmp_path) == 0
    assert drifted(tmp_path) == []


@pytest.mark.parametrize("table", TABLES, ids=title)
def test_every_column_is_on_the_page_once_in_the_section_of_its_table(table: Table) -> None:
    section = FILES["docs/results.md"].split(f"\n### {title(table)}\n")[1].split("\n### ")[0]
    names = re.findall(r"`(\w+)`", _lists(section))
    for ci in re.findall(r"`(\w+)` \(CI\)", section):
        names += [f"{ci}_low", f"{ci}_high"]
    if "* `n_<status>`:" in section:
        names += [f"n_{status}" for status in STATUSES]
    if "the five keys" in section:
        names += CELL_KEY
    assert sorted(names) == sorted(table.schema.names)


def _lists(section: str) -> str:
    """The names of columns of a section, without what is said of them."""
    known = re.findall(r"^Known columns: .*$", section, re.M)
    return "\n".join([*known, *re.findall(r"^\* (.*?): ", section, re.M)])


def test_every_key_is_on_the_page_in_the_section_of_its_entry() -> None:
    page = FILES["docs/configuration.md"]
    sections = dict(re.findall(r"^##+ (.*?)\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    for kind in KINDS:
        for entry in (kind.entry, *parts(kind.entry)):
            section = sections[kind.heading if entry is kind.entry else heading(entry)]
            for place in re.findall(r"all keys of \[(.*?)\]", section):
                section += sections[place]
            for key in entry.model_fields:
                assert re.search(rf"`{key}[`:]", section), f"{entry.__name__}.{key}"


def test_text_reads_as_it_stands() -> None:
    assert plain("in results/<study>, a|b & *c*") == r"in results/&lt;study&gt;, a\|b &amp; \*c\*"
    assert plain("run `make <x>` on top_k,\n  _private") == r"run `make <x>` on top_k, \_private"


class Part(Entry):
    """A part."""

    size: int = 3


class Sample(Entry):
    """One key for every type that needs words."""

    names: tuple[Name, ...] = Field(min_length=1)
    choices: tuple[Literal["a", "b"], ...] = ("a",)
    by_name: dict[str, Part] = Field(min_length=1)
    by_number: dict[float, str] = Field(default_factory=dict)
    bits: int = Field(0, ge=0, le=63)
    width: float = Field(1.5, gt=0)
    share: float | None = Field(None, ge=0, lt=1)
    key: str | None = "KEY"
    flag: bool = False
    several: int = Field(3, ge=2)
    every: tuple[Literal["a", "b"], ...] = ("a", "b")
    code: str = Field("x", pattern="^(x|y)$")
    part: Part = Field(default_factory=Part)


@pytest.mark.parametrize(
    ("key", "type_words", "default_words"),
    [
        ("names", "names", ""),
        ("choices", "any of `a`, `b`", "default `[a]`"),
        ("by_name", "[part](#part) by name", ""),
        ("by_number", "text by number", ""),
        ("bits", "integer from 0 to 63", "default `0`"),
        ("width", "number", "default `1.5`"),
        ("several", "integer ≥ 2", "default `3`"),
        ("share", "number from 0 below 1", ""),
        ("key", "text or `null`", "default `KEY`"),
        ("flag", "boolean", "default `false`"),
        ("code", "text", "default `x`"),
        ("part", "[part](#part)", ""),
        ("every", "any of `a`, `b`", "default all"),
    ],
)
def test_types_and_defaults_are_told_in_plain_words(
    key: str, type_words: str, default_words: str
) -> None:
    kind = FileKind("Sample", Sample, "sample", "", "", "")
    assert type_in_words(json_schema(kind)["properties"][key]) == type_words
    assert default_in_words(Sample, key) == default_words


def test_a_type_without_words_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(ValueError, match="no words yet"):
        type_in_words({"type": "something new"})
