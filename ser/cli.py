"""The command line ``ser``: one verb per function in ``ser/commands``, and one per stage, made from its job.

A user's error, a full disk and missing memory are printed as one text, with exit code 2.
"""

import ast
import inspect
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar, get_type_hints

import typer
from typer.core import TyperGroup

from ser import catalog
from ser.errors import SerError
from ser.jobs import failures, scheduler
from ser.jobs.job import Job

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

STAGES = {name.replace("_", "-"): name for name in catalog.names("stages")}
FOR_PEOPLE = ("audit",)  # stages that are listed among the verbs for people
JOB = "The job as a JSON object, a file that holds one, or - for standard input. Options replace its fields."


class Verbs(TyperGroup):
    """The verbs for people, and after them the stages. The module of a stage is imported when the stage is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all verbs."""
        return [*super().list_commands(ctx), *STAGES]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a verb; None for an unknown one."""
        return stage_command(cmd_name) if cmd_name in STAGES else super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the two lists of verbs, without importing a stage."""
        verbs = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        functions = {verb: catalog.functions(f"ser.stages.{name}")[name] for verb, name in STAGES.items()}
        stages = {verb: str(ast.get_docstring(node)).partition("\n")[0] for verb, node in functions.items()}
        verbs |= {verb: stages.pop(verb) for verb in FOR_PEOPLE}
        for title, rows in (("Commands", verbs), ("Stages of the pipeline, called by Snakemake", stages)):
            with formatter.section(title):
                formatter.write_dl(sorted(rows.items()))


plain = partial(
    typer.Typer,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},
)
app = plain(
    name="ser",
    cls=Verbs,
    help="Speech emotion recognition systems under named protocols. Snakemake calls the stages in order, and each line "
    "of its log can be run by hand.",
    no_args_is_help=True,
)


def guarded(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return ``function`` such that a SerError, a full disk and missing memory become a text and exit code 2."""

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        scheduler.follow()
        try:
            return function(*args, **kwargs)
        except Exception as error:
            where = Path(getattr(error, "filename", None) or Path.cwd())
            text = str(error) if isinstance(error, SerError) else failures.memory(error) or failures.disk(error, where)
            if text is None:
                raise
            print(f"error: {text}", file=sys.stderr)
            raise typer.Exit(2) from error

    return run


def stage_command(verb: str) -> Any:
    """Return the command of a stage: an option for every field of its job, and ``--job`` for the whole."""
    function = getattr(catalog.load("stages", STAGES[verb]), STAGES[verb])
    model: type[Job] = get_type_hints(function)["job"]

    def run(job: str | None, **options: str | None) -> None:
        function(model.read(job, options))

    run.__doc__ = function.__doc__
    parameters = [_option("job", JOB, "JSON|FILE|-")]
    for name, field in model.model_fields.items():
        default = "" if field.is_required() else f" [default: {field.get_default(call_default_factory=True)}]"
        parameters.append(_option(name, f"{field.description}{default}", name.upper()))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    alone = plain()
    alone.command(verb)(guarded(run))
    return typer.main.get_command(alone)


def _option(name: str, text: str, metavar: str) -> inspect.Parameter:
    flag = typer.Option(f"--{name.replace('_', '-')}", help=text, metavar=metavar, show_default=False)
    kind = Annotated[str | None, flag]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


for module in (catalog.load("commands", name) for name in catalog.names("commands")):
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            app.command(name.replace("_", "-"))(guarded(function))
