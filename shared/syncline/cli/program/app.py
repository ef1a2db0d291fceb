"""What every command has: `--json`, `--tenant`, errors in plain words, exit codes.

Exit codes (spec section 10): 0 succeeded, 1 failed, 2 wrong usage or input, 3 partial success;
`diff` says 10 when something differs, and 130 means that Ctrl-C ended the command.
"""

from __future__ import annotations

import dataclasses
import errno
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from syncline.cli.program.shell import Shell

OK, FAILED, USAGE, PARTIAL, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 10, 130
_JSON = typer.Option("--json", help="Print one JSON document on standard output.")
_TENANT = typer.Option(
    "--tenant", envvar="SYNCLINE_TENANT", metavar="NAME", help="The workspace to work in."
)
_COMMON: tuple[tuple[str, Any, Any], ...] = (
    ("json_wanted", Annotated[bool, _JSON], False),
    ("tenant", Annotated[str, _TENANT], "default"),
)
"""Name, type and default of the options that every command has."""
_KEYWORD = inspect.Parameter.KEYWORD_ONLY

Function = Callable[..., int | None]
"""A command: its first parameter is the Shell, the others are arguments and options.

A parameter that is a dataclass has options that several commands share, a field each. It returns
its exit code, or None for 0.
"""


class Commands:
    """A group of commands."""

    def __init__(self, help_: str) -> None:
        self._typer = _typer(help_)

    def add(self, name: str, *, tenant: bool = True) -> Callable[[Function], Function]:
        """Make a function a command of this group; `tenant`: it works in one."""

        def register(function: Function) -> Function:
            self._typer.command(name)(_as_command(function, tenant=tenant))
            return function

        return register

    def group(self, name: str) -> TyperGroup:
        """Return the group as the program's command of that name."""
        group = get_group(self._typer)
        group.name = name
        return group


def command_of(name: str, function: Function) -> TyperCommand:
    """Return a function as the program's command of that name."""
    single = _typer("")
    tenant = not getattr(function, "without_tenant", False)
    single.command(name)(_as_command(function, tenant=tenant))
    command = get_command(single)
    assert isinstance(command, TyperCommand)
    return command


def without_tenant(function: Function) -> Function:
    """Mark a command of its own that has nothing to do with a tenant."""
    function.without_tenant = True  # type: ignore[attr-defined]
    return function


def _typer(help_: str) -> typer.Typer:
    return typer.Typer(
        help=help_,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _as_command(function: Function, *, tenant: bool) -> Function:
    """Give a function the Shell, `--json`, `--tenant`, and words for its errors."""
    hints = get_type_hints(function, include_extras=True)
    shared: dict[str, Any] = {
        name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)
    }

    def command(*, json_wanted: bool = False, tenant: str = "default", **options: object) -> None:
        shell = Shell(tenant)
        shell.json = json_wanted
        for name, kind in shared.items():
            options[name] = kind(**{f.name: options.pop(f.name) for f in dataclasses.fields(kind)})
        if code := called(shell, functools.partial(function, shell, **options)):
            raise typer.Exit(code)

    own = list(inspect.signature(function).parameters.values())[1:]
    parameters = [q for p in own for q in _expanded(p, hints[p.name])]
    for name, kind, default in _COMMON if tenant else _COMMON[:1]:
        parameters.append(inspect.Parameter(name, _KEYWORD, annotation=kind, default=default))
    functools.update_wrapper(command, function)
    del command.__wrapped__  # type: ignore[attr-defined]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _expanded(parameter: inspect.Parameter, kind: type) -> list[inspect.Parameter]:
    """Return a parameter as the command has it, or one for each field of shared options."""
    if not dataclasses.is_dataclass(kind):
        return [parameter.replace(annotation=kind, kind=_KEYWORD)]
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(f.name, _KEYWORD, annotation=hints[f.name], default=f.default)
        for f in dataclasses.fields(kind)
    ]


def called(shell: Shell, function: Callable[[], int | None]) -> int:
    """Call a command and return its exit code; what goes wrong is told in words."""
    try:
        return function() or OK
    except typer.Exit as end:
        return end.exit_code
    except KeyboardInterrupt:  # the person's own wish, told by the exit code
        shell.note("interrupted")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise  # whoever reads our output wants no more of it
        return shell.complain(error)
