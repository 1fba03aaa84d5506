"""Bundles on the Hugging Face hub: a bundle's files are the files of a model there, its card is the model's page."""

from pathlib import Path

from ser.errors import SerError
from ser.files import hub
from ser.inference import bundle
from ser.inference.trained import Contents


def push(path: Path, model: str, *, revision: str | None = None, private: bool = False) -> str:
    """Write the bundle at ``path`` to the hub as one commit of ``model`` (OWNER/NAME) and return the commit.

    revision: a branch, main where it is None; private: a new model is seen by its owner only. SerError where a byte of
    the bundle has changed, and without a login that may write there.
    """
    hub.require_name(model)
    if not bundle.is_bundle(path):
        raise SerError(f"{path} is no bundle; make one with `ser bundle`.")
    trained = bundle.read(path)
    folder, names = trained.weights.parent, (bundle.RECORD, *trained.contents.checksums)
    message = f"Add {trained.name}, trained on {trained.contents.run['corpus']}"
    return hub.publish(
        model, {name: folder / name for name in names}, revision=revision, private=private, message=message
    )


def pull(model: str, out: Path) -> tuple[Contents, str]:
    """Write the bundle that is ``model`` on the hub, OWNER/NAME or OWNER/NAME@REVISION, to ``out``.

    Returns its record and the commit. A revision is a branch, a tag or a commit; without one it is the newest of main.
    SerError where the model is no bundle or a byte is not what the hub or the bundle announces; then ``out`` is not
    written.
    """
    bundle.require_new(out)
    name, _, revision = model.partition("@")
    commit = hub.commit_of(name, revision or None)
    where = f"{name}@{commit}"

    def fetch(file: str) -> Path:
        found = hub.fetched(name, commit, file)
        if found is None:
            wrong = "is no bundle of ser" if file == bundle.RECORD else "is incomplete"
            raise SerError(f"{where} {wrong}: it has no {file}.")
        return found

    return bundle.collect(fetch, out, where), commit
