"""A recording as a client sends it: received into a file, within the limits, with the fields of the request."""

import asyncio
import math
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from starlette.datastructures import UploadFile
from starlette.requests import Request

from ser.errors import SerError, printable, unknown
from ser.server.limits import MEGABYTE, MOST_TEXT, RefusedError, RequestLimits

FIELDS = ("window", "step", "text", "speaker")
FORM = "multipart/form-data"
SOUND = ("audio/", "video/", "application/octet-stream", "application/ogg")  # also of films, whose sound is read
UNNAMED = "recording"  # what is sent without a name
MOST_NAME = 200  # letters of a name


@dataclass(frozen=True)
class Upload:
    """A recording that was received. name: without folders, for the answer only; fields: of ``FIELDS``, not empty."""

    path: Path
    name: str
    fields: Mapping[str, str]

    def seconds(self, name: str) -> float | None:
        """Return the field ``name`` as seconds above 0; None where it is not given."""
        text = self.fields.get(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise RefusedError(422, f"'{name}' is '{printable(text)[:40]}', and must be a number of seconds above 0.")
        return value


@asynccontextmanager
async def received(request: Request, folder: Path, limits: RequestLimits) -> AsyncIterator[Upload]:
    """Receive a recording, the only file of a form or the whole body, into ``folder``; delete it afterwards.

    Fields come from the form and the query. RefusedError where it is too large, which is found out before the whole is
    received, takes too long, is of another kind, or has an unknown field.
    """
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    if kind != FORM and not kind.startswith(SOUND):
        raise RefusedError(415, f"'{printable(kind)[:80]}' is no recording; send {FORM} with a file, or audio/….")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.size:
        raise _too_large(limits)
    fields = _known(request.query_params.multi_items())
    with tempfile.TemporaryDirectory(dir=folder) as own:
        path = Path(own, UNNAMED)  # without a suffix: its content decides what it is
        try:
            async with asyncio.timeout(limits.timeout):
                name, more = await _store(_Bounded(request, limits), kind == FORM, path)
        except TimeoutError as error:
            raise RefusedError(408, f"the request was not received within {limits.timeout:g} s.") from error
        yield Upload(path, name, fields | more)


async def _store(request: "_Bounded", is_form: bool, to: Path) -> tuple[str, dict[str, str]]:
    """Write the recording of ``request`` to a new file; return its name and the fields of the form."""
    with to.open("xb") as file:
        if not is_form:
            async for block in request.stream():
                file.write(block)
            return UNNAMED, {}
        async with request.form(max_files=1, max_fields=len(FIELDS), max_part_size=MOST_TEXT) as form:
            parts = form.multi_items()
            sent = next((value for _, value in parts if isinstance(value, UploadFile)), None)
            if sent is None:
                raise RefusedError(400, "the form has no file.")
            await asyncio.to_thread(shutil.copyfileobj, sent.file, file)
            return _plain(sent.filename or ""), _known([(key, value) for key, value in parts if isinstance(value, str)])


class _Bounded(Request):
    """A request of which no more than the limit is read."""

    def __init__(self, request: Request, limits: RequestLimits):
        super().__init__(request.scope, request.receive)
        self._limits = limits

    async def stream(self) -> AsyncGenerator[bytes, None]:
        count = 0
        async for block in super().stream():
            count += len(block)
            if count > self._limits.size:
                raise _too_large(self._limits)
            yield block


def _too_large(limits: RequestLimits) -> RefusedError:
    return RefusedError(413, f"the request has more than {limits.size / MEGABYTE:g} MB.")


def _known(given: list[tuple[str, str]]) -> dict[str, str]:
    """Return the fields that are not empty; RefusedError for an unknown one."""
    try:
        if wrong := [name for name, _ in given if name not in FIELDS]:
            raise unknown("field", wrong[0][:40], FIELDS)
    except SerError as error:
        raise RefusedError(422, str(error)) from error
    return {name: value for name, value in given if value.strip()}


def _plain(name: str) -> str:
    """Return the last part of a client's file name."""
    return printable(PurePosixPath(name.replace("\\", "/")).name)[:MOST_NAME] or UNNAMED
