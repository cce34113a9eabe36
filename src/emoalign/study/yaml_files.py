"""YAML files: what they hold, what keeps them from being read, and the line of every key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from emoalign.study.yaml_syntax import in_words

Keys = Sequence[str | int]
"""The way to a value: keys, and places in lists from 0."""

MOST_VALUES = 1_000_000
"""Values a file may stand for once its aliases are written out."""

LONGEST_SHOWN = 200
"""Characters of something wrong that a message repeats."""


@dataclass(frozen=True)
class YamlFile:
    """A YAML 1.2 file: its content, None where it cannot be read, and what is wrong with it.

    `under` are the keys that its content stands below in an entry that takes it over.
    """

    path: Path
    content: Any = None
    problems: tuple[str, ...] = ()
    endless: bool = False
    _root: Node | None = field(default=None, repr=False)
    under: tuple[str | int, ...] = ()

    def line(self, keys: Keys) -> int | None:
        """The line in which a key or entry stands, from 1; None where it is not in the file."""
        way = self._way(keys)
        return None if way is None else int(way[-1].start_mark.line) + 1

    def written(self, keys: Keys) -> str | None:
        """A single value as it is written, quotation marks and all; None for anything else."""
        way = self._way(keys)
        if way is None or not isinstance(way[-2], ScalarNode):
            return None
        quote = way[-2].style if way[-2].style in ("'", '"') else ""
        return f"{quote}{way[-2].value}{quote}"

    def below(self, key: str) -> YamlFile:
        """What stands below a key, as a file of its own whose lines are those of this one."""
        way = self._way([key])
        content = self.content.get(key) if isinstance(self.content, Mapping) else None
        return YamlFile(self.path, content, _root=None if way is None else way[0])

    def _way(self, keys: Keys) -> tuple[Node, Node] | None:
        """The value these keys lead to, and where it begins: its key, or its place in a list."""
        above = len(self.under)
        if tuple(keys[:above]) != self.under:
            return None
        value = place = self._root
        for key in keys[above:]:
            if isinstance(value, SequenceNode) and isinstance(key, int) and key < len(value.value):
                value = place = value.value[key]
            elif isinstance(value, MappingNode):
                found = [pair for pair in value.value if _is(pair[0], key)]
                if not found:
                    return None
                place, value = found[-1]
            else:
                return None
        return None if value is None or place is None or len(keys) == above else (value, place)


def _is(node: Node, key: str | int) -> bool:
    """Tell whether a node is a key, however its number is written: 1, 1.0, 1.50."""
    if not isinstance(node, ScalarNode):
        return False
    if node.value == str(key):
        return True
    try:
        return float(node.value) == float(key)
    except ValueError:
        return False


class _Constructor(SafeConstructor):
    """Values of nodes; an error about an invalid date gives its line."""

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:
        try:
            return super().construct_yaml_timestamp(node, values)
        except ValueError as error:
            problem = f"{node.value} looks like a date, but {error}; put it in quotation marks"
            raise ConstructorError(None, None, problem, node.start_mark) from error


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


def read_file(path: Path) -> YamlFile:
    """A YAML file as far as it can be read; never raises."""

    def wrong(problem: str, line: int | None = None) -> YamlFile:
        place = f"{shown(path)}, line {line}" if line else shown(path)
        return YamlFile(path, problems=(f"{place}: {problem}",))

    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.allow_duplicate_keys = True  # they are told here, all of them
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"))
        if root is None:
            return wrong("the file is empty; docs/configuration.md lists its keys, with examples")
        if _values(root, {}) > MOST_VALUES:
            problem = (
                f"its aliases (*name) refer to each other and expand to more than {MOST_VALUES:,} "
                "values. Write the values out instead."
            )
            return YamlFile(path, problems=(f"{path}: {problem}",), endless=True)
        twice = tuple(
            f"{shown(path)}, line {line}: {told}" for line, told in _repeated(root, "", set())
        )
        return YamlFile(path, yaml.constructor.construct_document(root), twice, _root=root)
    except FileNotFoundError:
        return wrong("no such file")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return wrong(f"not UTF-8 text ({error.reason}); save the file as UTF-8", line)
    except OSError as error:
        return wrong(f"cannot be read: {error.strerror or error}")
    except RecursionError:
        return wrong("lists and keys are nested too deeply, or contain themselves")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and re.search("simple key|quoted|flow", str(error.context)):
            mark = error.context_mark  # where what is not closed begins
        return wrong(f"not valid YAML: {in_words(error)}", mark.line + 1 if mark else None)
    except (YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        character = re.match(r"unacceptable character (#x[0-9a-f]+)", first)
        if character:
            first = f"it contains the invisible character {character[1]}; delete it"
        return wrong(f"not valid YAML: {first}")


def shown(path: Path) -> str:
    """A path as messages have it: from the working directory where it is below it, and not long."""
    here = Path.cwd()
    text = str(path.relative_to(here) if path.is_relative_to(here) else path)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _values(node: Node, counted: dict[int, int]) -> int:
    """The number of values a node stands for with its aliases; long texts count as several."""
    if isinstance(node, ScalarNode):
        return 1 + len(node.value) // 100
    if id(node) not in counted:
        counted[id(node)] = MOST_VALUES + 1  # of a node within itself
        inner = (part for pair in node.value for part in pair)
        parts = inner if isinstance(node, MappingNode) else node.value
        counted[id(node)] = 1 + sum(_values(part, counted) for part in parts)
    return counted[id(node)]


def _repeated(node: Node, within: str, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Keys that stand twice beside each other, with their lines."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for part in node.value:
            yield from _repeated(part, within, seen)
    if not isinstance(node, MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            continue
        line = int(key.start_mark.line) + 1
        name = f"{within}{key.value}"
        if key.value in first:
            yield (
                line,
                f"not valid YAML: duplicate key: {name} already occurs in line "
                f"{first[key.value]}; keep only one of them",
            )
        first.setdefault(key.value, line)
        yield from _repeated(value, f"{name}.", seen)
