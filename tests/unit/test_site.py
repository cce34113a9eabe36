"""The documentation as a site: strict about links, and sufficient unto itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def built(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:script|img|iframe|source)[^>]*\bsrc=\"([^\"]*)", text)
        fetched += re.findall(r"<link[^>]*\bhref=\"([^\"]*)", text)
        assert not [address for address in fetched if re.match(r"(?:https?:)?//", address)], page


def test_the_readme_opens_the_site_and_its_links_lead_to_pages(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert '<a href="walkthroughs.html">' in text
    assert '<a href="project/CITATION.cff">' in text
    assert (site / "project/CITATION.cff").read_bytes() == (ROOT / "CITATION.cff").read_bytes()
    assert 'src="report.png"' in text
    assert 'class="md-search"' in text


def test_a_link_that_leads_nowhere_fails(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for file in ROOT.iterdir():
        if file.name in ("src", "config", "tools", "mkdocs.yml") or file.suffix in (".md", ".cff"):
            (tmp_path / file.name).symlink_to(file)
    nowhere = ("no-such-page.md", "labels.md#no-such-heading", "../no-such-file.yaml")
    with (tmp_path / "docs/labels.md").open("a", encoding="utf-8") as page:
        page.writelines(f"\n[Nowhere]({link})\n" for link in nowhere)
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert len(warnings) == len(nowhere)
    for link in nowhere:
        assert any(re.split(r"[/#]", link)[-1] in line for line in warnings), link
