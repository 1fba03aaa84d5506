"""The page of the server: one HTML file that loads nothing from elsewhere, with the colours of a report."""

import base64
import hashlib
import re
from importlib import resources

PLACEHOLDERS = {"{{ report }}": ("ser.report", "templates/page.css"), "{{ style }}": (__package__, "page.css")}


def html() -> str:
    """Return the page with its styles and its script in it."""
    text = _asset(__package__, "page.html")
    for mark, (package, name) in {**PLACEHOLDERS, "{{ script }}": (__package__, "page.js")}.items():
        text = text.replace(mark, _asset(package, name))
    return text


def policy(text: str) -> str:
    """Return the Content-Security-Policy under which the page ``text`` works, and nothing that is put into it."""
    styles, scripts = (" ".join(_hashes(text, tag)) for tag in ("style", "script"))
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; connect-src 'self'; media-src blob:; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashes(text: str, tag: str) -> list[str]:
    parts = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = (hashlib.sha256(part.encode()).digest() for part in parts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _asset(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")
