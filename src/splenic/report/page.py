"""One self-contained page, for the screen and, printed, for the PDF."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splenic.report.document import Document
from splenic.report.style import DARK, STAMPS, VARIABLES, WARN, Drawing, page_svg

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_BLANK = re.compile(
    r"(\[to be written by the authors\]|BLANK: for the authors(?: \([^()]*(?:\([^()]*\)[^()]*)*\))?)"
)


def html_page(document: Document) -> str:
    """The report as one HTML file: no other file, no network, readable without scripts."""
    variables = {"light": _colours({c: c for c in VARIABLES}), "dark": _colours(DARK)}
    script = _template("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return _render(
        document,
        printed=False,
        css=_css("report.css", variables),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def pdf_bytes(document: Document) -> bytes:
    """The report as PDF (A4, what the data are on every page).

    Raises
    ------
    SplenicError
        WeasyPrint's libraries (Pango) are absent.
    """
    weasyprint, only_inline = _weasyprint()
    colour = WARN if document.data == "synthetic" else "#59636e"
    values = {"title": _css_text(document.title), "stamp": _css_text(STAMPS[document.data]), "colour": colour}
    css = _css("print.css", values | _type_face())
    page = _render(document, printed=True, css=css, script="", script_hash="")
    identifier = hashlib.sha256(page.encode("utf-8")).digest()[:16]
    made = weasyprint.HTML(string=page, url_fetcher=only_inline).write_pdf(pdf_identifier=identifier)
    return bytes(made)


def _css_text(text: str) -> str:
    """A text as a CSS string; nothing in it can end the string or the style element."""
    plain = (c if c.isalnum() or c in " .,:;()-–" else f"\\{ord(c):06x}" for c in text)
    return '"' + "".join(plain) + '"'


def _type_face() -> dict[str, str]:
    """The figures' own type face, so that the PDF does not depend on what is installed."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return {
        name: base64.b64encode((folder / file).read_bytes()).decode("ascii")
        for name, file in (("regular", "DejaVuSans.ttf"), ("bold", "DejaVuSans-Bold.ttf"))
    }


def _weasyprint() -> tuple[Any, Any]:
    """The library, and a fetcher that reads nothing from outside the page."""
    from splenic.errors import SplenicError

    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise SplenicError(
            "no-pango",
            f"the PDF cannot be made: {str(error).splitlines()[0]}",
            "install Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0), or leave pdf out of the formats",
        ) from None
    return weasyprint, URLFetcher(allowed_protocols=("data",))


def _render(document: Document, *, printed: bool, css: str, script: str, script_hash: str) -> str:
    from markupsafe import Markup

    environment = _environment()
    environment.filters["picture"] = _printed_picture if printed else _page_picture
    environment.filters["blanks"] = _mark_blanks
    numbers = {d.key: i for i, d in enumerate(document.drawings, 1)}
    numbers |= {f"{t.key}/table": i for i, t in enumerate(document.tables, 1)}
    return environment.get_template("report.html.j2").render(
        document=document,
        stamp=STAMPS[document.data],
        printed=printed,
        numbers=numbers,
        css=Markup(css),
        script=Markup(script),
        script_hash=script_hash,
    )


def _environment() -> Environment:
    from jinja2 import Environment as JinjaEnvironment
    from jinja2 import PackageLoader, StrictUndefined

    return JinjaEnvironment(
        loader=PackageLoader("splenic.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _css(name: str, values: dict[str, str]) -> str:
    """A style sheet with its few values; not HTML: texts come through :func:`_css_text`."""
    from jinja2 import Environment as JinjaEnvironment
    from jinja2 import StrictUndefined

    plain = JinjaEnvironment(autoescape=False, undefined=StrictUndefined)
    return plain.from_string(_template(name)).render(**values)


def _template(name: str) -> str:
    return (resources.files("splenic.report") / "templates" / name).read_text(encoding="utf-8")


def _colours(colours: Mapping[str, str]) -> str:
    return " ".join(f"--fig-{name}: {colours[colour]};" for colour, name in VARIABLES.items())


def _page_picture(drawing: Drawing) -> Markup:
    from markupsafe import Markup, escape

    svg = page_svg(drawing.svg)
    head = f'<svg role="img" aria-label="{escape(drawing.alt)}"'
    return Markup(svg.replace("<svg", head, 1))  # our own drawing, made by matplotlib


def _printed_picture(drawing: Drawing) -> Markup:
    from markupsafe import Markup, escape

    data = base64.b64encode(drawing.svg.encode("utf-8")).decode("ascii")
    return Markup(f'<img alt="{escape(drawing.alt)}" src="data:image/svg+xml;base64,{data}">')


def _mark_blanks(text: str) -> Markup:
    """Blanks for the authors stand out."""
    from markupsafe import Markup, escape

    pieces = _BLANK.split(text)
    marked = [
        Markup('<span class="blank">{}</span>').format(p) if i % 2 else escape(p)
        for i, p in enumerate(pieces)
    ]
    return Markup("").join(marked)
