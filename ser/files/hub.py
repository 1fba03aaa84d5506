"""Files of a model on the Hugging Face hub at one commit, in the cache of the hub's own client, and new commits there.

A file that the cache has is taken from there, without any connection. Its content is compared with the name that the
client gives it, which is the hash that the hub announced: SHA-256 for large files, git's SHA-1 for small ones. The
client takes a login from HF_TOKEN or from its own store; no token passes through here.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser.errors import SerError
from ser.files import checksums

COMMIT = re.compile(r"[0-9a-f]{40}")
MODEL = re.compile(r"[\w.-]+/[\w.-]+")
SHA256 = re.compile(r"[0-9a-f]{64}")


def require_pinned(model: str, revision: str | None) -> str:
    """Return ``revision``; SerError unless ``model`` may be a name on the hub and ``revision`` is a commit."""
    if not MODEL.fullmatch(model):
        raise SerError(f"model '{model}' is neither a folder nor a name on the hub, such as openai/whisper-base.")
    if revision is None or not COMMIT.fullmatch(revision):
        raise SerError(
            f"model '{model}' is no folder, and a model on the hub needs 'revision', a commit of 40 hexadecimal "
            f"digits; it is {revision}: a branch or tag can change its content."
        )
    return revision


def require_name(model: str) -> str:
    """Return ``model``; SerError unless it may be a name on the hub."""
    if not MODEL.fullmatch(model):
        raise SerError(f"'{model}' is no name on the hub, which is OWNER/NAME.")
    return model


def fetched(model: str, revision: str | None, name: str) -> Path | None:
    """Return the file ``name`` of ``model`` at ``revision``, downloaded if the cache lacks it.

    None where the commit has no such file. SerError if the revision is no commit of the model, without a connection,
    or for a file whose content is not what the hub announced.
    """
    commit = require_pinned(model, revision)
    client = _client(model)
    found: Any = client.try_to_load_from_cache(model, name, revision=commit)
    if found is None:
        found = _downloaded(client, model, commit, name)
    if not isinstance(found, str):
        return None
    _verify(Path(found), model)
    return Path(found)


def commit_of(model: str, revision: str | None) -> str:
    """Return the commit that ``revision``, a branch, a tag or a commit, means now; None: the newest of branch main."""
    require_name(model)
    if revision is not None and COMMIT.fullmatch(revision):
        return revision
    try:
        return str(_client(model).HfApi().model_info(model, revision=revision).sha)
    except SerError:
        raise
    except Exception as error:  # the client and its HTTP library raise many unrelated types
        raise _refused(error, f"model '{model}', revision {revision or 'main'}") from None


def publish(model: str, files: Mapping[str, Path], *, revision: str | None, private: bool, message: str) -> str:
    """Write ``files`` as one commit to the branch ``revision`` of ``model`` and return the commit.

    The model and the branch are made where they do not exist, the model private where it is asked for; a branch of None
    is main. SerError without a login that may write there, or without a connection; then there is no new commit.
    """
    require_name(model)
    client = _client(model)
    api, what = client.HfApi(), f"model '{model}'{f', branch {revision}' if revision else ''}"
    added = [client.CommitOperationAdd(name, str(path)) for name, path in files.items()]
    try:
        api.create_repo(model, private=private or None, exist_ok=True)
        if revision is not None:
            api.create_branch(model, branch=revision, exist_ok=True)
        return str(api.create_commit(model, added, commit_message=message, revision=revision).oid)
    except Exception as error:  # the client and its HTTP library raise many unrelated types
        raise _refused(error, what) from None


def _client(model: str) -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise SerError(f"model '{model}': the hub needs huggingface_hub; install the extra 'encoders'.") from error
    return huggingface_hub


def _refused(error: Exception, what: str) -> SerError:
    """Return what the user can do about an error of the client."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403) or isinstance(error, errors.LocalTokenNotFoundError):
        return SerError(f"{what}: the hub wants a login that may do this: call `hf auth login`, or set HF_TOKEN.")
    if isinstance(error, errors.RevisionNotFoundError):
        return SerError(f"{what}: the model has no such branch, tag or commit.")
    if isinstance(error, errors.RepositoryNotFoundError):
        return SerError(f"{what}: there is no such model, or it is a private one (set HF_TOKEN).")
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return SerError(f"{what}: the hub cannot be reached or refuses ({reason}).")


def _downloaded(client: Any, model: str, commit: str, name: str) -> str | None:
    from huggingface_hub import errors

    what = f"model '{model}', revision {commit}"
    try:
        return str(client.hf_hub_download(model, name, revision=commit))
    except errors.RemoteEntryNotFoundError:
        return None
    except errors.RevisionNotFoundError:
        raise SerError(f"{what}: the model has no such commit; see its page on the hub for the right one.") from None
    except errors.GatedRepoError:
        raise SerError(
            f"{what}: its owners ask for a login; accept their terms on its page and set HF_TOKEN."
        ) from None
    except errors.RepositoryNotFoundError:
        raise SerError(f"{what}: neither a folder nor a model on the hub, or a private one (set HF_TOKEN).") from None
    except Exception as error:  # the client and its HTTP library raise many unrelated types
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SerError(
            f"{what}: {name} is not in the cache of the hub's client and cannot be fetched ({reason}); run once with "
            "a connection, or give a folder as 'model'."
        ) from None


def _verify(path: Path, model: str) -> None:
    """Raise SerError unless the content of a cached file has the hash that is its name in the cache."""
    blob = Path(os.path.realpath(path))
    if SHA256.fullmatch(blob.name):
        same = checksums.sha256(blob) == blob.name
    elif COMMIT.fullmatch(blob.name):
        content = blob.read_bytes()
        head = f"blob {len(content)}\0".encode()
        same = hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == blob.name
    else:
        return  # a file system without links has no such names
    if not same:
        raise SerError(
            f"model '{model}': {path.name} has not the hash {blob.name} that the hub announced; delete {blob} and run "
            "again."
        )
