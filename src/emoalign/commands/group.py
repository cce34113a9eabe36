"""The command group: subcommands, examples in the help, and errors as plain messages."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from emoalign.errors import EmoalignError


class Told(click.ClickException):
    """A problem whose message is printed without a traceback; the command ends with status 1."""

    def show(self, file: Any = None) -> None:
        """Write the message to stderr."""
        click.echo(self.message, file=file, err=True)


class Commands(click.Group):
    """Subcommands that are imported once one is asked for: most need more than the others.

    `modules` has the module of each, which has a command of the same name in `emoalign.commands`,
    and its help in a line. `examples` end the help of the group.
    """

    def __init__(
        self,
        *arguments: Any,
        modules: Mapping[str, tuple[str, str]],
        examples: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.modules = dict(modules)
        self.examples = tuple(examples)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all subcommands, in the order in which people need them."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of a name; None without it."""
        if cmd_name not in self.modules:
            return None
        module, _ = self.modules[cmd_name]
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.modules.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        _write_examples(formatter, self.examples)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; errors are one message without a traceback."""
        try:
            return super().invoke(ctx)
        except EmoalignError as error:
            raise Told(str(error)) from error
        except KeyboardInterrupt:
            click.echo("Stopped by Ctrl-C.", err=True)
            ctx.exit(130)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            raise Told(f"A file could not be read or written: {error}") from error
        except Exception as error:
            traceback.print_exc()
            raise Told("This is a fault in emoalign itself; please report it.") from error


class Unwrapped(click.Command):
    """A command whose help keeps the lines of its examples as they are written.

    Examples follow the text: commands, each to be typed as it stands.
    """

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        _write_examples(formatter, self.examples)


def _write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{' ' * formatter.current_indent}{example}\n")
