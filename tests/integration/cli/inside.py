"""A command run in the test's own process: starting Python anew takes most of the time of a command."""

import contextlib
import io
import os
import sys
from pathlib import Path
from unittest import mock

from registry.cli import main
from tests.integration.cli.program import Done, Server, environment


def inside(*args: str | Path, **env: str) -> Done:
    """Run `gemensam` to its end. Not for what goes on, or configures the whole process, as `serve` does."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as held:
        held.enter_context(mock.patch.dict(os.environ, environment(**env), clear=True))
        held.enter_context(mock.patch.object(sys, "argv", ["gemensam", *map(str, args)]))
        held.enter_context(contextlib.redirect_stdout(out))
        held.enter_context(contextlib.redirect_stderr(err))
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def ask(server: Server, *args: str | Path) -> Done:
    """Run a command against a registry."""
    return inside(*args, GEMENSAM_GRPC_ADDRESS=server.grpc, GEMENSAM_DATA=str(server.data))
