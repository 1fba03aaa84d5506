"""What a file is, by its first bytes: a recording with the decoder that reads it, or something else with a remedy.

The name of a file decides nothing: phones, browsers and converters write many formats under wrong suffixes. FFmpeg is
given the format and never guesses it, since some of its formats (playlists, for example) open other files.
"""

from dataclasses import dataclass
from pathlib import Path

HEAD = 1024  # bytes read from the beginning, or from the end of an ID3 tag
ID3_TAGS = 10  # of them in a row, at most

# Suffixes under which recordings are looked for in a folder.
_PLAIN = "aif aifc aiff au caf flac rf64 snd sph w64 wav wave"
_CODED = (
    "3ga 3gp aac amr ape asf avi awb flv m4a m4b m4v mka mkv mov mp2 mp3 mp4 mpeg mpg mts oga ogg ogv opus spx ts tta "
    "webm wma wmv wv"
)
LOSSLESS = frozenset(f".{name}" for name in _PLAIN.split())
SUFFIXES = LOSSLESS | {f".{name}" for name in _CODED.split()}


@dataclass(frozen=True)
class AudioFormat:
    """A format of files.

    title: for messages. demuxer: FFmpeg's name of it; "" where FFmpeg does not read it. libsndfile: whether libsndfile
    reads it. remedy: what to do with a file that is no recording, or that neither of them decodes.
    """

    title: str
    demuxer: str = ""
    libsndfile: bool = False
    remedy: str = ""


WAV = AudioFormat("WAV", "wav", libsndfile=True)
FLAC = AudioFormat("FLAC", "flac", libsndfile=True)
OGG = AudioFormat("Ogg", "ogg", libsndfile=True)
MP3 = AudioFormat("MP3", "mp3", libsndfile=True)
AAC = AudioFormat("AAC", "aac")
MP4 = AudioFormat("MP4, M4A, 3GP or QuickTime", "mov")
SHORTEN = AudioFormat("SPHERE compressed with shorten", remedy="convert it with 'sph2pipe -p -f wav IN OUT'")
_OTHER = AudioFormat  # what is no recording

# Bytes at an offset, all of which a file of the format has; the first that fits is taken.
SIGNATURES: tuple[tuple[AudioFormat, tuple[tuple[int, bytes], ...]], ...] = (
    *((WAV, ((0, name), (8, b"WAVE"))) for name in (b"RIFF", b"RIFX", b"RF64", b"BW64")),
    (AudioFormat("AVI", "avi"), ((0, b"RIFF"), (8, b"AVI "))),
    (AudioFormat("QCP", "qcp"), ((0, b"RIFF"), (8, b"QLCM"))),
    (AudioFormat("Wave64", "w64", libsndfile=True), ((0, b"riff\x2e\x91\xcf\x11"),)),
    *((AudioFormat("AIFF", "aiff", libsndfile=True), ((0, b"FORM"), (8, name))) for name in (b"AIFF", b"AIFC")),
    *((AudioFormat("Amiga IFF", "iff", libsndfile=True), ((0, b"FORM"), (8, name))) for name in (b"8SVX", b"16SV")),
    (AudioFormat("AU", "au", libsndfile=True), ((0, b".snd"),)),
    (AudioFormat("AU", libsndfile=True), ((0, b"dns."),)),
    (FLAC, ((0, b"fLaC"),)),
    (OGG, ((0, b"OggS"),)),
    (AudioFormat("CAF", "caf", libsndfile=True), ((0, b"caff"),)),
    (AudioFormat("SPHERE", "nistsphere", libsndfile=True), ((0, b"NIST_1A"),)),
    (AudioFormat("VOC", "voc", libsndfile=True), ((0, b"Creative Voice File"),)),
    *((MP4, ((4, name),)) for name in (b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip")),
    (AudioFormat("WebM or Matroska", "matroska"), ((0, b"\x1a\x45\xdf\xa3"),)),
    (AudioFormat("WMA or WMV", "asf"), ((0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),)),
    (AudioFormat("FLV", "flv"), ((0, b"FLV\x01"),)),
    (AudioFormat("MPEG-TS", "mpegts"), ((0, b"\x47"), (188, b"\x47"), (376, b"\x47"))),
    (AudioFormat("MPEG-TS", "mpegts"), ((4, b"\x47"), (196, b"\x47"), (388, b"\x47"))),
    (AudioFormat("MPEG-PS", "mpeg"), ((0, b"\x00\x00\x01\xba"),)),
    (AudioFormat("WavPack", "wv"), ((0, b"wvpk"),)),
    (AudioFormat("AMR", "amr"), ((0, b"#!AMR"),)),
    (AudioFormat("Monkey's Audio", "ape"), ((0, b"MAC "),)),
    (AudioFormat("True Audio", "tta"), ((0, b"TTA1"),)),
    (AudioFormat("TAK", "tak"), ((0, b"tBaK"),)),
    (AudioFormat("Musepack", "mpc"), ((0, b"MP+"),)),
    (AudioFormat("Musepack", "mpc8"), ((0, b"MPCK"),)),
    (AudioFormat("shorten", "shn"), ((0, b"ajkg"),)),
    (AudioFormat("RealMedia", "rm"), ((0, b".RMF"),)),
    (AudioFormat("RealAudio", "rm"), ((0, b".ra\xfd"),)),
    (AudioFormat("AC-3", "ac3"), ((0, b"\x0b\x77"),)),
    (AudioFormat("DTS", "dts"), ((0, b"\x7f\xfe\x80\x01"),)),
    (AudioFormat("AAC", "loas"), ((0, b"\x56\xe0"),)),
    (_OTHER("a Git LFS pointer", remedy="'git lfs pull' gets the recording"), ((0, b"version https://git-lfs"),)),
    (_OTHER("a git-annex pointer", remedy="'git annex get' gets the recording"), ((0, b"/annex/objects/"),)),
    (_OTHER("metadata that macOS wrote", remedy="delete it"), ((0, b"\x00\x05\x16\x07"),)),
    (_OTHER("a ZIP archive", remedy="unpack it"), ((0, b"PK\x03\x04"),)),
    (_OTHER("a gzip archive", remedy="unpack it"), ((0, b"\x1f\x8b"),)),
    (_OTHER("a 7z archive", remedy="unpack it"), ((0, b"7z\xbc\xaf\x27\x1c"),)),
    (_OTHER("a RAR archive", remedy="unpack it"), ((0, b"Rar!"),)),
    (_OTHER("an xz archive", remedy="unpack it"), ((0, b"\xfd7zXZ"),)),
    (_OTHER("MIDI: notes, not sound"), ((0, b"MThd"),)),
    (_OTHER("a PDF document"), ((0, b"%PDF"),)),
    (_OTHER("a PNG image"), ((0, b"\x89PNG"),)),
    (_OTHER("a JPEG image"), ((0, b"\xff\xd8\xff"),)),
    (_OTHER("a GIF image"), ((0, b"GIF8"),)),
    (_OTHER("a NumPy array"), ((0, b"\x93NUMPY"),)),
    (_OTHER("a Parquet table"), ((0, b"PAR1"),)),
)


def recognise(path: Path) -> AudioFormat | None:
    """Return what the file at ``path`` is, by its first bytes; None if no known format begins like it."""
    with path.open("rb") as file:
        head, begin = file.read(HEAD), 0
        for _ in range(ID3_TAGS):
            if head[:3] != b"ID3" or len(head) < 10:
                break
            begin += id3_size(head)
            file.seek(begin)
            head = file.read(HEAD)
    if head[:7] == b"NIST_1A" and b"shorten" in head:
        return SHORTEN
    for found, parts in SIGNATURES:
        if all(head[at : at + len(text)] == text for at, text in parts):
            return found
    return _text(head) or _mpeg_audio(head) or (MP3 if begin else None)


def id3_size(head: bytes) -> int:
    """Return the bytes of the ID3v2 tag whose header of 10 bytes is ``head``."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)  # with a footer


def _mpeg_audio(head: bytes) -> AudioFormat | None:
    """Return the format of a stream of MPEG audio frames: 11 set bits, then version, layer, bit rate and rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return AAC  # ADTS: layer 0
    valid = head[1] & 0x18 != 0x08 and head[1] & 0x06 and head[2] >> 4 != 15 and head[2] & 0x0C != 0x0C
    return MP3 if valid else None


def _text(head: bytes) -> AudioFormat | None:
    """Return what kind of text the file begins with, in UTF-8 or in UTF-16 with its mark; None if it is none."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not only a letter that HEAD cuts
            return None
        text = head[: error.start].decode(encoding)
    if not text or not all(letter.isprintable() or letter in "\t\r\n\f" for letter in text):
        return None
    if text.lstrip()[:5].lower() in ("<!doc", "<html"):
        return _OTHER("a web page", remedy="was it downloaded without a login?")
    return _OTHER("text")
