"""The files of a dataset, whatever reader they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from emoalign.study.fields import Entry, FileSource


class Source(Entry):
    """The files of a dataset, under the names that its reader gives them."""

    provides: ClassVar[tuple[str, ...]] = ()
    """The scales the files have ratings on."""

    def files(self) -> dict[str, FileSource]:
        """Every file by its place in the entry, such as `ratings` or `splits.train`."""
        return dict(_files(self))

    def scale_names(self) -> tuple[str, ...]:
        """The scales that items can have human ratings on."""
        return self.provides

    def without_directions(self) -> Self:
        """The same without how to get the files, which changes nothing of what is read."""
        return self.model_validate(_without(self.model_dump(), ("obtain", "url")))


def _files(value: object, place: str = "") -> Iterator[tuple[str, FileSource]]:
    if isinstance(value, FileSource):
        yield place, value
        return
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, Entry):
        inner = iter(value)
    elif isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, tuple):
        inner = iter(enumerate(value))
    for key, part in inner:
        yield from _files(part, f"{place}.{key}" if place else str(key))


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, keys) for key, part in value.items() if key not in keys}
    if isinstance(value, list | tuple):
        return [_without(part, keys) for part in value]
    return value
