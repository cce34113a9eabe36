"""Readers explore a report with a mouse, a finger or the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoalign.tables import ITEMS
from emoalign.wording import number

from .conftest import BRACED, EVIL, N_ITEMS, QUOTED, Open, Visit

pytestmark = pytest.mark.browser

PLACE = """plot => {
  const { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  const [points] = plot.data;
  return points.x.map((x, i) => [box.left + xaxis._offset + xaxis.d2p(x),
    box.top + yaxis._offset + yaxis.d2p(points.y[i]), points.hovertext[i]]);
}"""


def lonely_point(visit: Visit) -> tuple[float, float, str]:
    """Place and text of the point of the scatter that is farthest from the others."""
    visit.page.locator("#scatter").scroll_into_view_if_needed()
    points = visit.page.locator("#scatter").evaluate(PLACE)

    def nearest(x: float, y: float) -> float:
        return sorted((x - a) ** 2 + (y - b) ** 2 for a, b, _ in points)[1]

    x, y, text = max(points, key=lambda point: nearest(point[0], point[1]))
    return x, y, text


def choose(visit: Visit, **picked: str) -> None:
    for name, value in picked.items():
        visit.page.select_option(f"#pick-{name}", value)


def test_pointing_at_a_point_tells_the_item_and_both_ratings(visit: Open, report: Path) -> None:
    one = visit(report)
    x, y, text = lonely_point(one)
    one.page.mouse.move(x, y)
    label = one.page.locator("#scatter .hoverlayer")
    label.locator("text").first.wait_for()
    told = label.evaluate("element => element.textContent")
    assert "people " in told
    assert "model " in told
    assert told.split("people ")[1] == text.split("people ")[1]


def test_clicking_a_point_shows_how_its_ratings_are_distributed(visit: Open, report: Path) -> None:
    one = visit(report)
    choose(one, model="m2", protocol="q")
    x, y, _ = lonely_point(one)
    one.page.mouse.click(x, y)
    chosen = int(one.page.input_value("#item-list"))
    items = ITEMS.read(report.parent / "items/words.parquet")
    rows = items[(items["scale"] == "arousal") & (items["item_id"] == f"item-{chosen:03d}")]
    people, *cells = one.rows("item-table")
    first = rows.iloc[0]
    assert people == ["People", "", "", number(first.human_mean), number(first.human_sd), "8"]
    assert [cell[1:] for cell in cells] == [
        [row.protocol, row.readout, number(row["mean"]), number(row["sd"]), "9"]
        for _, row in rows.sort_values(["model", "protocol"]).iterrows()
    ]
    bars = one.page.locator("#distribution").evaluate(
        "plot => plot.data.filter(({ type }) => type === 'bar').map(({ y }) => y)"
    )
    assert bars[0] == pytest.approx(100 * first.human_distribution, abs=0.3)
    shown = rows[(rows["model"] == "m2") & (rows["protocol"] == "q")].iloc[0]
    assert bars[1] == pytest.approx(100 * shown.distribution, abs=0.3)


def test_the_list_is_walked_through_with_the_keyboard_alone(visit: Open, report: Path) -> None:
    one = visit(report)
    for _ in range(200):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("document.activeElement.id") == "item-list":
            break
    else:
        pytest.fail("Tab does not reach the list of items")
    before = one.text("#item-name")
    one.page.keyboard.press("ArrowDown")
    chosen = one.page.locator("#item-list option:checked").evaluate("option => option.value")
    assert one.text("#item-name") != before
    ring = one.page.locator("#scatter").evaluate("plot => [plot.data[1].x[0], plot.data[1].y[0]]")
    spots = one.page.locator("#scatter").evaluate(
        "plot => plot.data[0].x.map((x, place) => [x, plot.data[0].y[place]])"
    )
    assert ring == spots[int(chosen)]


def test_the_skip_link_comes_first_and_focus_is_visible(visit: Open, report: Path) -> None:
    one = visit(report)
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.textContent") == "Skip to the results"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert one.page.evaluate(outline) == "solid"
    one.page.keyboard.press("Enter")
    assert one.page.evaluate("location.hash") == "#main"


def test_a_filter_of_the_page_holds_for_tables_and_items(visit: Open, report: Path) -> None:
    one = visit(report)
    one.page.select_option("#filter-model", "m2")
    one.page.select_option("#filter-scale", "valence")
    one.until(lambda: len(one.rows("alignment-table")) == 2)
    rows = one.rows("alignment-table")
    assert {(row[0], row[2]) for row in rows} == {(BRACED, "valence")}
    one.until(lambda: one.page.input_value("#pick-model") == "m2")
    one.until(lambda: one.chosen("pick-scale") == "Words: valence")
    one.until(lambda: {row[1] for row in one.rows("disagreements-table")} == {BRACED})

    one.page.click("#filters button")
    one.until(lambda: len(one.rows("alignment-table")) == 12)


def test_a_table_is_sorted_both_ways_by_its_numbers(visit: Open, report: Path) -> None:
    one = visit(report)
    head = one.page.locator("#alignment-table th", has_text="Bias")
    column = head.evaluate("head => head.cellIndex")
    button = head.locator("button")
    button.focus()

    def shown() -> list[float]:
        cells = [row[column] for row in one.rows("alignment-table")]
        return [float(cell.partition(" ")[0].replace("−", "-")) for cell in cells]

    numbers = shown()
    assert len(set(numbers)) > 1
    assert numbers != sorted(numbers)

    for key, sort in (("Enter", "ascending"), ("Space", "descending")):
        one.page.keyboard.press(key)
        wanted = sorted(numbers, reverse=sort == "descending")
        one.until(lambda wanted=wanted: shown() == wanted)
        assert head.get_attribute("aria-sort") == sort


def test_disagreements_lead_to_their_item(visit: Open, report: Path) -> None:
    one = visit(report)
    one.page.fill("#disagreements .tools input", "word 2")
    one.until(lambda: all("word 2" in row[0] for row in one.rows("disagreements-table")))
    row = one.rows("disagreements-table")[0]
    one.page.click("#disagreements-table tbody button")
    one.until(lambda: one.text("#item-name") == row[0])
    scale = f"Words: {row[3].removeprefix('words ')}"
    assert one.chosen("pick-model") == row[1]
    assert one.page.input_value("#pick-protocol") == row[2]
    assert one.chosen("pick-scale") == scale


def test_labels_are_explored_one_by_one(visit: Open, report: Path) -> None:
    one = visit(report)
    one.page.select_option("#pick-scale", label="Words: emotions")
    one.page.wait_for_selector("#pick-label", state="visible")
    assert one.page.locator("#pick-label option").all_text_contents() == ["joy", "anger", "fear"]
    assert not one.page.is_visible("#pick-compare")
    one.page.select_option("#pick-label", label="fear")

    def spots() -> set[tuple[float, float]]:
        found = one.page.locator("#scatter").evaluate("plot => [plot.data[0].x, plot.data[0].y]")
        return {(round(x, 2), round(y, 2)) for x, y in zip(*found, strict=True)}

    one.until(lambda: spots() == {(0, 1), (0.5, 0), (0, 0), (0.5, 1)})


def test_what_may_not_be_shown_is_named_by_its_id(visit: Open, refused_report: Path) -> None:
    one = visit(refused_report)
    assert one.page.locator("#item-list option").first.text_content() == "item-000"
    assert "Nothing to compare" in one.text("#scatter-note")
    assert "No answer of this model was usable." in one.text("#item-note")
    assert one.page.locator("#item-list option").count() == N_ITEMS


def test_texts_stay_texts_whatever_they_say(visit: Open, report: Path) -> None:
    one = visit(report)
    assert one.page.locator("script:not([type])").count() == 2
    assert one.page.locator("img[onerror], a[href^=javascript], section b b").count() == 0
    listed = one.page.locator("#item-list option")
    for place, text in enumerate(EVIL):
        one.page.select_option("#item-list", str(place))
        assert one.text("#item-name") == text
    assert listed.count() == N_ITEMS
    assert QUOTED in one.page.locator("#pick-model option").all_text_contents()
    assert BRACED in one.page.locator("#pick-model option").all_text_contents()


def test_plotly_takes_no_text_for_markup(visit: Open, report: Path) -> None:
    one = visit(report)
    script = """async () => {
      const plot = document.querySelector("#scatter");
      const told = [];
      for (const place of plot.data[0].x.keys()) {
        Plotly.Fx.hover(plot, [{ curveNumber: 0, pointNumber: place }]);
        await new Promise((done) => setTimeout(done, 60));
        const layer = plot.querySelector(".hoverlayer");
        told.push(layer.textContent);
        if (layer.querySelector("a, script, img")) told.push("MARKUP");
      }
      return told;
    }"""
    told = one.page.evaluate(script)
    assert "MARKUP" not in told
    for text in (EVIL[0], EVIL[3], "<b>bold</b> &amp; &lt;i&gt;"):
        assert any(text in one for one in told), text
    legend = one.page.locator("#distribution .legend").evaluate("legend => legend.textContent")
    assert "<b>bold</b>" in legend
    assert "{{7*7}}%{x} $x^2$" in legend
