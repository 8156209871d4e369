"""Word files: every table with the three rules of a journal, and the manuscript pack."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from splenic.report.document import Document, Table
from splenic.report.manuscript import Manuscript, table_of
from splenic.report.style import STAMPS

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.table import Table as WordTable
    from docx.table import _Cell
    from docx.text.paragraph import Paragraph

_EPOCH = (1980, 1, 1, 0, 0, 0)
_BLANK = re.compile(r"(\[to be written by the authors\]|BLANK: for the authors)")


def tables_docx(document: Document) -> bytes:
    """Every table of the report, a caption above and its notes below."""
    word = _new(document)
    word.add_heading(document.title, 0)
    for number, table in enumerate(document.tables, 1):
        _add_table(word, table, f"Table {number}. {table.title}")
    return _bytes(word)


def manuscript_docx(document: Document, pack: Manuscript) -> bytes:
    """Methods, results, figure legends and checklists; what only people know is highlighted."""
    word = _new(document)
    word.add_heading(document.title, 0)
    for title, parts in (("Methods", pack.methods), ("Results", pack.findings)):
        word.add_heading(title, 1)
        for heading, text in parts:
            word.add_heading(heading, 2)
            _add_text(word.add_paragraph(), text)
    word.add_heading("Figure legends", 1)
    for number, (title, caption) in enumerate(pack.legends, 1):
        paragraph = word.add_paragraph()
        paragraph.add_run(f"Figure {number}. {title}. ").bold = True
        paragraph.add_run(caption)
    word.add_heading("Reporting checklists", 1)
    for checklist in pack.checklists:
        _add_table(word, table_of(checklist), checklist.title)
    return _bytes(word)


def manuscript_markdown(document: Document, pack: Manuscript) -> str:
    """The manuscript pack as plain text."""
    lines = [f"# {document.title}", "", f"**{STAMPS[document.data]}**", ""]
    for title, parts in (("Methods", pack.methods), ("Results", pack.findings)):
        lines += [f"## {title}", ""]
        for heading, text in parts:
            lines += [f"### {heading}", "", text, ""]
    lines += ["## Figure legends", ""]
    for number, (title, caption) in enumerate(pack.legends, 1):
        lines += [f"**Figure {number}. {title}.** {caption}", ""]
    for checklist in pack.checklists:
        table = table_of(checklist)
        lines += [
            f"## {checklist.title}",
            "",
            *table.notes,
            "",
            _bar(table.columns),
            _bar(["---"] * len(table.columns)),
        ]
        lines += [_bar(row.cells) for row in table.rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _bar(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _new(document: Document) -> WordDocument:
    import datetime

    import docx
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm, Pt

    word = docx.Document()
    style = word.styles["Normal"]
    style.font.name = "Arial"
    style.font.size = Pt(9)
    section = word.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin = section.bottom_margin = Mm(18)
    stamp = section.header.paragraphs[0].add_run(f"{STAMPS[document.data]}   ")
    stamp.bold = True
    section.header.paragraphs[0].add_run(document.title)
    section.footer.paragraphs[0].add_run(
        f"Splenic {document.version}. Research use only; not a medical device."
    )
    core = word.core_properties
    core.author, core.title, core.comments = "Splenic", document.title, STAMPS[document.data]
    core.created = core.modified = datetime.datetime(*_EPOCH)
    return word


def _add_table(word: WordDocument, table: Table, caption: str) -> None:
    from docx.shared import Mm, Pt

    paragraph = word.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    paragraph.paragraph_format.space_before = Pt(14)
    paragraph.paragraph_format.space_after = Pt(3)
    paragraph.add_run(caption).bold = True
    made = word.add_table(rows=1 + len(table.rows), cols=len(table.columns))
    made.autofit = not table.widths
    for column, share in zip(made.columns, table.widths):
        column.width = Mm(261 * share / 100)
    left = {0, *table.text_columns}
    lines = [table.columns, *(row.cells for row in table.rows)]
    for number, cells in enumerate(lines):
        row = None if number == 0 else table.rows[number - 1]
        word_cells = made.rows[number].cells
        for column, text in enumerate(cells):
            _fill(
                word_cells[column],
                text,
                bold=row is None or row.heading,
                left=column in left,
                indent=row is not None and row.indent and column == 0,
            )
        if row is not None and row.heading:
            word_cells[0].merge(word_cells[-1])
    _rules(made)
    for note in table.notes:
        run = word.add_paragraph().add_run(note)
        run.font.size = Pt(8)


def _fill(cell: _Cell, text: str, *, bold: bool, left: bool, indent: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if left else WD_ALIGN_PARAGRAPH.RIGHT
    if indent:
        paragraph.paragraph_format.left_indent = Mm(4)
    _add_text(paragraph, text)
    for run in paragraph.runs:
        run.bold = bold or None
        run.font.size = Pt(8)


def _add_text(paragraph: Paragraph, text: str) -> None:
    from docx.enum.text import WD_COLOR_INDEX

    for i, piece in enumerate(_BLANK.split(text)):
        run = paragraph.add_run(piece)
        if i % 2:
            run.font.highlight_color = WD_COLOR_INDEX.YELLOW


def _rules(table: WordTable) -> None:
    """A rule above, below the head, and below; the head repeats on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    last = len(table.rows) - 1
    for number, edges in ((0, {"top": "12", "bottom": "6"}), (last, {"bottom": "12"})):
        for cell in table.rows[number].cells:
            borders = OxmlElement("w:tcBorders")
            for edge, size in edges.items():
                rule = OxmlElement(f"w:{edge}")
                for name, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", "1B1F24")):
                    rule.set(qn(f"w:{name}"), value)
                borders.append(rule)
            cell._tc.get_or_add_tcPr().append(borders)
    head = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(head)


def _bytes(word: WordDocument) -> bytes:
    """The file with every date in it fixed, so that the same report gives the same bytes."""
    raw, fixed = io.BytesIO(), io.BytesIO()
    word.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            new.writestr(zipfile.ZipInfo(name, _EPOCH), old.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
