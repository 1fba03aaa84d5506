"""Write the reference pages of the site from the code: configuration, command line, Python API. A hook of mkdocs."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))  # the code of this folder, whatever is installed
INTERNAL = {"cli", "commands", "__init__"}  # described by the page of the command line
Definition = ast.FunctionDef | ast.ClassDef


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {"configuration": configuration, "cli": command_line, "checks": checks, "api": api}
    for name, page in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=page()))
    return files


def configuration() -> str:
    """Return the configuration keys, as ``ser keys`` prints them."""
    from ser.config.describe import describe

    return describe()


def checks() -> str:
    """Return everything that is checked in rows and recordings, with an example and the setting that settles it."""
    from ser.input_checks import CHECKS

    outcomes = {
        "allow": ("Faults that can be accepted", "The corpus is not built unless its key `allow` names the kind."),
        "error": ("Faults that have to be mended", "The corpus is not built."),
        "warning": ("Warnings", "Nothing is left out; `warnings.csv` of the corpus and the report list them."),
    }
    pages = [
        "# What the pipeline checks in your recordings\n",
        "`ser inspect` runs all of them, but leaves to the audit which recordings overlap by sound.\n",
    ]
    for outcome, (title, text) in outcomes.items():
        those = [check for check in CHECKS if check.outcome == outcome]
        pages += [f"## {title}\n", f"{text}\n"] if those else []
        for check in those:
            pages += [
                f"### {check.name}\n",
                f"{check.checks}\n",
                f"- Example: {check.example}.",
                f"- {check.switch}.\n",
            ]
    return "\n".join(pages)


def command_line() -> str:
    """Return every command of ``ser`` with its arguments and options."""
    import click
    import typer

    from ser.cli import app

    group: Any = typer.main.get_command(app)
    context = click.Context(group, info_name="ser")
    pages = ["# Command line\n", f"{group.help}\n"]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = click.Context(command, info_name=f"ser {name}")
        pages.append(f"## ser {name}\n\n{dedent(command.help or '')}\n")
        pages.append("```text\n" + command.get_usage(inner).removeprefix("Usage: ") + "\n```\n")
        rows = [record for parameter in command.params if (record := parameter.get_help_record(inner))]
        pages += [f"- `{option}`: {' '.join(text.split())}" for option, text in rows if option != "--help"]
        pages.append("")
    return "\n".join(pages)


def api() -> str:
    """Return the public functions and classes of every module of ``ser`` with their docstrings."""
    pages = ["# Python API\n", "Modules and names with a leading underscore are internal.\n"]
    for path in sorted((PROJECT / "ser").rglob("*.py")):
        module = path.relative_to(PROJECT).with_suffix("").parts
        if module[1] in INTERNAL or any(part.startswith("_") for part in module):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        pages += [f"## {'.'.join(module)}\n", ast.get_docstring(tree) or "", ""]
        pages += [text for node in public(tree) for text in described(node)]
    return "\n".join(pages)


def public(parent: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Yield the functions and classes that a user may call."""
    for node in parent.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def described(node: Definition, owner: str = "") -> Iterator[str]:
    """Yield heading, signature and docstring of a definition, and those of a class's methods."""
    if isinstance(node, ast.ClassDef):
        yield f"### {node.name}\n\n{fields(node)}{ast.get_docstring(node) or ''}\n"
        for method in public(node):
            yield from described(method, f"{node.name}.")
    else:
        result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        signature = f"{owner}{node.name}({ast.unparse(node.args)}){result}"
        yield f"### {owner}{node.name}\n\n```python\n{signature}\n```\n\n{ast.get_docstring(node) or ''}\n"


def fields(node: ast.ClassDef) -> str:
    """Return the annotated fields of a record, or the signature of a constructor, as a code block."""
    lines = [ast.unparse(line) for line in node.body if isinstance(line, ast.AnnAssign)]
    for method in (line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"):
        lines.append(f"{node.name}({ast.unparse(method.args).removeprefix('self').removeprefix(', ')})")
    return "```python\n" + "\n".join(lines) + "\n```\n\n" if lines else ""
