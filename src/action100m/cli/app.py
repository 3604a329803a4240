"""The command `action100m`: its subcommands, and how errors and Ctrl-C end it.

Exit codes: 0 all is well; 1 some items failed, some findings are errors, or a run stopped at a bound with something left to make; 2 the call, a
setting, a model or a file given is wrong; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from action100m.cli.audit import audit
from action100m.cli.card import card
from action100m.cli.compare import compare
from action100m.cli.export import export
from action100m.cli.pack import pack
from action100m.cli.plan import plan
from action100m.cli.report import report
from action100m.cli.resample import resample
from action100m.cli.run import run
from action100m.cli.search import search
from action100m.cli.select import select
from action100m.cli.serve import serve
from action100m.cli.stats import stats
from action100m.cli.status import status
from action100m.cli.validate import validate
from action100m.errors import Action100MError
from action100m.text import plain_lines

app = typer.Typer(
    name="action100m",
    help="From videos to trees of time-localised, annotated actions, in the released Action100M schema.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (plan, run, status, pack, validate, report, export, audit, stats, resample, card, compare, select, search, serve):
    app.command()(command)


def main() -> None:
    """Run the command line; errors of ours are told without a traceback."""
    try:
        app()
    except (Action100MError, OSError) as error:  # the latter: a full disk, a folder that may not be written
        console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
        console.print(f"error: {plain_lines(str(error))}")  # it may name a uid of a stranger
        sys.exit(2)
