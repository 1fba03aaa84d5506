"""Start the processes and the server, and end them together."""

import signal
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uvicorn

from ser.errors import SerError
from ser.inference.trained import Trained
from ser.server.answers import answering
from ser.server.application import application
from ser.server.limits import RequestLimits
from ser.server.pool import Pool
from ser.server.worker import EndedError, Worker

CONNECTIONS = 200  # at a time, also those that only wait
GRACE = 5  # seconds for answers under way when the server ends


@dataclass(frozen=True)
class Settings:
    """How a server runs. hosts: names by which it is reached."""

    workers: int = 1
    device: str = "cpu"
    threads: int = 1
    hosts: tuple[str, ...] = ()


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens at ``host`` and ``port``; SerError where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise SerError(f"{host}:{port} cannot be used ({reason}); choose another --host or --port.") from error


def run(trained: Trained, sock: socket.socket, limits: RequestLimits, settings: Settings) -> None:
    """Answer until the process is interrupted or terminated; SerError where the system cannot be used."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that everything below is undone
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.callback(sock.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ser-serve-")))
        alone = replace(trained, kept=None)  # what it keeps is kept here
        workers = []
        for number in range(settings.workers):
            make = partial(
                answering, alone, settings.device, settings.threads, limits.seconds, folder / f"worker{number}"
            )
            workers.append(Worker(make))
            stack.callback(workers[-1].stop)
        try:
            for worker in workers:
                worker.ready()
        except EndedError as error:
            raise SerError("the process that predicts ended at its start; the reason is above.") from error
        app = application(trained, Pool(workers, limits), limits, folder, settings.hosts)
        host, port = sock.getsockname()[:2]
        print(f"{trained.name}: http://{f'[{host}]' if ':' in host else host}:{port}/ (Ctrl+C ends it)", flush=True)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # addresses may hold words of the recordings
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
            lifespan="on",
        )
        uvicorn.Server(config).run(sockets=[sock])
