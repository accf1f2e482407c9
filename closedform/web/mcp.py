"""The calls as tools of the Model Context Protocol, for language-model agents, with the official SDK.

They are answered by a pool of processes as those of the JSON API are, within the same bounds.
"""

from __future__ import annotations

import json
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from closedform import __version__
from closedform.lang import LANGUAGES, say
from closedform.web.calls import CALLS
from closedform.web.openapi import request_schema
from closedform.web.pool import Pool, Unanswered
from closedform.web.settings import Settings

INSTRUCTIONS = (
    "Matrix calculus with checked answers. Formulas are text (* matrix product, ' transpose, .* entry by entry) or "
    "LaTeX; shapes are inferred from use: a-g scalars, h-z columns, A-Z matrices, unless declared in `let`."
)


def server(pool: Pool) -> Server[Any]:
    """The server of the tools, whose calls the pool answers."""

    async def tools(context: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(
            tools=[
                Tool(
                    name=name,
                    description=call.doc,
                    input_schema=request_schema(call),
                    annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
                )
                for name, call in CALLS.items()
            ]
        )

    async def call(context: Any, params: CallToolRequestParams) -> CallToolResult:
        status, told = await _answer(pool, params.name, params.arguments or {})
        return CallToolResult(content=[TextContent(type="text", text=told)], is_error=status != 200)

    return Server("closedform", version=__version__, instructions=INSTRUCTIONS, on_list_tools=tools, on_call_tool=call)


async def _answer(pool: Pool, name: str, arguments: dict[str, Any]) -> tuple[int, str]:
    if name not in CALLS:
        return 404, say(LANGUAGES[0], "web.status_404")
    try:
        answer = await pool.ask(json.dumps({"kind": f"api/{name}", "fields": arguments}).encode())
    except Unanswered as unanswered:
        return unanswered.status, say(LANGUAGES[0], f"web.status_{unanswered.status}")
    status, _, body = answer.decode().partition(" ")
    return int(status), body


def run(settings: Settings) -> None:
    """Serve over standard input and output until the agent goes."""
    anyio.run(_run, settings)


async def _run(settings: Settings) -> None:
    pool = Pool(settings)
    await pool.start()
    tools = server(pool)
    try:
        async with stdio_server() as (read, write):
            await tools.run(read, write, tools.create_initialization_options())
    finally:
        await pool.close()
