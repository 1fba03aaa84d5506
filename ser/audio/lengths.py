"""Whether libsndfile knows the length of a recording: some headers estimate it, leave it open, or count one part only.

libsndfile reads an MP3 up to the length that its first frame declares (Xing, Info), or else to one estimated from the
bit rate of that frame. Of FLAC and Ogg streams joined into one file it reads the first. FFmpeg decodes all there is.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ser.audio.formats import FLAC, MP3, MP4, OGG, WAV, AudioFormat, id3_size
from ser.audio.headers import CHUNKS, chunks_follow, header

GSM, MP3_IN_WAV = 0x31, 0x55  # codecs of a WAV
READ_EXACTLY = (0x01, 0x02, 0x03, 0x06, 0x07, 0x11, 0xFFFE)  # PCM, floats, A-law, μ-law, two ADPCM
FIRST_FRAME = 512  # bytes in which the Xing header of an MP3 is
ID3V1 = 128  # bytes of the tag at the end
PAGE = struct.Struct("<4sBBqIIIB")  # of Ogg: OggS, version, flags, position, serial, number, checksum, segments
FIRST_PAGE = 0x02  # flag of the first page of a stream
# Length of the bytes that a file of a format has once, at its beginning: in no case fewer than six.
ONCE = {
    "AMR": 6,
    "CAF": 12,
    "FLV": 9,
    "SPHERE": 16,
    "True Audio": 10,
    "VOC": 19,
    "WAV": 12,
    "Wave64": 16,
    "WMA or WMV": 16,
}
PAGES = 10_000_000  # read at most


def known(path: Path, found: AudioFormat) -> bool:
    """Return whether the frames that libsndfile counts in a file of the format ``found`` are all that are there."""
    try:
        if found is MP3:
            return _mp3(path, 0, path.stat().st_size)
        if found is FLAC:
            return _flac(path)
        if found is OGG:
            return _ogg(path)
    except (struct.error, ValueError):  # damaged: FFmpeg reads what there is
        return False
    declared = header(path)
    if found is WAV and declared.codec == MP3_IN_WAV:
        begin, end = part(path)
        return _mp3(path, begin, end)
    return found is not WAV or declared.codec != GSM  # of a GSM it decodes one block too many


def part(path: Path) -> tuple[int, int]:
    """Return the first byte of the samples of a WAV and the one after the last."""
    found, end = header(path), path.stat().st_size
    return found.begin, end if found.left_open or found.size is None else min(end, found.begin + found.size)


def surplus(path: Path) -> int:
    """Return the bytes after the samples that a WAV, AIFF or AU declares, if they are no chunks, tags or zeros.

    They may be sound: a recorder that was interrupted declares what there was when it last wrote the header.
    """
    found = header(path)
    if not found.layout or found.left_open or not found.size:
        return 0
    begin = found.begin + found.size + found.size % 2
    with path.open("rb") as file:
        if chunks_follow(file, begin, found.layout[0]):
            return 0
        return max(0, _before_tags(file, begin, path.stat().st_size) - begin)


def joined(path: Path, found: AudioFormat | None) -> bool:
    """Return whether another file begins within a file of the format ``found``, and only the first would be read."""
    if found is MP4:
        return _two_films(path)
    length = ONCE.get(found.title if found else "", 0)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if length and content.find(content[:length], 1) >= 0:
            return True
    return _two_riffs(path)


def lost_end(path: Path, found: AudioFormat | None) -> bool:
    """Return whether an Ogg file ends within a page, which decoders leave out without an error."""
    size = path.stat().st_size
    return found is OGG and any(end > size for _, end in _pages(path))


def _two_films(path: Path) -> bool:
    """Return whether an MP4 names its kind or lists its tracks twice, on the level of the file."""
    seen, at = set(), 0
    with path.open("rb") as file:
        for _ in range(CHUNKS):
            file.seek(at)
            head = file.read(16).ljust(16, b"\0")
            size, name = struct.unpack(">I4s", head[:8])
            size = struct.unpack(">Q", head[8:])[0] if size == 1 else size
            if name in seen and name in (b"ftyp", b"moov"):
                return True
            if not 8 <= size < 1 << 62:  # 0: to the end of the file
                return False
            seen.add(name)
            at += size
    return False


def _two_riffs(path: Path) -> bool:
    """Return whether another WAV or AIFF begins where the first ends."""
    found = header(path)
    if not found.layout or found.left_open:
        return False
    with path.open("rb") as file:
        form = file.read(12)
        size = struct.unpack(found.layout, form[4:8])[0] if form[:4] in (b"RIFF", b"FORM", b"RIFX") else 0
        for end in (8 + size, found.begin + (found.size or 0)):
            file.seek(end + end % 2)
            after = file.read(12)
            if len(after) == 12 and after[:4] == form[:4] and after[8:] == form[8:]:
                return True
    return False


def _mp3(path: Path, begin: int, end: int) -> bool:
    """Return whether an MP3 declares its frames, and as many bytes as there are without tags."""
    with path.open("rb") as file:
        begin = _after_tags(file, begin)
        file.seek(begin)
        first = file.read(FIRST_FRAME)
        end = _before_tags(file, begin, end)
    at = max(first.find(b"Xing"), first.find(b"Info"))
    if at < 0:
        return False
    flags, frames, count = struct.unpack(">III", first[at + 4 : at + 16])
    # fewer bytes than declared: the file is truncated, which libsndfile reports
    return flags & 3 == 3 and frames > 0 and begin + count >= end


def _after_tags(file: BinaryIO, begin: int) -> int:
    file.seek(begin)
    while len(tag := file.read(10)) == 10 and tag[:3] == b"ID3":
        begin = file.seek(begin + id3_size(tag))
    return begin


def _before_tags(file: BinaryIO, begin: int, end: int) -> int:
    """Return the end of the audio: before a tag ID3v1, a tag APEv2 and zeros."""
    file.seek(max(begin, end - ID3V1))
    if file.read(3) == b"TAG":
        end -= ID3V1
    file.seek(max(begin, end - 32))
    footer = file.read(32)
    if footer[:8] == b"APETAGEX" and len(footer) == 32:
        size, flags = struct.unpack("<I4xI", footer[12:24])
        end -= size + (32 if flags >> 31 else 0)  # with a header
    file.seek(max(begin, end - (1 << 16)))
    tail = file.read(end - file.tell())
    return end - (len(tail) - len(tail.rstrip(b"\0")))


def _flac(path: Path) -> bool:
    """Return whether a FLAC declares its samples and no second one follows."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = content.find(b"fLaC")  # after an ID3 tag
        samples = int.from_bytes(content[begin + 21 : begin + 26], "big") & 0xFFFFFFFFF
        return samples > 0 and content.find(b"fLaC\0\0\0\x22", begin + 4) < 0


def _ogg(path: Path) -> bool:
    """Return whether an Ogg file has one stream: no second one after it or next to it."""
    return not any(number and flags & FIRST_PAGE for number, (flags, _) in enumerate(_pages(path)))


def _pages(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the flags of each page of an Ogg file and where it ends, up to what is no page."""
    with path.open("rb") as file:
        for _ in range(PAGES):
            head = file.read(PAGE.size)
            if head[:4] != b"OggS":
                return  # the end; damaged, or something follows the stream
            *_, flags, _, _, _, _, segments = PAGE.unpack(head.ljust(PAGE.size, b"\0"))
            sizes = file.read(segments)
            lost = segments - len(sizes) + PAGE.size - len(head)
            yield flags, file.seek(sum(sizes) + lost, 1)
