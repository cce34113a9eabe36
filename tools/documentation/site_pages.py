"""A hook of MkDocs: README.md opens the site, and files outside docs/ are copied into it.

The plain files link to each other as they lie in the repository. In the site, README.md is
index.md, what is in docs/ is at the top, and other files that a page links to are in project/.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
"""The path of a relative link of Markdown, without its anchor."""


def _place(path: str) -> str:
    """Return where the site has a file of the repository, given by its path from the root."""
    if path == "README.md":
        return "index.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else f"project/{path}"


def _source(place: str) -> str:
    """Return the path from the root of the repository of what the site has at `place`."""
    if place == "index.md":
        return "README.md"
    return place.removeprefix("project/") if place.startswith("project/") else f"docs/{place}"


def _linked(path: str, text: str) -> list[str]:
    """Return the files, by their paths from the root, to which the page at `path` links."""
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, link)) for link in _LINK.findall(text)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README.md, and every file outside docs/ that a page links to."""
    root = Path(config.config_file_path).parent
    waiting = ["README.md", *(_source(file.src_uri) for file in files.documentation_pages())]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not (root / path).is_file():
            continue
        seen.add(path)
        if files.get_file_from_path(_place(path)) is None:
            files.append(File.generated(config, _place(path), abs_src_path=str(root / path)))
        if path.endswith(".md"):
            waiting += _linked(path, (root / path).read_text(encoding="utf-8"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page, which hold in the repository, into those of the site."""
    path = _source(page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)

    def in_the_site(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link[1]))
        return posixpath.relpath(_place(target), here or ".")

    return _LINK.sub(in_the_site, markdown)
