"""No upload makes the server read a file of the host, whatever it contains and is called."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hostile import movie_of_another_file
from starlette.testclient import TestClient

SECRET = "root:x:0:0"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of the host that could be predicted."""
    path = tmp_path_factory.mktemp("host") / "secret.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(32000) / 5), 16000, "PCM_16")
    return path


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{0}\n#EXT-X-ENDLIST\n",
    "hls-file": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{0}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {0}\n",
    "concat-protocol": "concat:{0}|/etc/passwd",
    "subfile": "subfile,,start,0,end,0,,:{0}",
    "dash": '<?xml version="1.0"?><MPD><Period><BaseURL>file://{0}</BaseURL></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "asx": '<asx version="3.0"><entry><ref href="file://{0}"/></entry></asx>',
    "path": "{0}\n",
}


@pytest.mark.parametrize("name", ["a.m3u8", "a.mp3", "a.aac", "a.ts", "a.wav", "a.mov", "a"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_no_playlist_is_followed(client: TestClient, secret: Path, kind: str, name: str) -> None:
    text = PLAYLISTS[kind].format(secret).encode()
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10)  # after which a file may be anything
    for content in (text, tag + text, text + bytes(200_000)):
        answer = client.post("/predict", files={"file": (name, content, "audio/mpeg")})
        assert answer.status_code == 400, answer.text
        assert SECRET not in answer.text
        assert str(secret) not in answer.text


def test_no_film_takes_its_sound_from_another_file(client: TestClient, secret: Path, tmp_path: Path) -> None:
    film = movie_of_another_file(secret, tmp_path)
    (tmp_path / "a.mov").write_bytes(film)
    with av.open(tmp_path / "a.mov", options={"enable_drefs": "1", "use_absolute_path": "1"}) as container:
        samples = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert samples, "FFmpeg would follow the reference if it were allowed to"
    answer = client.post("/predict", files={"file": ("a.mov", film)})
    assert (answer.status_code, answer.json()) == (400, {"error": "a.mov: holds no samples."})


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("/etc/passwd", "passwd"),
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\secret.wav", "secret.wav"),
        ("..", ".."),
        ("", "recording"),
        ("file:///etc/passwd", "passwd"),
        ("<img src=x onerror=alert(1)>.wav", "<img src=x onerror=alert(1)>.wav"),
        ("a" * 900, "a" * 200),
    ],
)
def test_the_name_of_a_file_is_a_label_only(client: TestClient, recording: Path, name: str, kept: str) -> None:
    disposition = f'form-data; name="file"; filename="{name}"'.encode()
    body = b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + recording.read_bytes() + b"\r\n--x--\r\n"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/predict", content=body, headers=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["answers"][0]["recording"] == kept
    assert answer.headers["Content-Type"] == "application/json"


def test_no_error_has_a_path_of_the_host(client: TestClient, uploads: Path, recording: Path) -> None:
    content = recording.read_bytes()
    for broken in (
        content[:100],
        content[:-1000],
        b"fLaC" + bytes(500),
        b"OggS" + bytes(500),
        b"\x1a\x45\xdf\xa3" * 99,
    ):
        answer = client.post("/predict", content=broken, headers={"Content-Type": "audio/wav"})
        assert answer.status_code == 400
        assert str(uploads) not in answer.text
        assert "/" not in answer.json()["error"]
