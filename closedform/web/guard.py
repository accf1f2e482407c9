"""Around every request: limits on its size and rate, the headers of its answer, one line of JSON in the log."""

from __future__ import annotations

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from closedform.web.settings import Settings

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOG = logging.getLogger("closedform.web")
MOST_CLIENTS = 10_000
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
FREE = ("/static/", "/healthz")  #: paths that no limit on the rate is for


class Rates:
    """How often each client has asked: a bucket of `burst` questions, filled at `rate` a second."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Whether one more question is welcome; it is counted."""
        if not self.rate:
            return True
        now = self.clock()
        left, then = self.buckets.pop(client, (float(self.burst), now))
        left = min(self.burst, left + (now - then) * self.rate)
        self.buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self.buckets) > MOST_CLIENTS:
            self.buckets.popitem(last=False)
        return left >= 1


class Guard:
    """The outermost layer of the server.

    Args:
        app: what is inside.
        settings: the limits.
        refuse: how a status is answered, by the path of the request.
    """

    def __init__(
        self,
        app: Callable[[Scope, Any, Send], Awaitable[None]],
        settings: Settings,
        refuse: Callable[[Scope, int], Any],
    ) -> None:
        self.app, self.settings, self.refuse = app, settings, refuse
        self.rates = Rates(settings.rate, settings.burst)

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, seen = time.perf_counter(), {"status": 500, "bytes": 0}

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                own = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        status = self._status(scope)
        try:
            await (self.app if status is None else self.refuse(scope, status))(scope, receive, sending)
        finally:
            LOG.info(_line(scope, seen, time.perf_counter() - began))

    def _status(self, scope: Scope) -> int | None:
        """Why a request is refused before it is read; None if it is not."""
        if len(scope["raw_path"]) + len(scope["query_string"]) > self.settings.link:
            return 413
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > self.settings.body:
            return 413
        if not scope["path"].startswith(FREE) and not self.rates.allows(client_of(scope)):
            return 429
        return None


def client_of(scope: Scope) -> str:
    """The address of who asks."""
    return scope["client"][0] if scope.get("client") else ""


def _line(scope: Scope, seen: dict[str, int], seconds: float) -> str:
    """A request in the log; what was asked is not in it."""
    return json.dumps(
        {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": scope["method"],
            "path": scope["path"][:100],
            "client": client_of(scope),
            "ms": round(seconds * 1e3, 1),
        }
        | seen
    )
