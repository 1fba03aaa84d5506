"""What the header of a recording declares, read without decoding: the bytes of samples, and the codec of a WAV.

WAV, W64, AIFF, AU, CAF, SPHERE, AVI and Matroska declare bytes. A program that cannot go back to the header (in a pipe,
or because it died) leaves 0 there, or a number near the largest.
"""

import math
import re
import struct
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

CHUNKS = 100_000  # chunks read, at most; a file of empty chunks would take minutes
SPHERE = 1 << 16  # bytes of text at the beginning of a SPHERE, at most
NEAR = 1 << 16  # bytes between a number near the largest and the largest, of 31 or 32 bits
WIDEST = 1 << 62  # bytes that no file has: what programs leave in a field of 64 bits
SOX_AIFF = 0x7F000000  # what SoX writes in an AIFF; the header of its samples may be counted in


@dataclass(frozen=True)
class Header:
    """The data that a header declares.

    size: bytes, None where the format has no such field; begin: their offset in the file; field: offset of the number;
    layout: of the number, as in ``struct``; codec: of a WAV, the first number of its chunk 'fmt '.
    """

    size: int | None = None
    begin: int = 0
    field: int = 0
    layout: str = ""
    codec: int = 0

    @property
    def left_open(self) -> bool:
        """Return whether a program that does not know the size wrote it."""
        if self.size is None or not self.layout:
            return False
        if self.layout.endswith("Q"):
            return self.size == 0 or self.size >= WIDEST
        near = any(abs(self.size - largest) <= NEAR for largest in (1 << 31, 1 << 32))
        return self.size == 0 or near or self.size in range(SOX_AIFF, SOX_AIFF + NEAR)


def header(path: Path) -> Header:
    """Return what the header of the file at ``path`` declares; nothing for other formats and damaged headers."""
    with path.open("rb") as file:
        try:
            found = _header(file)
            if found.size == 0 and found.layout:
                inner = 8 if found.layout == ">I" and found.field > 8 else 0  # of an AIFF: offset, block
                if chunks_follow(file, found.begin + inner, found.layout[0]):
                    return Header(0, found.begin, codec=found.codec)
            return found
        except (struct.error, ValueError, OverflowError, OSError):  # a truncated header, or impossible sizes
            return Header()


def missing_bytes(path: Path) -> str | None:
    """Return a phrase if a file has fewer bytes than its header declares; else None.

    libsndfile reads such a file without an error. Other formats have no such field; reading them gives too few frames.
    """
    found = header(path)
    present = path.stat().st_size - found.begin
    if found.size is None or found.left_open or found.size <= present:
        return None
    return f"its header declares {found.size} bytes, it has {max(present, 0)}"


def completed(path: Path) -> RawIOBase | None:
    """Return the file with the true size in its header if that was left open; else None."""
    found = header(path)
    present = path.stat().st_size - found.begin
    most = WIDEST if found.layout.endswith("Q") else (1 << 32) - NEAR
    if not found.left_open or not 0 < present < most:
        return None
    return Completed(path, found.field, struct.pack(found.layout, present))


class Completed(RawIOBase):
    """A file of which some bytes are replaced."""

    def __init__(self, path: Path, at: int, replacement: bytes):
        self._file = path.open("rb", buffering=0)
        self._at, self._replacement = at, replacement

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        begin = self._file.tell()
        count = self._file.readinto(buffer) or 0
        for at, byte in enumerate(self._replacement, start=self._at - begin):
            if 0 <= at < count:
                buffer[at : at + 1] = bytes([byte])
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def _header(file: BinaryIO) -> Header:
    """Return what the header declares; for an AVI, whose samples are scattered, the size is that of the whole file."""
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        return Header(_size_of_avi(file))
    if head[:4] in (b".snd", b"dns.") and len(head) == 12:
        order = ">" if head[:4] == b".snd" else "<"
        begin, size = struct.unpack(f"{order}II", head[4:])
        return Header(size, begin, 8, f"{order}I")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _segment(file)
    if head[:4] == b"riff":  # Sony Wave64
        file.seek(40)
        return _chunks(file, "<4s12xQ", included=24, step=8)
    if head[:8] == b"NIST_1A\n":
        return _sphere(file)
    if head[:4] == b"caff":
        file.seek(8)
        return _chunks(file, ">4sq", step=1)
    if head[:4] in (b"RIFF", b"RF64", b"BW64", b"RIFX", b"FORM"):
        return _chunks(file, ">4sI" if head[:4] in (b"RIFX", b"FORM") else "<4sI")
    return Header()


def _chunks(file: BinaryIO, layout: str, included: int = 0, step: int = 2) -> Header:
    """Return what the chunk of samples declares.

    layout: name and size before a chunk; included: how many of these bytes the size includes; step: alignment.
    """
    wide: tuple[int, int] | None = None  # size of the samples, offset of that number
    codec, wide_sizes = 0, layout[-1] in "qQ"
    for _ in range(CHUNKS):
        if len(chunk := file.read(struct.calcsize(layout))) < struct.calcsize(layout):
            break
        name, size = struct.unpack(layout, chunk)
        size, begin = size - included, file.tell()
        if name == b"ds64":  # 64-bit sizes of RF64: RIFF size, data size, …
            wide = struct.unpack("<QQ", file.read(16))[1], begin + 8
        elif name == b"fmt " and not wide_sizes:
            codec = struct.unpack(layout[0] + "H", file.read(2))[0]
        elif name in (b"data", b"SSND"):
            if wide is not None and size in (0, 0xFFFFFFFF):
                return Header(wide[0], begin, wide[1], "<Q", codec)
            if name == b"SSND" and size == 8:
                size = 0  # its own header of 8 bytes, and no sample
            if wide_sizes:
                return Header(size if 0 < size < WIDEST - included else None, begin)
            return Header(size, begin, begin - 4, layout[0] + "I", codec)
        file.seek(begin + max(0, -(-size // step) * step))
    return Header()


def chunks_follow(file: BinaryIO, at: int, order: str) -> bool:
    """Return whether chunks with a name and a size fill a file from ``at`` on. order: of bytes, < or >."""
    end = file.seek(0, 2)
    at = file.seek(at)
    for _ in range(CHUNKS):
        if at >= end:
            return at - end <= 1
        if len(head := file.read(8)) < 8:
            return False
        name, size = struct.unpack(f"{order}4sI", head)
        if not all(32 <= letter < 127 for letter in name):
            return False
        at = file.seek(at + 8 + size + size % 2)
    return False


def _sphere(file: BinaryIO) -> Header:
    """Return what the text at the beginning of a SPHERE declares; its second line is its length."""
    file.seek(8)
    begin = int(file.read(8))
    file.seek(0)
    text = file.read(min(begin, SPHERE))
    if b"embedded" in text:  # compressed
        return Header()
    fields = dict(re.findall(rb"^(\w+) -i (\d+)", text, re.MULTILINE))
    counts = [int(fields.get(name, 0)) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
    return Header(math.prod(counts) or None, begin)


def _segment(file: BinaryIO) -> Header:
    """Return what a Matroska declares of its segment, which holds all but a head."""
    file.seek(4)
    file.seek(_ebml_size(file) or 0, 1)
    return Header(_ebml_size(file), file.tell()) if file.read(4) == b"\x18\x53\x80\x67" else Header()


def _ebml_size(file: BinaryIO) -> int | None:
    """Return a number of one to eight bytes, as many as its first has leading zeros and one; None for all ones."""
    head = file.read(1)
    length = 9 - int.from_bytes(head, "big").bit_length()
    largest = (1 << 7 * length) - 1
    number = int.from_bytes(head + file.read(length - 1), "big") & largest
    return None if number == largest or length > 8 else number


def _size_of_avi(file: BinaryIO) -> int | None:
    """Return the end of the last RIFF chunk of an AVI; a film of more than 1 GB has several."""
    end = 0
    while file.seek(end) == end and len(chunk := file.read(8)) == 8 and chunk[:4] == b"RIFF":
        size = struct.unpack("<I", chunk[4:])[0]
        if size in (0, 0xFFFFFFFF):
            return None
        end += 8 + size
    return end
