"""The page fits where it is read: a wide screen, a phone, in the dark, and A4."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from emoalign.tables import ITEMS

from .conftest import EVIL, N_ITEMS, PAGE_S, Open, Visit, arrived

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1400, "height": 900}}
MM = 96 / 25.4
UPRIGHT_PX, TURNED_PX = (210 - 30) * MM, (297 - 30) * MM

BROKEN_WORDS = """table => {
  const broken = [];
  for (const cell of table.querySelectorAll("th, td:not(.long)")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      for (const { index, 0: word } of text.data.matchAll(/[\\p{L}\\p{N}.]+/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) broken.push(word);
      }
    }
  }
  return broken;
}"""

CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
  };
  const texts = "p, li, dt, dd, h1, h2, h3, td, th, a, button, label, summary, figcaption, pre";
  const shown = [...document.querySelectorAll(texts)]
    .filter((one) => one.checkVisibility() && one.textContent.trim());
  return shown.map((one) => {
    const [a, b] = [parts(getComputedStyle(one).color), ground(one)].map(light);
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.outerHTML.slice(0, 80)];
  }).filter(([ratio]) => ratio < 4.5);
}"""


def long_tables(one: Visit) -> list[tuple[str, int]]:
    """Names and numbers of rows of the tables that do not show all rows at first."""
    grids = one.page.locator(".grid").evaluate_all(
        "all => all.map(({ dataset }) => [dataset.grid, Number(dataset.rows)])"
    )
    return [(name, rows) for name, rows in grids if rows > 25]


def test_every_long_table_offers_all_its_rows_at_once(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    one.page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    tables = long_tables(one)
    assert {"disagreements-table", "robustness-checks-table"} <= {name for name, _ in tables}
    for name, rows in tables:
        grid = f"[data-grid={name}]"
        assert len(one.rows(name)) == 25
        one.page.click(f"{grid} .more button:text-is('Show all {rows}')")
        one.until(lambda name=name, rows=rows: len(one.rows(name)) == rows)
        one.page.click(f"{grid} .more button")
        one.until(lambda name=name: len(one.rows(name)) == 25)


def test_what_all_rows_share_stands_above_the_table(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    assert one.text("[data-grid=alignment-table] .same") == "All rows: Readout sampled"
    heads = one.page.locator("#alignment-table th").all_text_contents()
    assert heads[:3] == ["Model", "Protocol", "Scale"]
    assert "Readout" not in heads


def test_filters_stay_in_view_and_say_what_they_hide(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    one.page.evaluate("""() => document.querySelector(".answer").insertAdjacentHTML("beforeend",
        '<p id="of-m1" data-model="m1">of m1</p><p id="of-both" data-model="m1 m2">both</p>')""")
    one.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    place = one.page.locator("#filters").bounding_box()
    assert place is not None
    assert 0 <= place["y"] < 60
    figures = "figure[data-scale=arousal]"
    assert one.page.locator(figures).count() > 0
    one.page.select_option("#filter-scale", "valence")
    one.page.select_option("#filter-model", "m2")
    one.until(lambda: "findings" in one.text("#filtered"))
    told = one.text("#filtered")
    assert re.search(r"\d+ of \d+ findings", told)
    assert re.search(r"Only model .*, scale valence\. Hidden: ", told)
    assert re.search(r"\d+ of \d+ figures", told)
    assert re.search(r"\d+ of [\d]+ rows", told)
    assert one.page.locator(f"{figures}:visible").count() == 0
    assert one.page.locator("figure[data-scale=valence]:visible").count() > 0
    assert not one.page.is_visible("#of-m1")
    assert one.page.is_visible("#of-both")
    one.until(lambda: all(row[3] == "valence" for row in one.rows("contrasts-table")))
    one.page.click("#filters button")
    one.until(lambda: one.page.is_visible("#of-m1") and not one.page.is_visible("#filtered"))


def test_a_contrast_is_about_both_its_sides(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    rows = one.page.locator("[data-grid=contrasts-table]").get_attribute("data-rows")
    of_models = [row for row in one.rows("contrasts-table") if row[2] in ("p", "q")]
    one.page.select_option("#filter-model", "m2")
    one.until(lambda: "rows" in one.text("#filtered"))
    left = one.rows("contrasts-table")
    assert 0 < len(left) < int(rows or 0)
    assert [row for row in left if row[2] in ("p", "q")] == of_models  # m1 against m2


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_every_section_is_reached_from_the_navigation(
    visit: Open, report: Path, device: dict[str, object]
) -> None:
    one = visit(report, **device)
    linked = one.page.locator("#sections a").evaluate_all("all => all.map(({ hash }) => hash)")
    sections = one.page.locator("main section[id]").evaluate_all("all => all.map(({ id }) => id)")
    assert linked == [f"#{name}" for name in sections]
    assert len(linked) > 12
    for place, target in enumerate(linked):
        if device is PHONE:
            one.page.click(".folds button:text-is('Sections')")
        link = one.page.locator("#sections a").nth(place)
        link.click()
        assert one.page.evaluate("location.hash") == target
        top = one.page.locator(f"{target} h2").bounding_box()
        bar = one.page.locator(".bar").bounding_box()
        assert top is not None
        assert bar is not None
        assert top["y"] < 844
        assert top["y"] + top["height"] > bar["y"] + bar["height"]
    assert one.page.is_visible("#sections a") == (device is DESK)


def test_a_phone_shows_r_beside_the_names_and_scrolls_tables_under_them(
    visit: Open, report: Path
) -> None:
    one = visit(report, **PHONE)
    box = one.page.locator("[data-grid=alignment-table] .scroll")
    box.scroll_into_view_if_needed()
    r = one.page.locator("#alignment-table th", has_text="r [95% CI]").first.bounding_box()
    assert r is not None
    assert r["x"] + r["width"] <= 390
    name = one.page.locator("#alignment-table tbody td").first
    under = name.evaluate("cell => getComputedStyle(cell, '::after').content")
    assert under == '"p · arousal"'
    before = name.bounding_box()
    assert box.evaluate("box => { box.scrollLeft = 200; return box.scrollLeft; }") == 200
    assert name.bounding_box() == before
    assert "gradient" in box.evaluate("box => getComputedStyle(box).backgroundImage")
    assert one.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_the_dark_page_is_readable(visit: Open, report: Path, device: dict[str, object]) -> None:
    one = visit(report, color_scheme="dark", **device)
    ground = one.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert ground == "rgb(23, 25, 28)"
    assert one.page.evaluate(CONTRASTS) == []
    assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a4_cuts_no_table_and_breaks_no_word(visit: Open, report: Path) -> None:
    one = visit(report, viewport={"width": int(UPRIGHT_PX), "height": 1000})
    one.page.emulate_media(media="print")
    one.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    turned = one.page.locator(".grid.wide").count()
    for grid in one.page.locator(".grid").all():
        wide = "wide" in (grid.get_attribute("class") or "")
        width = TURNED_PX if wide else UPRIGHT_PX
        table = grid.locator("table")
        assert table.evaluate("table => table.scrollWidth") <= width, grid.get_attribute(
            "data-grid"
        )
        assert table.evaluate(BROKEN_WORDS) == []
    assert one.page.locator("input:visible, select:visible, nav:visible").count() == 0
    pdf = one.page.pdf(prefer_css_page_size=True)
    sizes = [
        tuple(round(float(side)) for side in found.split())
        for found in re.findall(rb"/MediaBox ?\[0 0 ([\d. ]+)\]", pdf)
    ]
    assert set(sizes) <= {(595, 842), (842, 595)}
    assert ((842, 595) in sizes) == (turned > 0)


def test_on_paper_heads_are_texts_so_that_every_page_repeats_them(
    visit: Open, report: Path
) -> None:
    one = visit(report, **DESK)
    titles = one.page.locator("th").all_text_contents()
    buttons = one.page.locator("th button.sort")
    n = buttons.count()
    assert n > 50
    one.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert buttons.count() == 0
    assert one.page.locator("th").all_text_contents() == titles
    one.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert buttons.count() == n
    first = one.page.locator("#alignment-table th button.sort").first
    first.click()
    assert one.page.locator("#alignment-table th").first.get_attribute("aria-sort") == "ascending"


def test_paper_says_what_is_to_be_seen_on_a_screen_alone(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    note = one.page.locator(".only-static")
    assert not note.is_visible()
    one.page.emulate_media(media="print")
    assert note.is_visible()
    assert one.page.locator(".note:visible").first.evaluate(
        "note => parseFloat(getComputedStyle(note).fontSize)"
    ) < one.page.locator("body").evaluate("body => parseFloat(getComputedStyle(body).fontSize)")
    columns = one.page.locator(".legend ul").evaluate("list => getComputedStyle(list).columnWidth")
    assert columns == "auto"


PICTURE = """() => {
  const figure = document.createElement("figure");
  figure.id = "wide";
  figure.innerHTML = '<img width="700" height="50" src="data:image/gif;base64,' +
    'R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="' +
    '><figcaption>What is drawn.</figcaption>';
  document.querySelector("main").append(figure);
}"""


def test_a_figure_keeps_its_size_on_a_phone(visit: Open, report: Path) -> None:
    one = visit(report, **PHONE)
    one.page.evaluate(PICTURE)
    figure = one.page.locator("#wide")
    assert figure.locator("img").evaluate("image => image.width") == 700
    caption = figure.locator("figcaption").bounding_box()
    assert figure.evaluate("one => { one.scrollLeft = 150; return one.scrollLeft; }") == 150
    assert figure.locator("figcaption").bounding_box() == caption
    assert one.page.evaluate("document.documentElement.scrollWidth") == 390


def saved_table(one: Visit, selector: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(one.saved(selector)))


def test_disagreements_are_saved_with_inert_texts_and_counts(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    saved = saved_table(one, "[data-grid=disagreements-table] button:text-is('CSV')")
    rows = int(one.page.locator("[data-grid=disagreements-table]").get_attribute("data-rows") or 0)
    assert len(saved) == rows
    assert (saved["n_ok"] == 9).all()
    assert f"'{EVIL[-1]}" in set(saved["item"])
    assert not saved["item"].str.startswith("=").any()


def test_items_are_saved_as_the_page_shows_them(visit: Open, report: Path) -> None:
    one = visit(report, **DESK)
    saved = saved_table(one, "#items-csv")
    items = ITEMS.read(report.parent / "items/words.parquet")
    held = items[items["scale"] == "arousal"].sort_values(["model", "protocol", "item_id"])
    assert len(saved) == len(held) == 4 * N_ITEMS
    for name, column in (("human_mean", "human_mean"), ("mean", "mean"), ("n", "n_ok")):
        assert saved[name].tolist() == pytest.approx(held[column].tolist(), abs=2e-3)
    assert f"'{EVIL[-1]}" in set(saved["item"])
    one.page.select_option("#pick-scale", label="Words: emotions")
    one.page.wait_for_selector("#pick-label", state="visible")
    labels = saved_table(one, "#items-csv")
    assert {"human_share_joy", "share_joy", "n"} <= set(labels.columns)


def test_answers_are_saved_and_restricted_texts_never(visit: Open, refused_report: Path) -> None:
    one = visit(refused_report, **DESK)
    counts = saved_table(one, "[data-grid=answers-table] button:text-is('CSV')")
    assert counts["n_refusal"].tolist() == [10 * N_ITEMS]
    heads = one.page.locator("#answers-table th").all_text_contents()
    assert {"Ratings", "Off the scale", "Unreadable", "Refused"} <= set(heads)
    assert "Cut off" not in heads
    one.page.locator("#answers details").evaluate("one => { one.open = true; }")
    unused = saved_table(one, "[data-grid=unused-table] button:text-is('CSV')")
    assert unused["text"].tolist() == ["(not shown: it may quote the item)"]
    items = saved_table(one, "#items-csv")
    assert "item" not in items.columns


def test_an_error_of_the_page_ends_the_wait_for_it_at_once(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "broken.html"
    path.write_text("<script>throw new Error('too bad')</script>", encoding="utf-8")
    began = time.monotonic()
    with browser.new_context() as context, pytest.raises(AssertionError, match="too bad"):
        arrived(context, path)
    assert time.monotonic() - began < PAGE_S / 2
