"""The command line: it gathers the verbs, and tells what the user can mend as a text with exit code 2."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer

from ser.commands import check, results
from ser.errors import SerError
from ser.jobs import failures, scheduler
from ser.verbs import audits, corpora, experiments, listings, verify

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

app = typer.Typer(
    name="ser",
    help="Speech emotion recognition systems under named protocols. The verbs are the stages of the pipeline; "
    "Snakemake calls them in order, and each line of its log can be run by hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},
)


def verb(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Register ``function`` as a verb; a SerError, a full disk and a lack of memory become a text and exit code 2."""

    @wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        scheduler.follow()
        try:
            return function(*args, **kwargs)
        except SerError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except Exception as error:
            where = Path(getattr(error, "filename", None) or Path.cwd())
            said = failures.memory(error) or failures.disk(error, where)
            if said is None:
                raise
            print(f"error: {said}", file=sys.stderr)
            raise typer.Exit(2) from error

    return app.command(function.__name__.strip("_").replace("_", "-"))(guarded)


for function in (
    *corpora.VERBS,
    *audits.VERBS,
    *experiments.VERBS,
    *listings.VERBS,
    *verify.VERBS,
    results.results,
    check.check,
):
    verb(function)
