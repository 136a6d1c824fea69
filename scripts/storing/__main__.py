"""What scripts/s3 runs."""

from argparse import ArgumentParser, Namespace
from getpass import getpass
import logging
import os
import sys
from typing import Final

STYLES: Final = {"auto": None, "path": True, "virtual": False}


def main() -> int:
    """Try the bucket that the command line names; returns 1 if clips cannot be kept there."""
    # The integration brings parts of Home Assistant along, which have something to say.
    logging.disable()
    from .trial import LEAST, S3Options, StorageError, trial

    asked = _asked(LEAST)
    options = S3Options(
        bucket=asked.bucket,
        endpoint=asked.endpoint,
        region=asked.region,
        key_id=os.environ.get("AWS_ACCESS_KEY_ID") or input("Access key ID: ").strip(),
        secret=os.environ.get("AWS_SECRET_ACCESS_KEY") or getpass("Secret access key: ").strip(),
        prefix=asked.folder,
        path_style=STYLES[asked.style],
        storage_class=asked.storage_class,
    )
    try:
        for told in trial(options, asked.megabytes * 1_000_000):
            print(told, flush=True)
    except StorageError as error:
        print(f"gatehouse: {error}", file=sys.stderr)
        return 1
    return 0


def _asked(least: int) -> Namespace:
    parser = ArgumentParser("scripts/s3")
    parser.add_argument("bucket")
    parser.add_argument("--endpoint")
    parser.add_argument("--region")
    parser.add_argument("--folder", default="gatehouse")
    parser.add_argument("--style", choices=STYLES, default="auto")
    parser.add_argument("--storage-class")
    parser.add_argument("--megabytes", type=int, default=20)
    asked = parser.parse_args()
    if asked.megabytes < least:
        parser.error(f"{least} megabytes are the least that go in parts")
    return asked


if __name__ == "__main__":
    sys.exit(main())
