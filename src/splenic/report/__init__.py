"""Results → HTML, PDF, DOCX, figures and a manuscript pack."""

from splenic.report.write import FORMATS, Format, write_report

__all__ = ["FORMATS", "Format", "write_report"]
