"""The amount of data that the header of a recording declares, read without decoding: WAV, W64, AIFF, AU and AVI."""

import struct
from pathlib import Path
from typing import BinaryIO

STREAMED = (0, 0xFFFFFFFF)  # data sizes written by a program that cannot seek back to the header
CHUNKS = 100_000  # chunks read, at most; a file of empty chunks would take minutes


def missing_bytes(path: Path) -> str | None:
    """Return a phrase if a file has fewer bytes than its WAV, W64, AIFF, AU or AVI header declares; else None.

    libsndfile reads such a file without an error. Other formats have no such field; reading them gives too few frames.
    """
    with path.open("rb") as file:
        try:
            declared, begin = _declared(file)
        except (struct.error, ValueError, OverflowError, OSError):  # a truncated header, or impossible sizes
            return None
    present = path.stat().st_size - begin
    if declared is None or declared <= present:
        return None
    return f"its header declares {declared} bytes, it has {max(present, 0)}"


def _declared(file: BinaryIO) -> tuple[int | None, int]:
    """Return the bytes of samples that the header declares (None: not declared) and their offset in the file.

    For an AVI, whose samples are scattered, these are all bytes.
    """
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        return _declared_avi(file), 0
    if head[:4] == b".snd" and len(head) == 12:
        begin, size = struct.unpack(">II", head[4:])
        return (None if size in STREAMED else size), begin
    if head[:4] not in (b"RIFF", b"RF64", b"RIFX", b"FORM", b"riff"):
        return None, 0
    # name and size before a chunk, how many of these bytes the size includes, and the alignment of chunks
    layout, included, step = (">4sI" if head[:4] in (b"RIFX", b"FORM") else "<4sI"), 0, 2
    if head[:4] == b"riff":  # Sony Wave64
        layout, included, step = "<4s12xQ", 24, 8
        file.seek(40)
    wide: int | None = None
    for _ in range(CHUNKS):
        if len(chunk := file.read(struct.calcsize(layout))) < struct.calcsize(layout):
            break
        name, size = struct.unpack(layout, chunk)
        size -= included
        if name == b"ds64":  # 64-bit sizes of RF64: RIFF size, data size, …
            wide = struct.unpack("<QQ", file.read(16))[1]
            file.seek(size - 16, 1)
        elif name in (b"data", b"SSND"):
            return wide if size in STREAMED else size, file.tell()
        else:
            file.seek(max(0, -(-size // step) * step), 1)
    return None, 0


def _declared_avi(file: BinaryIO) -> int | None:
    """Return the end of the last RIFF chunk of an AVI; a film of more than 1 GB has several."""
    end = 0
    while file.seek(end) == end and len(chunk := file.read(8)) == 8 and chunk[:4] == b"RIFF":
        size = struct.unpack("<I", chunk[4:])[0]
        if size in STREAMED:
            return None
        end += 8 + size
    return end
