"""What is released, made of this folder: see scripts/release."""


class ReleaseError(Exception):
    """It cannot be released; the message says why, and what to do."""
