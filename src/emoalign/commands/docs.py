"""`emoalign docs`: the pages of the documentation, which an installation has as well."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from emoalign.commands.group import Told, Unwrapped
from emoalign.installed import CATALOGUE, PROJECT
from emoalign.study.reading import nearest

_FOLDER = PROJECT / "docs"

_IN_A_CLONE = "../src/emoalign/catalogue"
"""The folder that pages name for included files; an installation has another one."""


def _complete_page(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(name) for name in pages() if name.startswith(incomplete)]


@click.command(
    "docs",
    cls=Unwrapped,
    examples=("emoalign docs", "emoalign docs walkthroughs", "emoalign docs troubleshooting"),
)
@click.argument("page", required=False, shell_complete=_complete_page)
def command(page: str | None) -> None:
    """Show a PAGE of the documentation, or without one the list of all pages."""
    titles = pages()
    if page is None:
        width = max(map(len, titles))
        for name, title in titles.items():
            click.echo(f"{name:<{width}}  {title}")
        click.echo(f"\nTheir files are in {_FOLDER}")
        return
    name = page.removeprefix("docs/").removesuffix(".md")
    if name not in titles:
        raise Told(f"There is no page {name!r}; {nearest(name, titles)}")
    text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    click.echo_via_pager(text.replace(_IN_A_CLONE, str(CATALOGUE)))


def pages() -> dict[str, str]:
    """The titles of all pages by their names."""
    titles = {}
    for path in sorted(_FOLDER.glob("*.md")):
        with path.open(encoding="utf-8") as page:
            titles[path.stem] = page.readline().removeprefix("# ").strip()
    return titles
