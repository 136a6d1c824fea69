"""What scripts/kserve runs."""

from argparse import ArgumentParser
import asyncio
import logging
from pathlib import Path

from .server import Program, serve
from .widening import widen


def main() -> None:
    """Do what the command line says."""
    asked = _parser().parse_args()
    match asked.what:
        case "serve":
            program = Program(
                asked.model,
                batch=asked.batch,
                instances=asked.instances,
                threads=asked.threads,
                pause=asked.pause,
            )
            asyncio.run(serve(program, asked.port))
        case "widen":
            widen(asked.model, asked.wide)
        case "measure":
            # The integration brings parts of Home Assistant along, which have something to say.
            logging.disable()
            from .measuring import measure

            told = asyncio.run(measure(asked.model, asked.addresses, asked.cameras, asked.seconds))
            print(told)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("scripts/kserve")
    tasks = parser.add_subparsers(dest="what", required=True)
    _add_serve(tasks.add_parser("serve"))
    widening = tasks.add_parser("widen")
    widening.add_argument("model", type=Path)
    widening.add_argument("wide", type=Path)
    measuring = tasks.add_parser("measure")
    measuring.add_argument("model")
    measuring.add_argument("addresses", nargs="+")
    measuring.add_argument("--cameras", type=int, default=64)
    measuring.add_argument("--seconds", type=float, default=10.0)
    return parser


def _add_serve(parser: ArgumentParser) -> None:
    parser.add_argument("port", type=int)
    parser.add_argument("model", type=Path)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)


if __name__ == "__main__":
    main()
