"""The routes: they read a request, have it answered by the pool, and keep some answers.

No mathematics is done in this process, so that nothing can hold it up.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from closedform import __version__
from closedform.lang import LANGUAGES, say
from closedform.web.calls import CALLS
from closedform.web.guard import Guard, client_of
from closedform.web.openapi import description
from closedform.web.pages import PARTS
from closedform.web.pool import WORK, Pool, Unanswered
from closedform.web.query import PAGES
from closedform.web.settings import Settings

STATIC = Path(__file__).parent / "static"
API = "/api/v1/"
KEPT = (200, 422)  #: statuses of answers that are the same tomorrow
MOST_FIELDS = 64
WAIT = {429: "1", 503: "2"}  #: seconds, in `Retry-After`
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Kept:
    """The latest answers, by question, up to a number of bytes."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self.answers: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, question: bytes) -> bytes | None:
        if question in self.answers:
            self.answers.move_to_end(question)
        return self.answers.get(question)

    def put(self, question: bytes, answer: bytes) -> None:
        if question in self.answers:
            return
        self.answers[question] = answer
        self.bytes += len(question) + len(answer)
        while self.bytes > self.most:
            old, gone = self.answers.popitem(last=False)
            self.bytes -= len(old) + len(gone)


class Server:
    """The routes of one server, its pool and the answers it keeps."""

    def __init__(self, settings: Settings, work: str) -> None:
        self.settings, self.pool, self.kept = settings, Pool(settings, work), Kept(settings.cached_bytes)
        self.asked: dict[bytes, asyncio.Future[bytes]] = {}  #: what the pool is busy with

    async def answer(self, request: Request, kind: str, fields: Any, media: str) -> Response:
        """The answer of the pool.

        Raises:
            HTTPException: there is none.
        """
        question = json.dumps({"kind": kind, "fields": fields}, sort_keys=True).encode()
        answer = self.kept.get(question) or await self._asked(question, client_of(request.scope))
        status, _, body = answer.partition(b" ")
        if int(status) in KEPT:
            self.kept.put(question, answer)
        return Response(body, int(status), {"vary": "Accept-Language", "cache-control": "no-cache"}, media)

    async def _asked(self, question: bytes, client: str) -> bytes:
        """The answer of the pool, which is asked once while many wait for the same.

        Raises:
            HTTPException: there is none.
        """
        if question not in self.asked:
            self.asked[question] = asyncio.ensure_future(self.pool.ask(question, client))
            self.asked[question].add_done_callback(lambda _: self.asked.pop(question))
        try:
            return await asyncio.shield(self.asked[question])
        except Unanswered as unanswered:
            raise HTTPException(unanswered.status) from None

    async def page(self, request: Request) -> Response:
        """A page; an exercise without a seed is sent to one with a seed, so that its link is its own."""
        fields = query_of(request)
        path = request.url.path
        if path == "/practice" and "seed" not in fields:
            seeded = fields | {"seed": str(secrets.randbelow(10**6))}
            return RedirectResponse(f"{path}?{urlencode(seeded, doseq=True)}", 303)
        return await self.answer(request, f"page{path}", fields, HTML)

    async def part(self, request: Request) -> Response:
        """A part of a page, for its script."""
        name = request.path_params["name"]
        if name not in PARTS:
            raise HTTPException(404)
        return await self.answer(request, f"part/{name}", query_of(request), HTML)

    async def call(self, request: Request) -> Response:
        """A call of the JSON API."""
        name = request.path_params["name"]
        if name not in CALLS:
            raise HTTPException(404)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.settings.body:
                raise HTTPException(413)
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            raise HTTPException(400) from None
        return await self.answer(request, f"api/{name}", fields, JSON)

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(description())

    async def health(self, request: Request) -> Response:
        """Whether there are processes to answer, and how busy they are."""
        pool = self.pool
        facts = {"version": __version__, "idle": pool.idle.qsize(), "waiting": pool.waiting, "killed": pool.killed}
        lives = pool.nursery.lives
        return JSONResponse({"status": "ok" if lives else "down"} | facts, 200 if lives else 503)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        await self.pool.start()
        try:
            yield
        finally:
            await self.pool.close()


def query_of(request: Request) -> dict[str, Any]:
    """The fields of a link: `by` is a list; the language is that of the browser where the link has none.

    Raises:
        HTTPException: there are very many fields.
    """
    try:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400) from None
    fields: dict[str, Any] = {name: value for name, value in pairs if name != "by"}
    if by := [value for name, value in pairs if name == "by"]:
        fields["by"] = by
    if "lang" not in fields and (lang := language_of(request.scope)) != LANGUAGES[0]:
        fields["lang"] = lang
    return fields


def language_of(scope: Any) -> str:
    """The language of the link, or the first one that the browser asks for and we speak."""
    asked: str = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("lang", "")
    if asked in LANGUAGES:
        return asked
    header = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    wanted = [part.split(";")[0].strip().lower()[:2] for part in header[:200].split(",")]
    return next((lang for lang in wanted if lang in LANGUAGES), LANGUAGES[0])


def refusal(scope: Any, status: int) -> Response:
    """A status as JSON, as a piece of a page, or as a page."""
    lang = language_of(scope)
    known = status if status in (400, 404, 405, 413, 429, 500, 503, 504) else 400
    said = {one: say(one, f"web.status_{known}") for one in (LANGUAGES[0], lang)}
    headers = {"retry-after": WAIT[status]} if status in WAIT else {}
    path = scope["path"]
    if path.startswith(API):
        error = {"type": "Refused", "message": said[LANGUAGES[0]], "hint": None, "span": None, "source": None}
        return JSONResponse({"error": error | {"shapes": {}, "status": status}}, status, headers)
    told = f'<div class="error"><p><strong>{escape(said[lang])}</strong></p></div>'
    if path.startswith("/part/"):
        return HTMLResponse(told, status, headers)
    head = f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>closedform</title>'
    head += '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/page.css"></head>'
    page = f'{head}<body><main><h1><a href="/">closedform</a></h1>{told}</main></body></html>'
    return HTMLResponse(page, status, headers)


async def _refused(request: Request, problem: Exception) -> Response:
    return refusal(request.scope, problem.status_code if isinstance(problem, HTTPException) else 500)


def application(settings: Settings | None = None, work: str = WORK) -> Starlette:
    """The server, as an ASGI application.

    Args:
        settings: the limits; by default those of `Settings`.
        work: what a process does with a question, `module:function`.
    """
    settings = settings or Settings()
    server = Server(settings, work)
    routes = [
        *(Route(path, server.page) for path in PAGES),
        Route("/part/{name}", server.part),
        Route(API + "openapi.json", server.openapi),
        Route(API + "{name}", server.call, methods=["POST"]),
        Route("/healthz", server.health),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(
        routes=routes,
        lifespan=server.lifespan,
        middleware=[
            Middleware(Guard, settings=settings, refuse=refusal),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        ],
        exception_handlers={HTTPException: _refused, Exception: _refused},
    )
