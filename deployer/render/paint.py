"""How text is decorated: the renderers name styles, who prints decides what becomes of them."""

from collections.abc import Callable

Paint = Callable[[str, str], str]
"""Puts a style (`green`, `yellow`, `red`, `cyan`, `bold`, `dim`) on a text, or leaves it plain."""


def plain(_: str, text: str) -> str:
    """The paint that leaves text as it is."""
    return text
