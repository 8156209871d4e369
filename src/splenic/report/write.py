"""Write a report: results in, files out."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from splenic.errors import UsageError
from splenic.report.document import Document
from splenic.report.manuscript import Manuscript, manuscript, pack_section
from splenic.report.sections import build
from splenic.report.style import dark_svg, save_bytes
from splenic.report.tree import Dumpable, load

Format = Literal["html", "pdf", "docx", "figures", "manuscript"]
FORMATS: tuple[Format, ...] = get_args(Format)


def write_report(
    results: Path | Mapping[str, Any] | Dumpable, folder: Path, formats: Iterable[str] = FORMATS
) -> tuple[Path, ...]:
    """Write the report of a study; same results, same versions, same bytes.

    Parameters
    ----------
    results : path of ``results.json``, its content, or the typed results of a study.
    folder : made if absent. ``results.json`` is always copied into it.
    formats : any of ``html`` (``report.html``), ``pdf`` (``report.pdf``), ``docx`` (``tables.docx``),
        ``figures`` (``figures/NAME.svg``, ``-dark.svg``, ``.pdf``, ``.png`` at 300 dpi) and ``manuscript``
        (``manuscript.docx``, ``manuscript.md``).

    Returns
    -------
    tuple of Path
        The files written, in order.

    Raises
    ------
    UsageError
        A format is unknown.
    InputError
        The results cannot be read.
    """
    wanted = _checked(formats)
    tree, raw = load(results)
    document = build(tree)
    pack = manuscript(tree, document)
    whole = dataclasses.replace(document, sections=(*document.sections, pack_section(pack)))
    folder.mkdir(parents=True, exist_ok=True)
    written = [_put(folder / "results.json", raw)]
    for name in FORMATS:
        if name in wanted:
            written += _write(name, folder, whole, document, pack)
    return tuple(written)


def _checked(formats: Iterable[str]) -> set[str]:
    wanted = set(formats)
    unknown = sorted(wanted - set(FORMATS))
    if unknown:
        raise UsageError(
            "unknown-format", f"report: unknown format {unknown[0]}", f"give any of {', '.join(FORMATS)}"
        )
    return wanted


def _write(name: Format, folder: Path, whole: Document, document: Document, pack: Manuscript) -> list[Path]:
    from splenic.report import page, word

    match name:
        case "html":
            return [_put(folder / "report.html", page.html_page(whole).encode("utf-8"))]
        case "pdf":
            return [_put(folder / "report.pdf", page.pdf_bytes(whole))]
        case "docx":
            return [_put(folder / "tables.docx", word.tables_docx(document))]
        case "manuscript":
            text = word.manuscript_markdown(document, pack)
            return [
                _put(folder / "manuscript.docx", word.manuscript_docx(document, pack)),
                _put(folder / "manuscript.md", text.encode("utf-8")),
            ]
        case "figures":
            return _figures(folder / "figures", document)


def _figures(folder: Path, document: Document) -> list[Path]:
    folder.mkdir(exist_ok=True)
    written = []
    for drawing in document.drawings:
        written += [
            _put(folder / f"{drawing.key}.svg", drawing.svg.encode("utf-8")),
            _put(folder / f"{drawing.key}-dark.svg", dark_svg(drawing.svg).encode("utf-8")),
            _put(folder / f"{drawing.key}.pdf", save_bytes(drawing.figure, "pdf")),
            _put(folder / f"{drawing.key}.png", save_bytes(drawing.figure, "png")),
        ]
    return written


def _put(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)
    return path
