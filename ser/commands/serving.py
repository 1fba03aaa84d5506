"""The verb that answers over HTTP with a trained system."""

from pathlib import Path
from typing import Annotated

import typer

from ser.commands.prediction import Corpus, Protocol, SystemName, Weights, _weights


def serve(
    model: Annotated[
        Path, typer.Argument(help="A bundle, the folder of a run, or an experiment, whose best system on dev is used.")
    ],
    host: Annotated[str, typer.Option(help="Address to answer at; 0.0.0.0: at all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0: any that is free.", min=0, max=65535)] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name by which browsers reach the server, besides localhost.")
    ] = None,
    limit_mb: Annotated[float, typer.Option(help="Megabytes of a request, at most.", min=0.001)] = 50.0,
    limit_seconds: Annotated[float, typer.Option(help="Seconds of a recording, at most.", min=0.1)] = 300.0,
    timeout: Annotated[
        float, typer.Option(help="Seconds to receive a request, to wait, and to predict, each.", min=0.1)
    ] = 60.0,
    waiting: Annotated[int, typer.Option(help="Requests that wait while others are predicted.", min=0)] = 8,
    workers: Annotated[int, typer.Option(help="Processes that predict, each with the system in memory.", min=1)] = 1,
    corpus: Corpus = None,
    protocol: Protocol = None,
    system: SystemName = None,
    weights: Weights = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:<n>.")] = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of a network, in each process.", min=1)] = 1,
) -> None:
    """Answer over HTTP with a trained system: POST a recording to /predict, or open the page in a browser.

    Nothing is kept of a recording. Needs the extra serve.
    """
    from ser.errors import SerError
    from ser.inference import models

    try:
        import python_multipart  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise SerError(f"ser serve needs the package {error.name}: pip install 'ser[serve]'.") from error
    from ser.server.limits import MEGABYTE, RequestLimits
    from ser.server.run import Settings, bound, run

    sock = bound(host, port)
    trained = models.find(model, models.Only(corpus, protocol, system), _weights(weights))
    limits = RequestLimits(round(limit_mb * MEGABYTE), limit_seconds, timeout, waiting)
    run(trained, sock, limits, Settings(workers, device, threads, (host, *(allow_host or ()))))
