"""The manuscript pack: methods and results paragraphs, figure legends, reporting checklists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splenic.report.document import Document, Section
from splenic.report.manuscript import claim, remark, tripod
from splenic.report.manuscript.checklist import Checklist, fill, table_of
from splenic.report.manuscript.methods import findings, methods


@dataclass(frozen=True, slots=True)
class Manuscript:
    """Paragraphs under headings, and the checklists."""

    methods: tuple[tuple[str, str], ...]
    findings: tuple[tuple[str, str], ...]
    legends: tuple[tuple[str, str], ...]
    checklists: tuple[Checklist, ...]


def manuscript(results: Any, document: Document) -> Manuscript:
    """The pack of one study."""
    checklists = tuple(
        fill(key, module.TITLE, module.SOURCE, module.QUESTIONS, results)
        for key, module in (("remark", remark), ("tripod-ai", tripod), ("claim", claim))
    )
    legends = tuple((d.title, d.caption) for d in document.drawings)
    return Manuscript(methods(results), findings(results, document), legends, checklists)


def pack_section(pack: Manuscript) -> Section:
    """The pack as the last part of the report."""
    text = tuple(f"{heading}. {body}" for heading, body in pack.methods)
    return Section(
        "manuscript",
        "Methods, as run, and reporting checklists",
        text,
        tables=tuple(table_of(c) for c in pack.checklists),
    )


__all__ = ["Checklist", "Manuscript", "manuscript", "pack_section", "table_of"]
