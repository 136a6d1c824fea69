"""Gatehouse camera agent: the cameras of one machine, offered to Home Assistant."""

from typing import Final

__version__: Final = "0.1.0"
