"""The commands `closedform serve` and `closedform mcp`: what they start, and what they say when something is missing."""

from __future__ import annotations

import builtins
import json
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closedform.cli.main import USAGE, app
from closedform.lang import LANGUAGES, say
from tests.cli.interrupts import hearing
from tests.web.serving import COMMAND, free_port, serving

uvicorn = pytest.importorskip("uvicorn")
CONTAINER = (Path(__file__).parents[2] / "Containerfile").read_text(encoding="utf-8")


@pytest.fixture
def started(monkeypatch):
    """What uvicorn is told, without starting it."""
    told: dict = {}
    monkeypatch.setattr(uvicorn, "run", lambda application, **options: told.update(options, application=application))
    return told


def run(line: str):
    return CliRunner().invoke(app, shlex.split(line))


def test_it_listens_on_this_machine_alone(started):
    result = run("serve")
    assert result.exit_code == 0 and (started["host"], started["port"]) == ("127.0.0.1", 8000)
    assert result.stderr == say("en", "web.serving", address="http://127.0.0.1:8000") + "\n"
    assert not started["proxy_headers"]


def test_the_command_of_the_container_is_one(started):
    program, *line = json.loads(CONTAINER.partition("CMD ")[2])
    result = CliRunner().invoke(app, line)
    assert program == "closedform" and result.exit_code == 0 and started["host"] == "0.0.0.0"


def test_a_proxy_is_believed_when_it_is_named(started):
    run("serve --proxy 10.0.0.1")
    assert started["proxy_headers"] and started["forwarded_allow_ips"] == "10.0.0.1"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("command", "missing"), [("serve", "uvicorn"), ("mcp", "mcp")])
def test_a_missing_extra_is_named(monkeypatch, command, missing, lang):
    original = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == missing or name == f"closedform.web.{missing}":
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    result = run(f"{command} --lang {lang}")
    extra = {"serve": "web", "mcp": "mcp"}[command]
    assert result.exit_code == USAGE and f"closedform[{extra}]" in result.stderr and missing in result.stderr


@pytest.mark.parametrize("line", ["serve --port 99999", "serve --workers 0", "serve --rate -1", "serve x"])
def test_a_wrong_option_is_a_mistake_of_the_user(line):
    assert run(line).exit_code == USAGE


def test_it_serves_logs_and_stops():
    with serving("--workers", "1") as address:
        assert b"<html" in urllib.request.urlopen(address).read()
    command = [*hearing(COMMAND), "--port", str(free_port()), "--log"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None and "Ctrl-C" in server.stderr.readline()
        server.send_signal(signal.SIGINT)
        try:
            assert server.wait(timeout=30) in (0, 130, -signal.SIGINT) and "Traceback" not in server.stderr.read()
        finally:
            server.kill()


def test_the_command_line_needs_no_web_library():
    code = "import sys, closedform.cli.main; sys.exit(any(m in sys.modules for m in ('starlette', 'jinja2', 'mcp')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
