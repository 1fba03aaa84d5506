"""Files of a model on the Hugging Face hub at one commit, in the cache of the hub's own client.

A file that the cache has is taken from there, without any connection. Its content is compared with the name that the
client gives it, which is the hash that the hub announced: SHA-256 for large files, git's SHA-1 for small ones.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from ser.errors import SerError

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


def fetched(model: str, revision: str | None, name: str) -> Path | None:
    """Return the file ``name`` of ``model`` at ``revision``, downloaded if the cache lacks it.

    None where the commit has no such file. SerError if the revision is no commit of the model, without a connection,
    or for a file whose content is not what the hub announced.
    """
    commit = require_pinned(model, revision)
    try:
        import huggingface_hub as client
    except ModuleNotFoundError as error:
        raise SerError(f"model '{model}': the hub needs huggingface_hub; install the extra 'encoders'.") from error
    found: Any = client.try_to_load_from_cache(model, name, revision=commit)
    if found is None:
        found = _downloaded(client, model, commit, name)
    if not isinstance(found, str):
        return None
    _verify(Path(found), model)
    return Path(found)


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
        with blob.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == blob.name
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
