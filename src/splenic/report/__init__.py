"""Results → HTML, PDF, DOCX, figures."""
