"""Readers take a report along: on paper, on a phone, and its numbers into a paper of their own."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest

from emoalign.tables import ALIGNMENT, CONTRASTS

from .conftest import QUOTED, Open

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.mark.parametrize("table", [ALIGNMENT, CONTRASTS], ids=lambda table: Path(table.path).stem)
def test_a_table_is_downloaded_with_the_numbers_of_its_file(
    visit: Open, report: Path, table: object
) -> None:
    assert table in (ALIGNMENT, CONTRASTS)
    kind = ALIGNMENT if table is ALIGNMENT else CONTRASTS
    one = visit(report)
    name = Path(kind.path).stem
    text = one.saved(f"[data-table={name}] button:text-is('CSV')")
    saved, held = pd.read_csv(io.StringIO(text)), kind.read(report.parent / kind.path)
    assert list(saved.columns) == kind.schema.names
    for column in saved.columns:
        if pd.api.types.is_numeric_dtype(held[column]):
            pd.testing.assert_series_equal(
                saved[column], held[column], rtol=1e-5, check_dtype=False
            )
        else:
            assert list(saved[column].dropna()) == list(held[column].dropna())


def test_latex_has_the_rows_that_are_shown_and_is_escaped(visit: Open, report: Path) -> None:
    one = visit(report)
    one.page.select_option("#filter-protocol", "q")
    one.page.select_option("#filter-model", "m1")
    one.until(lambda: len(one.rows("alignment-table")) == 3)
    text = one.saved("[data-grid=alignment-table] button:text-is('LaTeX')")
    body = text.split("\\midrule\n")[1].split("    \\bottomrule")[0].splitlines()
    rows = one.rows("alignment-table")
    assert len(body) == len(rows) == 3
    assert body[0].startswith(
        "    A \\textquotedbl{}q\\textquotedbl{} \\& $<$b$>$bold$<$/b$>$ 'model' & q & "
    )
    assert rows[0][0] == QUOTED
    assert all(line.count(" & ") == len(rows[0]) - 1 for line in body)
    assert all(line.endswith(" \\\\") for line in body)
    assert re.search(r"\\begin\{tabular\}\{lllrr*\}|\\begin\{tabular\}\{llllr+\}", text)
    assert "−" not in text
    assert "[95\\% CI]" in text


def test_the_bibtex_holds_the_data_and_the_methods_that_the_text_cites(
    visit: Open, report: Path
) -> None:
    one = visit(report)
    text = one.saved("button[data-save=bibtex]")
    assert "@misc{words, title = {Words}}" in text
    methods = one.text("#methods-text")
    for author, key in (("Efron, 1987", "efron1987"), ("Zou, 2007", "zou2007")):
        assert author in methods
        assert f"{{{key}," in text
    assert "[@" not in methods
    assert "kriegeskorte2008" in text  # both frameworks are there


def test_the_method_section_is_copied_as_paragraphs(visit: Open, report: Path) -> None:
    one = visit(report)
    # What a page may read of the clipboard depends on where it is; this is what it writes.
    one.page.evaluate("navigator.clipboard.writeText = async (text) => { window.written = text; }")
    one.page.click("button[data-copy=methods-text]")
    one.page.wait_for_selector("button[data-copy=methods-text]:text-is('Copied')")
    written = one.page.evaluate("window.written")
    paragraphs = one.page.locator("#methods-text p").all_text_contents()
    assert written == "\n\n".join(paragraphs)
    assert len(paragraphs) > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_the_page_in_one_direction_only(
    visit: Open, report: Path, scheme: str
) -> None:
    one = visit(report, color_scheme=scheme, **PHONE)
    width = "document.documentElement.scrollWidth"
    assert one.page.evaluate(width) == 360
    one.page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    one.page.select_option("#pick-scale", label="Words: emotions")
    assert one.page.evaluate(width) == 360
    wide = one.page.locator("#alignment-table").evaluate("table => table.scrollWidth")
    assert wide > 360  # the table scrolls within its own frame


def test_paper_has_the_figures_and_no_controls(visit: Open, report: Path) -> None:
    one = visit(report)
    figures = one.page.locator("figure img").count()
    assert figures >= 7
    pdf = one.page.pdf(format="A4")
    assert pdf.count(b"/Subtype /Image") >= figures
    one.page.emulate_media(media="print")
    opened = one.page.locator("details[open]").count()
    one.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not one.page.is_visible("#explorer")
    assert not one.page.is_visible("#filters")
    assert (
        one.page.locator("button:visible").count()
        == one.page.locator("td button, th button").count()
    )
    assert one.page.is_visible("#alignment-table")
    assert one.page.locator("details:not([open]):not(.long)").count() == 0
    one.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert one.page.locator("details[open]").count() == opened


def test_without_javascript_everything_but_the_exploring_is_there(
    visit: Open, report: Path
) -> None:
    one = visit(report, script=False)
    assert one.page.is_visible("#alignment-table")
    assert one.page.is_visible("text=This part is interactive")
    assert not one.page.is_visible("#filters")
    assert "all are in items/ in the folder of the study" in one.text("#disagreements .more")


def test_a_report_in_which_all_was_refused_opens_and_says_so(
    visit: Open, refused_report: Path
) -> None:
    one = visit(refused_report)
    assert "no item has both a model rating and a human rating" in one.text("#findings")
    assert one.page.is_visible("#absent")
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
