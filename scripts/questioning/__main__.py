"""What scripts/llama measure runs."""

from argparse import ArgumentParser
import asyncio
import logging
import os
from pathlib import Path
import sys


async def main() -> int:
    """Do what the command line says; returns 1 if nobody answers."""
    # The integration brings parts of Home Assistant along, which have something to say.
    logging.disable()
    from .measuring import LanguageError, Measuring

    asked = _parser().parse_args()
    measuring = Measuring(
        address=asked.address,
        model=asked.model,
        key=os.environ.get("OPENAI_API_KEY"),
        questions=asked.questions,
        pictures=tuple(picture.read_bytes() for picture in asked.pictures),
    )
    try:
        async for told in measuring.run(asked.at_once):
            print(told, flush=True)
    except LanguageError as error:
        print(f"gatehouse: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("scripts/llama measure")
    parser.add_argument("address")
    parser.add_argument("--model")
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--questions", type=int, default=16)
    parser.add_argument("--pictures", type=Path, nargs="+", default=[])
    return parser


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
