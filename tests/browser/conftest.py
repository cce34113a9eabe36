"""The report in Debian's Chromium, without a head."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from emoalign.planning.jobs import reported
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings
from tests.kit.stages import make, make_page, page
from tests.kit.words import study

QUOTED, BRACED = """A "q" & <b>bold</b> 'model'""", "Model {{7*7}}%{x} $x^2$"
EVIL = (
    "<script>alert(1)</script>",
    '<a href="javascript:alert(1)">click me</a>',
    "</script><img src=x onerror=alert(1)>",
    "{{7*7}}",
    "a\x00b",
    "line\u2028and paragraph\u2029",
    "<b>bold</b> &amp; &lt;i&gt;",
    "word " * 800,
    "x" * 3000,
    "]]> --> <!-- <style>*{display:none}</style>",
    '=HYPERLINK("https://example.org")',
)
"""Texts of stimuli that would do something if they were taken for more than texts."""

PAGE_S = 120
"""Seconds that a page may take for anything: it computes little, and needs no network."""

N_ITEMS = 30
SCALES = ("arousal", "happiness", "valence")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests fail, they are not passed over."""
    program = shutil.which("chromium")
    if program is None:
        pytest.exit("There is no Chromium: make test-browser installs Debian's.", returncode=1)
    # Chromium refuses its sandbox to root, and this page is our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@dataclass
class Visit:
    """A page, and all that happened on it that should not."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """The text of the one element, as it is, not as it is laid out."""
        return str(self.page.locator(selector).evaluate("element => element.textContent"))

    def chosen(self, select: str) -> str:
        """The text of the option that is chosen."""
        return self.text(f"#{select} option:checked")

    def rows(self, table: str) -> list[list[str]]:
        """The texts of a table's rows that are shown."""
        script = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        return list(self.page.locator(f"#{table} tbody tr").evaluate_all(script))

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of the page; fail as soon as something goes wrong on it.

        It is asked from outside: the page's policy forbids playwright to wait within it.
        """
        deadline = time.monotonic() + PAGE_S
        while not true():
            assert not self.trouble
            assert time.monotonic() < deadline, "it never came true"
            self.page.wait_for_timeout(30)

    def saved(self, selector: str) -> str:
        """The text of the file that a button offers."""
        with self.page.expect_download() as download:
            self.page.click(selector)
        return Path(download.value.path()).read_text(encoding="utf-8")


def arrived(context: BrowserContext, path: Path, script: bool = True) -> Visit:
    """A visit to a report whose script, if it may run, has made the page ready."""
    context.set_default_timeout(1000 * PAGE_S)
    one = Visit(context.new_page())
    page, trouble = one.page, one.trouble
    page.on("console", lambda said: trouble.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (trouble.append("dialog"), dialog.dismiss()))
    page.on("popup", lambda _: trouble.append("popup"))
    page.on("request", lambda sent: _note_request(sent.url, path, trouble))
    page.goto(path.as_uri())
    if script:
        one.until(lambda: page.locator("html.ready").count() == 1)
    return one


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Open a report; at the end nothing may have gone wrong on it."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def opened(path: Path, *, script: bool = True, **options: Any) -> Visit:
        contexts.append(browser.new_context(java_script_enabled=script, **options))
        visits.append(arrived(contexts[-1], path, script))
        return visits[-1]

    yield opened
    for context in contexts:
        context.close()
    assert [one.trouble for one in visits] == [[]] * len(visits)


def _note_request(url: str, path: Path, trouble: list[str]) -> None:
    if url.split("#")[0] != path.as_uri() and not url.startswith(("data:", "blob:")):
        trouble.append(f"request: {url}")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two models under two protocols, of scales of numbers and of labels, on items
    whose texts are up to no good."""
    folder = tmp_path_factory.mktemp("report")
    people = {scale: norms(N_ITEMS, seed=seed, scale=scale) for seed, scale in enumerate(SCALES)}
    cells = [
        rating_rows(_answers(people[scale], seed), model=model, protocol=protocol, scale=scale)
        for seed, (model, protocol, scale) in enumerate(
            (model, protocol, scale)
            for model in ("m1", "m2")
            for protocol in ("p", "q")
            for scale in SCALES
        )
    ]
    cells += [
        label_rows([["joy"], ["fear"], None] * (N_ITEMS // 3), model=model, protocol=protocol)
        for model in ("m1", "m2")
        for protocol in ("p", "q")
    ]
    chosen = [[["joy"], ["joy", "anger"]], [["fear"], ["anger"]]] * (N_ITEMS // 2)
    norm_rows = pd.concat([*people.values(), label_norms(chosen)])
    texts = [*EVIL, *(f"word {number}" for number in range(len(EVIL), N_ITEMS))]
    shown = study(
        models={"m1": QUOTED, "m2": BRACED},
        protocols=("p", "q"),
        scales=SCALES,
        labels=("emotions",),
        frameworks={"dimensions": ["arousal", "valence"], "emotions": ["happiness"]},
        figures=None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fonts lack letters that no text should have
        make(folder, shown, pd.concat(cells), norm_rows, texts)
        page(folder, reported(shown))
    return folder / "report.html"


def _answers(people: pd.DataFrame, seed: int) -> np.ndarray:
    """Answers that follow people, but for one refusal of each item."""
    answers = ratings(people, noise=1.0 + seed % 3, seed=seed)
    answers[:, 0] = np.nan
    return answers


@pytest.fixture(scope="session")
def refused_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study in which every answer is a refusal, on items that may not be shown."""
    folder = tmp_path_factory.mktemp("refused")
    answers = rating_rows(np.full((N_ITEMS, 10), np.nan))
    make_page(folder, study(show_items=False, figures=None), answers, norms(N_ITEMS))
    return folder / "report.html"
