"""The verbs that write a bundle to the Hugging Face hub and fetch one from there."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    bundle: Annotated[Path, typer.Argument(help="A bundle, folder or zip, as `ser bundle` writes it.")],
    model: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Model on the hub; made where there is none.")],
    revision: Annotated[str | None, typer.Option(help="Branch; made where there is none. Default: main.")] = None,
    private: Annotated[bool, typer.Option("--private", help="A new model is seen by its owner only.")] = False,
) -> None:
    """Write a bundle to the Hugging Face hub as one commit, its card as the model's page.

    The login is that of the hub's client: `hf auth login`, or the environment variable HF_TOKEN.
    """
    from ser.inference import sharing

    commit = sharing.push(bundle, model, revision=revision, private=private)
    print(f"{model}@{commit}")


def pull(
    model: Annotated[str, typer.Argument(metavar="OWNER/NAME[@REVISION]", help="REVISION: branch, tag or commit.")],
    out: Annotated[Path, typer.Argument(help="Folder to write, or a zip where its name ends in .zip.")],
) -> None:
    """Fetch a bundle from the Hugging Face hub; every byte is checked before it is written."""
    from ser.inference import sharing

    contents, commit = sharing.pull(model, out)
    print(f"{out}: {contents.run['system']}, trained on {contents.run['corpus']}, commit {commit}")
