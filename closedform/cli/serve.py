"""The commands `closedform serve`, a page in the browser, and `closedform mcp`, tools for an agent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from closedform.cli.command import fail
from closedform.core.optional import not_installed
from closedform.lang import say

if TYPE_CHECKING:
    from closedform.web.settings import Settings


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int | None, typer.Option(min=1, max=256, show_default=False)] = None,
    rate: Annotated[float, typer.Option(min=0)] = 0.0,
    proxy: Annotated[str | None, typer.Option(show_default=False)] = None,
    log: Annotated[bool, typer.Option("--log")] = False,
    lang: Annotated[str | None, typer.Option(show_default=False)] = None,
) -> None:
    """Serve the page and the JSON API."""
    spoken: str = ctx.obj  # set by Command
    try:
        import uvicorn

        from closedform.web.app import application
    except ModuleNotFoundError as missing:
        fail(not_installed(str(missing.name), "web"), spoken)
    if log:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        logging.getLogger("closedform.web").setLevel(logging.INFO)
    typer.echo(say(spoken, "web.serving", address=f"http://{host}:{port}"), err=True)
    uvicorn.run(
        application(_settings(workers, rate)),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
        h11_max_incomplete_event_size=64 * 1024,
    )


def mcp(ctx: typer.Context, lang: Annotated[str | None, typer.Option(show_default=False)] = None) -> None:
    """Serve the same calls to an agent, over standard input and output."""
    spoken: str = ctx.obj  # set by Command
    try:
        from closedform.web.mcp import run
    except ModuleNotFoundError as missing:
        fail(not_installed(str(missing.name), "mcp"), spoken)
    run(_settings(None, 0.0))


def _settings(workers: int | None, rate: float) -> Settings:
    from closedform.web.settings import Settings

    return Settings(rate=rate) if workers is None else Settings(rate=rate, workers=workers)
