"""What the commands share: exit codes, application, common options, progress, and writing a file that was asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from domain.problems import ZapasError

DONE, FAILED, BAD_DATA, INTERRUPTED = 0, 1, 2, 130  # exit codes

app = typer.Typer(
    help="Plans spare parts: what will be needed where, what to stock, what to bring from the factory, and when.",
    epilog="Begin with:  zapas demo network  then  zapas plan network --out plan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A network folder, or one .xlsx file.")]
Out = Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder to write; replaced only when all is done.")]
PlanOption = Annotated[Path, typer.Option("--plan", metavar="OUT", help="A plan folder.")]
Database = Annotated[
    str, typer.Option("--database", metavar="URL", help="sqlite:///zapas.db, or postgresql://user:password@host/name.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings and set-aside rows as errors.")]
MethodsFile = Annotated[
    Path | None, typer.Option("--methods", metavar="FILE", help="Use the forecasting methods of this methods.json.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]


@contextmanager
def progress() -> "Iterator[Any]":
    """A function that says what is being done: a live line on a terminal, one line per step elsewhere."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with console.status("") as status:
            yield lambda text: status.update(f"{text} …")
    else:
        said: set[str] = set()

        def tell(text: str) -> None:
            step = text.split(",")[0]
            if step not in said:
                said.add(step)
                print(f"{step} …", file=sys.stderr, flush=True)

        yield tell


def write_file(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ZapasError(f"{file}: it cannot be written ({error.strerror or error}).") from error
