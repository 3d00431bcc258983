"""Elements as text. Whatever is not markup already is escaped, so no data can become an element."""

from collections.abc import Iterable
from html import escape

from deployer.render.visible import visible


class Html(str):
    """Text that is markup already; only this module and `raw` make it."""

    __slots__ = ()


def raw(markup: str) -> Html:
    """Markup that this program wrote itself, such as a drawing; never data."""
    return Html(markup)


def tag(name: str, /, *children: str, **attributes: str | bool) -> Html:
    """`<name attributes>children</name>`; `class_` and `data_x` are written as HTML spells them.

    An attribute that is True stands alone; one that is False or empty is left out.
    """
    return Html(f"<{name}{_attributes(attributes)}>{joined(children)}</{name}>")


def void(name: str, /, **attributes: str | bool) -> Html:
    """An element that holds nothing, as `input` and `meta`."""
    return Html(f"<{name}{_attributes(attributes)}>")


def joined(children: Iterable[str]) -> Html:
    """Markup and text, one after the other."""
    return Html("".join(_child(child) for child in children))


def _child(child: str) -> str:
    return child if isinstance(child, Html) else escape(visible(child))


def _attributes(attributes: dict[str, str | bool]) -> str:
    return "".join(
        f" {name.rstrip('_').replace('_', '-')}{_value(value)}"
        for name, value in attributes.items()
        if value
    )


def _value(value: str | bool) -> str:
    return "" if value is True else f'="{escape(visible(str(value)))}"'
