"""What every command has: `--json`, errors in plain words, exit codes. Spec section 10.

Exit codes: 0 succeeded, 1 failed, 2 wrong usage or input, 3 partial success; `diff` says 10 when
something differs, and 130 means that Ctrl-C ended the command.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from syncline.cli.errors import explain
from syncline.cli.shell import Shell
from syncline.domain.errors import SynclineError

OK, FAILED, USAGE, PARTIAL, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 10, 130
_JSON = typer.Option("--json", help="Print one JSON document on standard output.")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class Commands(typer.Typer):
    """A group of commands. Each is a function whose first parameter is the Shell."""

    def __init__(self, help_: str) -> None:
        super().__init__(
            help=help_,
            no_args_is_help=True,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
        )

    def add(self, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Make a function a command of this group."""

        def register(function: Callable[..., None]) -> Callable[..., None]:
            self.command(name)(_as_command(function))
            return function

        return register


def _as_command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a function Typer's context instead of the Shell, `--json`, and words for its errors."""

    def command(ctx: typer.Context, *, json_wanted: bool = False, **options: Any) -> None:  # noqa: ANN401
        shell: Shell = ctx.obj
        shell.json = json_wanted
        try:
            function(shell, **options)
        except SynclineError as error:
            explained = explain(error, shell.settings_hint)
            shell.complain(explained)
            raise typer.Exit(explained.exit_code) from None

    hints = get_type_hints(function, include_extras=True)
    own = [p.replace(annotation=hints[p.name]) for p in _parameters(function)[1:]]
    context = inspect.Parameter("ctx", _KEYWORD, annotation=typer.Context)
    wants = inspect.Parameter(
        "json_wanted", _KEYWORD, annotation=Annotated[bool, _JSON], default=False
    )
    parameters = [context, *(p.replace(kind=_KEYWORD) for p in own), wants]
    functools.update_wrapper(command, function)
    del command.__wrapped__  # type: ignore[attr-defined]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _parameters(function: Callable[..., None]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())
