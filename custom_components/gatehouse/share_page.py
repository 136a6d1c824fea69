"""What somebody with a share link gets to read, and what a browser may do with it."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import hdrs
from yarl import URL

_PAGES: Final = Path(__file__).parent / "pages"
_PAGE: Final = Template((_PAGES / "share.html").read_text("utf-8"))
_REFUSAL: Final = Template((_PAGES / "share_refused.html").read_text("utf-8"))
_STYLE: Final = (_PAGES / "share.css").read_text("utf-8")
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()


def page(
    *, language: str, place: str, at: datetime, note: str, poster: str, sources: Iterable[str]
) -> str:
    """Return the page of a clip: where and when (in local time), and a player.

    The player takes the first source that answers, and asks for none before somebody plays it.
    """
    players = (f'<source src="{escape(source)}" type="video/mp4">' for source in sources)
    return _PAGE.substitute(
        language=escape(language),
        style=_STYLE,
        place=escape(place),
        moment=at.isoformat(timespec="seconds"),
        time=f"{at:%Y-%m-%d %H:%M:%S %Z}",
        poster=escape(poster),
        sources="\n".join(players),
        note=escape(note),
    )


def refusal(*, language: str, sentence: str) -> str:
    """Return a page that says why there is nothing to see."""
    return _REFUSAL.substitute(language=escape(language), style=_STYLE, sentence=escape(sentence))


def guards(elsewhere: str | None = None) -> dict[str, str]:
    """Return the headers that keep a link to whom it was given.

    Media may also come from the host of the address elsewhere.
    """
    media = "'self'" if elsewhere is None else f"'self' {URL(elsewhere).origin()}"
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        f"img-src {media}; media-src {media}; style-src 'sha256-{_STYLE_HASH}'",
    )
    return {
        hdrs.CACHE_CONTROL: "no-store",
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
