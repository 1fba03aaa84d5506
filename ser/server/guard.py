"""What every request and answer passes: no page of another site may use the server, and no answer is more than it says.

A browser sends the name by which it reached a server. A site whose name is made to resolve to 127.0.0.1 (DNS rebinding)
would else read answers as if they were its own, so that an unknown name is refused; an address is none of a site.
"""

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("localhost",)
OWN = ("", "same-origin", "none")  # values of Sec-Fetch-Site: none is an address that a person typed


class Guard:
    """An application behind the checks. hosts: names by which it is reached, besides localhost; policy: for content."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], policy: str):
        self._app = app
        self._hosts = {name.casefold() for name in (*LOCAL, *hosts)}
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
            "Cache-Control": "no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one that is refused reaches no other code."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        reason = self._reason(Headers(scope=scope))
        refused = JSONResponse({"error": reason}, 403) if reason else None
        await (refused or self._app)(scope, receive, with_headers)

    def _reason(self, headers: Headers) -> str | None:
        """Return why a request is refused; None where it is not."""
        name = _without_port(headers.get("host", "")).casefold()
        if name not in self._hosts and not _is_address(name):
            return f"the server is not known as '{name[:80]}'; --allow-host lets it be reached by that name."
        if headers.get("sec-fetch-site", "") not in OWN:
            return "the server answers no page of another site."
        return None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).strip("[]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
