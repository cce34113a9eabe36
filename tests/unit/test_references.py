"""Every source that is cited anywhere is in references.bib, and all that is there is cited."""

from __future__ import annotations

import html
import re
from calendar import month_abbr, month_name
from pathlib import Path
from types import SimpleNamespace

import pytest

from documentation.methods import with_sources
from emoalign.installed import CATALOGUE
from emoalign.report.page import sources, with_datasets
from emoalign.report.references import (
    authors,
    doi_of,
    entries,
    fields,
    in_markdown,
    in_text,
    reference,
    references,
)
from emoalign.study.reading import read_yaml

ROOT = Path(__file__).parents[2]
SOURCES = {key: fields(entry) for key, entry in sources().items()}

NAME = r"[A-Z][\w'’-]*[a-zé]"
CITED = re.compile(
    rf"(?P<first>{NAME})(?P<more>(?:, {NAME})*,? (?:&|and) {NAME}| et al\.)?(?:['’]s)?,? "
    r"\(?(?P<year>(?:18|19|20)\d\d)\b"
)
MONTHS = {name for names in (month_name, month_abbr) for name in names}


def pages() -> dict[str, str]:
    """The texts in which sources are cited, on one line each, by path."""
    folders = ("docs", "src/emoalign", "tools", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    kinds = (".md", ".py", ".html", ".yaml")
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in [*files, ROOT / "README.md", ROOT / "CHANGELOG.md"]
        if path.suffix in kinds and "schemas" not in path.parts
    }
    page, _, _ = texts["docs/methods.md"].partition("## References")
    texts["docs/methods.md"] = page
    return {
        path: re.sub(r"^title: .*$|\s+(?:# )?", " ", html.unescape(text), flags=re.MULTILINE)
        for path, text in texts.items()
    }


PAGES = pages()


def of_datasets() -> list[dict[str, str]]:
    """What the cards of datasets cite: they bring entries of their own."""
    cards = [read_yaml(path)[0] for path in (CATALOGUE / "datasets").glob("*.yaml")]
    entries = [
        entry for card in cards for entry in re.findall(r"@\w+\{.*?\n\}", card["citation"], re.S)
    ]
    return [
        {name: " ".join(value.split()) for name, value in aligned(one).items()} for one in entries
    ]


def aligned(entry: str) -> dict[str, str]:
    return fields(re.sub(r"(\w+) +=", r"\1 =", entry))


def named(source: dict[str, str]) -> list[str]:
    return [family for family, _ in authors(source["author"])]


def found(match: re.Match[str], known: list[dict[str, str]]) -> bool:
    """Whether a source has the authors that a text names, and the year."""
    more = match["more"] or ""
    names = re.findall(NAME, match["first"] + more)
    first, *others = (re.sub("['’]s$", "", name) for name in names)
    same_year = (named(source) for source in known if source["year"] == match["year"])
    return any(
        len(names) > 2 and names[0] == first if "et al." in more else names == [first, *others]
        for names in same_year
    )


def citations() -> dict[tuple[str, str], re.Match[str]]:
    every = ((path, match) for path, text in PAGES.items() for match in CITED.finditer(text))
    return {(path, match[0]): match for path, match in every if match["first"] not in MONTHS}


def test_every_author_and_year_in_a_text_is_a_source() -> None:
    known = [*SOURCES.values(), *of_datasets()]
    cited = citations()
    assert len(cited) > 100
    assert [place for place, match in cited.items() if not found(match, known)] == []


def test_every_source_is_cited() -> None:
    matches = list(citations().values())
    keys = {key for text in PAGES.values() for key in re.findall(r"@(\w+\d{4})", text)}
    unused = [
        key
        for key, source in SOURCES.items()
        if key not in keys and not any(found(match, [source]) for match in matches)
    ]
    assert unused == []


def test_a_citation_without_a_source_is_noticed() -> None:
    known = list(SOURCES.values())
    right = ("Lin 1991", "Lin's (1989", "McGraw and Wong's (1996", "Kull et al. (2019")
    for text in (*right, "Shrout & Fleiss, 1979"):
        assert found(CITED.fullmatch(text), known), text
    for text in ("Lin 1992", "Lin et al. 1991", "Shrout & Lin 1979", "Fleiss 1979", "Nobody 1979"):
        assert not found(CITED.fullmatch(text), known), text


@pytest.mark.parametrize("key", SOURCES)
def test_a_source_says_who_wrote_it_and_where_it_can_be_found(key: str) -> None:
    source = SOURCES[key]
    assert {"author", "title", "year"} <= source.keys()
    assert key.endswith(source["year"])
    assert source.keys() & {"journal", "booktitle", "publisher", "url"}
    assert source.get("journal") in (None, "arXiv") or {"volume", "pages"} <= source.keys()
    assert all(given for _, given in authors(source["author"])), "a given name is missing"


def test_the_list_of_references_is_in_the_style_of_the_field() -> None:
    assert in_markdown(reference(SOURCES["shrout1979"])) == (
        "Shrout, P. E., & Fleiss, J. L. (1979). Intraclass correlations: Uses in assessing rater "
        "reliability. *Psychological Bulletin*, *86*(2), 420–428. "
        "[doi:10.1037/0033-2909.86.2.420](https://doi.org/10.1037/0033-2909.86.2.420)"
    )
    assert in_markdown(reference(SOURCES["inoshita2026"])).startswith(
        "Inoshita, K., Zhou, X., Kawai, A., & Yada, K. (2026). *LLMs capture emotion labels, not "
        "emotion uncertainty: Distributional analysis and calibration of human-LLM judgment gaps*. "
        "arXiv [2604.27345]"
    )
    assert in_markdown(reference(SOURCES["davison1997"])).startswith(
        "Davison, A. C., & Hinkley, D. V. (1997). *"
    )


NAPS = r"""
@article{marchewka2014naps,
  author  = {Marchewka, Artur and {\.Z}urawski, {\L}ukasz and Jednor{\'o}g, Katarzyna and
             Grabowska, Anna},
  title   = {The {Nencki Affective Picture System} ({NAPS}): Introduction to a
             database},
  journal = {Behavior Research Methods}, volume = {46}, number = {2}, pages = {596--610},
  year    = {2014}
}
@misc{hutto,
  author = {C. J. Hutto and Eric Gilbert}, title = {VADER}, year = {2014},
  url = {javascript:alert(1)}
}
@misc{words, title = {Words}}
"""


def test_the_entries_of_a_dataset_are_read_as_they_come() -> None:
    naps, hutto, words = entries(NAPS)
    assert [in_text(one) for one in (naps, hutto, words)] == [
        "Marchewka et al., 2014",
        "Hutto & Gilbert, 2014",
        None,
    ]
    listed = references([words, naps, hutto, naps])
    assert [in_markdown(one) for one in listed] == [
        "Hutto, C. J., & Gilbert, E. (2014). *VADER*.",
        "Marchewka, A., Żurawski, Ł., Jednoróg, K., & Grabowska, A. (2014). The Nencki Affective "
        "Picture System (NAPS): Introduction to a database. *Behavior Research Methods*, *46*(2), "
        "596–610.",
    ]


def test_values_in_quotes_and_bare_years_are_read() -> None:
    entry = '@article{a, author = "M{\\"u}ller, A. and Li, B.", title = "A {T}est", year = 2001}'
    assert fields(entry) == {"author": "Müller, A. and Li, B.", "title": "A Test", "year": "2001"}


def test_a_body_in_braces_is_one_author() -> None:
    names = fields("@misc{a, author = {{World Health Organization} and {van Dam}, Jo and A. Li}}")
    expected = [("World Health Organization", ""), ("van Dam", "Jo"), ("Li", "A.")]
    assert authors(names["author"]) == expected


@pytest.mark.parametrize("before", ["", "https://doi.org/", "http://dx.doi.org/", "DOI: "])
def test_a_doi_is_known_by_its_number(before: str) -> None:
    assert doi_of({"doi": f"{before}10.1234/ab(c)"}) == "10.1234/ab(c)"
    assert doi_of({"doi": "unknown"}) is None


def test_the_source_of_a_dataset_stands_where_its_title_is_first_named() -> None:
    vader = SimpleNamespace(title="VADER lexicon", citation=NAPS)
    words = SimpleNamespace(title="Words", citation="@misc{words, title = {Words}}")
    texts = ["No Wordsmith.", "300 words of VADER lexicon.", "Words of VADER lexicon."]
    assert with_datasets(texts, [vader, words]) == [
        "No Wordsmith.",
        "300 words of VADER lexicon (Hutto & Gilbert, 2014; Marchewka et al., 2014).",
        "Words of VADER lexicon.",
    ]


@pytest.mark.parametrize("card", sorted((CATALOGUE / "datasets").glob("*.yaml")), ids=str)
def test_every_dataset_of_the_catalogue_can_be_cited(card: Path) -> None:
    cited = entries(read_yaml(card)[0]["citation"])
    assert cited
    assert all(map(in_text, cited))
    assert len(references(cited)) == len(cited)
    assert not re.search(r"[\\{}]", str(references(cited)))


def test_a_page_without_a_place_for_references_is_an_error() -> None:
    with pytest.raises(ValueError, match="Families of tests"):
        with_sources("# Methods\n")
    with pytest.raises(ValueError, match="References"):
        with_sources("# Methods\n\n## Families of tests\n\nold\n\n## Next\n")
