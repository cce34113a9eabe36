"""Odd or hostile files that people hand to a study: each is refused in a sentence, by name."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoalign.errors import DataError, StudyError
from emoalign.planning.loading import load_study
from emoalign.planning.studies import STUDY
from emoalign.prompts import Image, data_url
from emoalign.stimuli.images import MOST_PIXELS, image_files, opened
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import number
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.sheets import Layout, read_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource
from emoalign.study.origins import in_words
from emoalign.study.personas import PersonaTable
from emoalign.study.reading import read_card, read_entry, read_yaml, validate
from emoalign.study.scales import LabelScale
from emoalign.study.source_files import locate, sha256

ROOT = Path(__file__).parents[2]
LONG = "a" * 300

Edit = Callable[[str, Callable[[Any], object]], None]


def default_study() -> dict[str, Any]:
    content, problems = read_yaml(ROOT / "config/config.yaml")
    assert not problems
    return dict(content)


# Names


@pytest.mark.parametrize(
    "place",
    ["study", "models.0", "datasets.0.dataset", "protocols.0.name", "protocols.0.prompts"],
)
def test_a_name_of_300_letters_is_refused_with_the_limit(place: str) -> None:
    study = default_study()
    part: Any = study
    *way, last = [int(key) if key.isdigit() else key for key in place.split(".")]
    for key in way:
        part = part[key]
    part[last] = LONG
    with pytest.raises(StudyError) as error:
        load_study(study, ROOT / "config", "config/config.yaml")
    keys = [int(key) if key.isdigit() else key for key in place.split(".")]
    told = [problem for problem in error.value.problems if f" {in_words(keys)}: " in problem]
    assert told
    assert "at most 100 characters" in told[0]
    assert LONG not in told[0]


def test_scales_and_labels_of_300_letters_are_refused_with_the_limit(
    config_dir: Path, edit: Edit
) -> None:
    edit(
        "datasets/vader.yaml", lambda card: card["scales"].update({LONG: card["scales"]["valence"]})
    )
    with pytest.raises(StudyError, match="at most 100 characters"):
        load_study(default_study(), config_dir)
    scale, problems = validate(LabelScale, {"kind": "labels", "labels": ["joy", LONG]}, "card")
    assert scale is None
    assert "labels, entry 2: expected at most 100 characters" in problems[0]


def test_scales_asked_jointly_whose_names_are_too_long_together_are_told(
    config_dir: Path, edit: Edit
) -> None:
    names = [f"{letter * 90}" for letter in "abc"]

    def joint(prompts: Any) -> None:
        wording = prompts["scales"].pop("valence")
        prompts["answer"] = {"kind": "joint", "max_tokens": 50}
        prompts["template"] = "{{ item.text }}{% for scale in scales %}{{ scale.key }}{% endfor %}"
        prompts["scales"] = {name: wording | {"demonstrations": []} for name in names}

    def scales(card: Any) -> None:
        columns = {name: {"mean": "v"} for name in names}
        table = {"reader": "table", "table": {"file": "words.csv"}, "id": "id", "text": "word"}
        card["source"] = table | {"scales": columns}
        card["scales"] = dict.fromkeys(names, card["scales"]["valence"] | {"native": None})

    edit("prompts/instruction.yaml", joint)
    edit("datasets/vader.yaml", scales)
    study = default_study()
    study["datasets"][0]["scales"] = names
    study["protocols"] = [{"name": "joint", "prompts": "instruction"}]
    with pytest.raises(StudyError, match=r"have 272 characters; at most 250"):
        load_study(study, config_dir)


def looked_for(item: SourceItem, folder: str) -> None:
    mistakes = Mistakes()
    image_files([item], folder, mistakes)
    mistakes.tell()


def test_a_file_whose_name_is_too_long_is_told() -> None:
    with pytest.raises(DataError, match="File name too long"):
        locate(FileSource(file=f"resources/{LONG}.csv"))
    item = SourceItem("1", None, {}, image=LONG, where="words.csv, line 2")
    with pytest.raises(DataError, match=r"words.csv, line 2: item 1: .* at most 255 bytes"):
        looked_for(item, "images")


def test_an_image_whose_name_holds_a_nul_is_told() -> None:
    item = SourceItem("1", None, {}, image="a\0b", where="words.csv, line 2")
    with pytest.raises(DataError, match=r"line 2: item 1: .*NUL"):
        looked_for(item, "images")


# YAML


def laughs(kind: str) -> str:
    """A few lines that stand for a billion values."""
    first = {"list": "[lol, lol]", "keys": "{a: lol, b: lol}", "merge": "{a: lol}"}[kind]
    lines = [f"l0: &l0 {first}"]
    for level in range(1, 10):
        inner = [f"*l{level - 1}"] * 9
        if kind == "keys":
            inner = [f"k{place}: {alias}" for place, alias in enumerate(inner)]
        body = ", ".join(inner)
        body = {"list": f"[{body}]", "keys": f"{{{body}}}", "merge": f"{{<<: [{body}]}}"}[kind]
        lines.append(f"l{level}: &l{level} {body}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("kind", ["list", "keys", "merge"])
def test_aliases_that_stand_for_a_billion_values_are_refused_before_memory_goes(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(laughs(kind), encoding="utf-8")
    tracemalloc.start()
    try:
        entry, problems = read_entry(path, PersonaTable, "study")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert entry is None
    assert problems[0].startswith(f"{path}: its aliases (*name) refer to each other")
    assert most < 50e6


def test_a_study_whose_aliases_have_no_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(laughs("list"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"study\.yaml: its aliases"):
        load_study({"study": "x"}, ROOT / "config", str(path), [path])


def test_a_long_text_repeated_by_aliases_counts_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"a: &a {'x' * 10**6}\nb: [{', '.join(['*a'] * 500)}]\n", encoding="utf-8")
    assert "aliases" in read_yaml(path)[1][0]


def test_aliases_that_people_write_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {min: 1, max: 9}\nb: *a\nc: {<<: *a, max: 7}\n", encoding="utf-8")
    content, problems = read_yaml(path)
    assert not problems
    assert content["c"] == {"min": 1, "max": 7}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"a: \x00b\n", "not valid YAML"),
        ("study: x".encode("utf-16"), "not UTF-8 text"),
        (b"[" * 5000, "nested too deeply"),
        (b"a: &a [*a]\n", ""),
        (b"a: &a {b: *a}\n", ""),
        (b"when: 2024-13-45\n", ""),
        (b"n: " + b"9" * 5000 + b"\n", ""),
        (b"n: 1e999\n", ""),
        (b'title: "\\ud800"\n', ""),
        (b"!!python/object/apply:os.system [true]\n", ""),
        (b"? {a: 1}\n: 2\n", ""),
    ],
)
def test_a_card_that_is_no_card_is_told_by_name(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(StudyError) as error:
        read_card(path, PersonaTable)
    assert error.value.problems
    assert all(str(path) in problem for problem in error.value.problems)
    assert told in error.value.problems[0]


def test_a_card_that_is_a_folder_or_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name in ("folder", "loop"):
        with pytest.raises(StudyError, match=rf"{name}\.yaml"):
            read_card(tmp_path / f"{name}.yaml", PersonaTable)
    assert "directory" in read_yaml(tmp_path / "folder.yaml")[1][0]
    assert "symbolic links" in read_yaml(tmp_path / "loop.yaml")[1][0]


def test_a_study_of_odd_values_is_told_and_never_a_traceback() -> None:
    for odd in (None, [], {}, "", 1e308, -1, True, "\0", [[[]]], {"a": {"b": []}}, 10**30):
        for key in default_study():
            study, problems = validate(STUDY, default_study() | {key: odd}, "config/config.yaml")
            assert (study is None) == bool(problems)


# Images


def bomb(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize(
    ("width", "height"), [(20_000, 20_000), (10_001, 10_000), (60_000, 60_000)]
)
def test_an_image_of_too_many_pixels_is_refused_by_name_before_memory_goes(
    width: int, height: int, tmp_path: Path
) -> None:
    path = bomb(tmp_path / "big.png", width, height)
    with pytest.raises(DataError, match=r"big\.png: the image has .* 100 million pixels are"):
        data_url(Image(sha256(path), 1024, path))
    item = SourceItem("7", None, {}, image="big.png", where="words.csv, line 2")
    with pytest.raises(DataError, match=r"words.csv, line 2: item 7: .*big\.png: the image has"):
        looked_for(item, str(tmp_path))


def test_an_image_as_large_as_allowed_is_opened_without_a_warning(tmp_path: Path) -> None:
    path = bomb(tmp_path / "large.png", 10_000, MOST_PIXELS // 10_000)
    with opened(path) as image:
        assert image.width == 10_000


@pytest.mark.parametrize("length", [0, 1, 8, 20, 40, 60])
def test_an_image_that_is_cut_off_is_told_by_name(length: int, tmp_path: Path) -> None:
    path = bomb(tmp_path / "cut.png", 20, 20)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=r"cut\.png: not an image that can be read"):
        data_url(Image(sha256(path), 1024, path))


# Tables of people


def rows(path: Path, **layout: Any) -> list[Any]:
    suffix = path.suffix.removeprefix(".")
    header, found = read_rows(
        path, Layout(suffix, "config/datasets/mine.yaml", TableFormat(**layout))
    )
    return [header, *found]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("id,word\n1,joy\n".encode("utf-16"), "set encoding: utf-16 in config/datasets/mine.yaml"),
        ("id,word\n1,joy\n".encode("utf-16-le"), "line 1: contains a NUL byte.*utf-16-le"),
        (b"id,word\n1,jo\x00y\n", "line 2: contains a NUL byte"),
        (b"id,word\n1," + b"a" * 200_000 + b"\n", "line 2: a field is longer than 131,072"),
        (b'id,word\n1,"joy\n' + b"2,woe\n" * 40_000, "line 2: a field is longer"),
        (b"", "the file is empty"),
        (b"\n\n\n", "the file is empty"),
    ],
)
def test_an_odd_table_is_told_by_file_and_line(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as error:
        rows(path)
    assert str(path) in str(error.value)


def test_a_table_in_utf_16_is_read_where_the_card_says_so(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_bytes("id,word\n1,joy\n".encode("utf-16"))
    header, first = rows(path, encoding="utf-16")
    assert header == ["id", "word"]
    assert list(first.fields) == ["1", "joy"]


@pytest.mark.parametrize("written", ["1e308", "-1e308", "1e400", "9" * 400])
def test_a_number_that_no_rating_is_is_told(written: str) -> None:
    with pytest.raises(DataError, match=r"line 2: expected a rating, found .* too large"):
        number(written, "words.csv, line 2")


def parquet(path: Path) -> bytes:
    pq.write_table(pa.table({"id": [str(one) for one in range(5000)]}), path)
    return path.read_bytes()


@pytest.mark.parametrize("part", [0.0, 0.3, 0.5, 0.99])
def test_a_parquet_table_that_is_cut_off_is_told(part: float, tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    whole = parquet(path)
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(
        DataError, match=r"words\.parquet: not a Parquet file, or an incomplete one"
    ):
        rows(path)


def test_a_parquet_table_that_is_damaged_in_its_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    whole = bytearray(parquet(path))
    for place in range(20, 5000):
        whole[place] ^= 0x5A
    path.write_bytes(whole)
    with pytest.raises(
        DataError, match=r"words\.parquet: not a Parquet file, or an incomplete one"
    ):
        rows(path)


def spreadsheet(path: Path, cells: str) -> Path:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="norms" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


CORNER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)


def test_a_spreadsheet_with_a_cell_far_out_is_refused_before_memory_goes(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "words.xlsx", CORNER)
    with pytest.raises(DataError, match=r"words\.xlsx: a sheet spans 1,048,576 rows and 16,384"):
        rows(path)


def test_a_spreadsheet_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path / "words.xlsx", "")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part,
    ):
        block = bytes(2**24)
        for _ in range(64):
            part.write(block)
    assert path.stat().st_size < 2e6
    with pytest.raises(DataError, match=r"words\.xlsx: unpacks to 1\.1 GB, more than .* 1 GB"):
        rows(path)


@pytest.mark.parametrize("part", [0.0, 0.2, 0.6, 0.95])
def test_a_spreadsheet_that_is_cut_off_is_told(part: float, tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
    path = spreadsheet(tmp_path / "words.xlsx", cells)
    assert rows(path) == [["id"]]
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(DataError, match=r"words\.xlsx: not a spreadsheet, or an incomplete one"):
        rows(path)
