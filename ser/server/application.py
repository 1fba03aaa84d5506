"""The addresses of the server: what is sent to each, and what it answers. Errors are JSON with one sentence."""

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ser.inference.card import USES
from ser.inference.predictions import Windows
from ser.inference.trained import Trained
from ser.server import page
from ser.server.answers import Posted
from ser.server.guard import Guard
from ser.server.limits import MOST_WINDOWS, RefusedError, RequestLimits
from ser.server.pool import Pool
from ser.server.uploads import Upload, received
from ser.version import VERSION

GONE = 499  # a client that left; what is sent to it is lost
AGAIN = {"Retry-After": "1"}  # seconds


def application(
    trained: Trained, pool: Pool, limits: RequestLimits, folder: Path, hosts: Collection[str] = ()
) -> Starlette:
    """Return the server as an ASGI application.

    folder: for recordings, each of which is there until it is answered; hosts: see ``Guard``.
    """
    about, html = facts(trained, limits), page.html()

    async def predict(request: Request) -> Response:
        async with pool.admitted(), received(request, folder, limits) as upload:
            answer = await pool.answer(posted(upload, trained))
        if isinstance(answer, RefusedError):
            raise answer
        return JSONResponse(answer)

    async def model(_: Request) -> Response:
        return JSONResponse(about)

    async def health(_: Request) -> Response:
        status = {"status": "ok" if pool.alive else "restarting", "model": trained.name, "version": VERSION}
        return JSONResponse(status, 200 if pool.alive else 503)

    async def index(_: Request) -> Response:
        return HTMLResponse(html)

    @contextlib.asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        yield
        pool.stop()

    return Starlette(
        routes=[
            Route("/", index),
            Route("/predict", predict, methods=["POST"]),
            Route("/model", model),
            Route("/health", health),
        ],
        middleware=[Middleware(Guard, hosts=hosts, policy=page.policy(html))],
        exception_handlers={
            RefusedError: _refused,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _bug,
        },
        lifespan=running,
    )


def facts(trained: Trained, limits: RequestLimits) -> dict[str, Any]:
    """Return what the system was trained on, what it needs, and what the server accepts."""
    contents = trained.contents
    words = "none" if not trained.reads_text else "given" if trained.needs_text else "recognised"
    return {
        "model": trained.name,
        "version": VERSION,
        "classes": contents.classes,
        "corpus": contents.run["corpus"],
        "protocol": contents.run["protocol"],
        "utterances": {part: sum(those.values()) for part, those in contents.about.get("counts", {}).items()},
        "scores": contents.about.get("all_runs", {}),
        "uses": " ".join(USES.split()),
        "words": words,
        "needs": {"text": trained.needs_text, "speaker": trained.by_speaker},
        "limits": {
            "bytes": limits.size,
            "seconds": limits.seconds,
            "timeout": limits.timeout,
            "windows": MOST_WINDOWS,
            "shortest": contents.audio.minimum_seconds,
        },
    }


def posted(upload: Upload, trained: Trained) -> Posted:
    """Return what is asked for; RefusedError where the fields are not what the system needs."""
    window, step = upload.seconds("window"), upload.seconds("step")
    text, speaker = upload.fields.get("text"), upload.fields.get("speaker")
    if step is not None and window is None:
        raise RefusedError(422, "'step' is the time between windows: send 'window' too.")
    if window is not None and (text is not None or trained.needs_text):
        raise RefusedError(422, "a window has no text of its own: send one of 'window' and 'text'.")
    if trained.needs_text and text is None:
        raise RefusedError(422, f"{trained.name} reads given transcripts: send 'text'.")
    if trained.by_speaker and speaker is None:
        raise RefusedError(422, f"{trained.name} normalises by the statistics of each speaker: send 'speaker'.")
    windows = None if window is None else Windows(window, step or window)
    return Posted(upload.path, upload.name, windows, text, speaker)


def _error(status: int, text: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": text}, status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return _error(error.status, error.text, AGAIN if error.status == 503 else None)


async def _http_error(request: Request, error: Exception) -> Response:
    """Return Starlette's own errors: an unknown address, another method, a broken form."""
    assert isinstance(error, HTTPException)
    known = {404: f"there is no {request.url.path[:80]}.", 405: f"{request.url.path[:80]} takes no {request.method}."}
    return _error(error.status_code, known.get(error.status_code, error.detail), error.headers)


async def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=GONE)


async def _bug(_: Request, __: Exception) -> Response:
    return _error(500, "the server failed; its log has the reason.")
