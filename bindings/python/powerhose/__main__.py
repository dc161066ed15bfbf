"""`python -m powerhose work my_module:handler`: a worker around a function.

`powerhose run -- python -m powerhose work my_module:handler` keeps one on each core.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
from typing import Optional, cast

from . import __version__
from ._errors import PowerhoseError
from ._worker import Worker, load


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("it is a number of seconds above 0")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError("NAME=VALUE is wanted")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m powerhose", description="Workers for Powerhose, in Python.")
    parser.add_argument("--version", action="version", version=f"powerhose-rs {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    work = commands.add_parser("work", help="run jobs with a function", description=__doc__)
    work.add_argument("target", metavar="MODULE:NAME", help="the handler; or FILE.py:NAME")
    work.add_argument("--endpoint", help="where the master is; default: POWERHOSE_ENDPOINT")
    work.add_argument(
        "--pool", action="append", default=[], help="a pool to offer; may be given several times, or with commas"
    )
    work.add_argument("--credit", type=int, help="how many jobs to take at once; default: 64")
    work.add_argument("--label", action="append", type=_pair, default=[], metavar="NAME=VALUE")
    work.add_argument("--silence-max", type=_positive, metavar="SECONDS", help="how long to wait for a silent master")
    work.add_argument("--max-jobs", type=int, help="leave after so many jobs")
    work.add_argument("--soft-limit", type=_positive, metavar="SECONDS", help="interrupt a handler after this time")
    work.add_argument("--hard-limit", type=_positive, metavar="SECONDS", help="end the process after this time")
    return parser


def main(arguments: Optional[list[str]] = None) -> int:
    """Runs a worker until it is told to leave. Gives the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Where it registers and why it leaves is in the log of its master.
    logging.getLogger("powerhose").setLevel(logging.WARNING)
    printed: object = sys.stdout
    if isinstance(printed, io.TextIOWrapper):
        # A pipe to whoever puts our name before each line: he is to have it at once.
        cast("io.TextIOWrapper", printed).reconfigure(line_buffering=True)
    named: list[str] = options.pool
    pools = [pool for given in named for pool in given.split(",")]
    try:
        handler = load(options.target)
        worker = Worker(
            options.endpoint,
            pool=pools or None,
            credit=options.credit,
            labels=dict(options.label),
            silence_max=options.silence_max,
            max_jobs=options.max_jobs,
            soft_limit=options.soft_limit,
            hard_limit=options.hard_limit,
        )
    except (ImportError, AttributeError, ValueError) as error:
        print(f"powerhose: {error}", file=sys.stderr)
        return 2
    try:
        worker.run(handler)
    except PowerhoseError as error:
        print(f"powerhose: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
