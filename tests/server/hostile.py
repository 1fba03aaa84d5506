"""Uploads that name a file of the host, which no decoder may open."""

import struct
from pathlib import Path

import av
import numpy as np

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"dinf")


def movie_of_another_file(target: Path, folder: Path) -> bytes:
    """Return a QuickTime film whose sound is in ``target``, a WAV, by its absolute path."""
    path = folder / "plain.mov"
    with av.open(path, "w", format="mov") as container:
        track = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 16000, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return _rewritten(path.read_bytes(), target)


def _rewritten(content: bytes, target: Path) -> bytes:
    """Return boxes whose data reference is an alias of ``target`` and whose only chunk begins after a WAV's header."""
    found, at = b"", 0
    while at < len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + size]
        if name in CONTAINERS:
            body = _rewritten(body, target)
        elif name == b"dref":
            alias = _alias(target)
            body = bytes(4) + struct.pack(">II4sI", 1, 12 + len(alias), b"alis", 0) + alias
        elif name == b"stco":
            body = bytes(4) + struct.pack(">II", 1, 44)
        found += struct.pack(">I4s", 8 + len(body), name) + body
        at += size
    return found


def _alias(target: Path) -> bytes:
    """Return a Macintosh alias record with one entry: the absolute path."""
    name, path = target.name.encode()[:63], str(target).encode()
    path += b"\0" * (len(path) % 2)
    head = bytes(10) + bytes([0]) + bytes(27) + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    return (
        head
        + struct.pack(">hh", -1, -1)
        + bytes(16)
        + struct.pack(">HH", 2, len(path))
        + path
        + struct.pack(">hH", -1, 0)
    )
