"""The tools for agents, asked by the official client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import closedform as cf
from closedform.web.calls import CALLS

PROGRAM = "from closedform.cli.main import main; main()"


async def session(ask):
    from mcp import ClientSession, StdioServerParameters, stdio_client

    # the whole environment: with other kernels of BLAS the measured errors would be others
    server = StdioServerParameters(command=sys.executable, args=["-c", PROGRAM, "mcp"], env={**os.environ})
    async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
        await client.initialize()
        return await ask(client)


def test_an_agent_finds_the_calls_and_has_them_answered():
    async def ask(client):
        tools = (await client.list_tools()).tools
        right = await client.call_tool("derivative", {"f": "x'*A*x", "by": ["x"]})
        wrong = await client.call_tool("derivative", {"f": "x'*A*x", "by": ["y"]})
        none = await client.call_tool("nothing", {})
        return tools, right, wrong, none

    tools, right, wrong, none = asyncio.run(session(ask))
    assert {t.name: t.description for t in tools} == {name: call.doc for name, call in CALLS.items()}
    assert all(set(t.input_schema["properties"]) == set(CALLS[t.name].fields) for t in tools)
    assert not right.is_error
    assert json.loads(right.content[0].text) == json.loads(json.dumps(cf.derivative(cf.parse("x'*A*x"), "x").as_dict()))
    assert wrong.is_error and "y is not a variable" in json.loads(wrong.content[0].text)["error"]["message"]
    assert none.is_error
