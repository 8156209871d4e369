"""The written report: whole, self-contained, marked, and unharmed by what users type."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from splenic.errors import InputError, UsageError
from splenic.report import FORMATS, write_report
from splenic.report.document import Document
from splenic.report.page import html_page
from splenic.report.sections import build
from splenic.report.tree import Node, load

EXAMPLE = Path(__file__).parent.parent / "study" / "example_results.json"


class _Page(HTMLParser):
    """Tags with attributes, and the text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._quiet = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._quiet += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def page(report: Path) -> _Page:
    return _Page((report / "report.html").read_text(encoding="utf-8"))


def _built(content: dict[str, Any]) -> Document:
    return build(Node(content))


def test_results_are_copied_byte_for_byte(report: Path) -> None:
    assert (report / "results.json").read_bytes() == EXAMPLE.read_bytes()


@pytest.mark.slow
def test_typed_results_give_the_same_file_and_page(report: Path, tmp_path: Path) -> None:
    from splenic.study import read_results

    write_report(read_results(EXAMPLE), tmp_path, ["html"])
    assert (tmp_path / "results.json").read_bytes() == EXAMPLE.read_bytes()
    assert (tmp_path / "report.html").read_bytes() == (report / "report.html").read_bytes()


def test_the_page_needs_nothing_from_outside(report: Path, page: _Page) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    for _, attributes in page.tags:
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    style = "".join(re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL))
    assert "url(http" not in style
    assert "@import" not in style


def test_the_policy_lets_only_the_pages_own_script_run(report: Path, page: _Page) -> None:
    import base64

    text = (report / "report.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_what_the_data_are_is_said_at_the_top_in_the_title_and_at_the_foot(page: _Page) -> None:
    assert page.text.count("SYNTHETIC DATA") >= 4


def test_every_figure_has_a_text_and_every_jump_a_target(page: _Page) -> None:
    pictures = [a for t, a in page.tags if t == "svg"]
    assert len(pictures) == 14
    assert all(a.get("role") == "img" and len(a.get("aria-label") or "") > 30 for a in pictures)
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    jumps = [str(a["href"])[1:] for t, a in page.tags if t == "a"]
    assert set(jumps) <= set(ids)


@pytest.mark.parametrize(
    "text",
    [
        "22.0 months (17.6–27.5)",  # median
        "1.82 (1.17–2.83)",  # hazard ratio
        "Log-rank p = 0.007 (unadjusted)",
        "0.031",  # corrected p of the search
        "96.0 % (80.5–99.3)",  # approval
        "not reached",
        "Not done: No patient has portal vein thrombosis.",
    ],
)
def test_the_numbers_of_the_results_are_on_the_page(page: _Page, text: str) -> None:
    assert text in page.text


def test_no_number_is_printed_raw(page: _Page) -> None:
    assert not re.search(r"\b(None|nan|inf|True|False)\b", page.text)
    assert "0.000" not in page.text
    assert not re.search(r"\d\.\d{7,}", page.text.replace("0" * 64, ""))


@pytest.mark.slow
def test_a_searched_cutoff_is_named_as_such(example: dict[str, Any]) -> None:
    example["cutoff"]["validation"] = "none"
    document = _built(example)
    sections = {s.key: s for s in document.sections}
    drawing = sections["survival-by-sv"].drawings[0]
    assert "p = 0.031 (cut-corrected)" in drawing.alt
    assert "unadjusted, cut-off searched" in drawing.alt
    assert "exaggerated by the search" in drawing.caption
    assert "quote the corrected p" in sections["cutoff"].paragraphs[0]


HOSTILE = "<script>alert(1)</script> & \"quotes\" 'single' </style> $x_1$ %"


def test_what_users_type_is_shown_and_not_run(example: dict[str, Any], tmp_path: Path) -> None:
    example["header"]["title"] = HOSTILE
    example["baseline"]["rows"][0]["label"] = HOSTILE
    example["by_sv"][0]["groups"][0]["label"] = HOSTILE
    example["flow"]["steps"][1]["reason"] = HOSTILE
    write_report(example, tmp_path, ["html", "docx", "manuscript"])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<script>") == 1
    assert text.count("</style>") == 1
    assert HOSTILE.split(" $")[0] in _Page(text).text
    assert "| " + HOSTILE not in (tmp_path / "manuscript.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_real_data_are_stamped_real(example: dict[str, Any]) -> None:
    example["header"]["data"] = "real"
    text = _Page(html_page(_built(example))).text
    assert "REAL DATA" in text
    assert "SYNTHETIC" not in text


def test_every_part_may_be_missing(example: dict[str, Any]) -> None:
    for key in (
        "baseline",
        "performance",
        "approval",
        "cutoff",
        "decompensation",
        "forest",
        "sensitivity",
        "risk_model",
        "missing_data",
        "flow",
    ):
        example[key]["not_done"] = f"no {key} here"
    for key in (
        "distributions",
        "overall",
        "by_sv",
        "by_factor",
        "by_size",
        "cox_univariable",
        "cox_multivariable",
        "sv_effect",
        "discrimination",
        "truth",
    ):
        example[key] = []
    document = _built(example)
    assert all(s.not_done for s in document.sections if s.key != "provenance")
    assert "No baseline here." in _Page(html_page(document)).text


@pytest.mark.slow
def test_unknown_values_everywhere_leave_dashes_not_errors(example: dict[str, Any], tmp_path: Path) -> None:
    def blanked(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: blanked(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [blanked(v, key) for v in value]
        keep = {"horizon", "time", "level", "threshold", "net_benefit", "treat_all", "predicted", "value"}
        curves = {"estimate", "low", "high", "x", "hazard_ratio", "tried", "tried_statistics", "cutoffs"}
        return None if isinstance(value, float) and key not in keep | curves else value

    for part in ("baseline", "approval", "sensitivity", "forest", "cox_univariable", "cox_multivariable"):
        example[part] = blanked(example[part], part)
    write_report(example, tmp_path, ["html"])
    assert "–" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_word_tables_carry_every_table_and_the_stamp_on_every_page(report: Path) -> None:
    import docx

    word = docx.Document(str(report / "tables.docx"))
    document = build(load(EXAMPLE)[0])
    assert len(word.tables) == len(document.tables)
    assert all("SYNTHETIC DATA" in s.header.paragraphs[0].text for s in word.sections)
    for made, table in zip(word.tables, document.tables):
        assert [c.text for c in made.rows[0].cells] == list(table.columns)
        assert len(made.rows) == len(table.rows) + 1


@pytest.mark.slow
def test_files_hold_no_date_of_their_own(report: Path, tmp_path: Path) -> None:
    write_report(EXAMPLE, tmp_path, ["html", "docx", "manuscript"])
    for path in sorted(report.iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name
    with zipfile.ZipFile(report / "tables.docx") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_half_written_is_left(report: Path) -> None:
    assert sorted(p.name for p in report.iterdir()) == [
        "manuscript.docx",
        "manuscript.md",
        "report.html",
        "results.json",
        "tables.docx",
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format_version": 99}'])
def test_other_files_are_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="results") as caught:
        write_report(path, tmp_path / "out")
    assert caught.value.code == "not-results"
    assert not (tmp_path / "out").exists()


def test_a_missing_field_is_named(example: dict[str, Any], tmp_path: Path) -> None:
    del example["by_sv"][0]["groups"][1]["median"]
    with pytest.raises(InputError, match=r"by_sv\[0\].groups\[1\].median is missing"):
        write_report(example, tmp_path, ["html"])


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="html, pdf, docx, figures, manuscript"):
        write_report(EXAMPLE, tmp_path, ["excel"])
    assert set(FORMATS) == {"html", "pdf", "docx", "figures", "manuscript"}


@pytest.mark.slow
def test_figure_files_in_four_kinds(tmp_path: Path) -> None:
    written = write_report(EXAMPLE, tmp_path, ["figures"])
    names = {p.name for p in written if p.parent.name == "figures"}
    assert {"km-os-sv-ml.svg", "km-os-sv-ml-dark.svg", "km-os-sv-ml.pdf", "km-os-sv-ml.png"} <= names
    assert len(names) == 4 * 14


@pytest.mark.slow
def test_pdf_has_the_stamp_on_every_page_and_is_the_same_twice(
    example: dict[str, Any], tmp_path: Path, pdftotext: str
) -> None:
    example["header"]["title"] = HOSTILE
    for key in ("overall", "by_size", "sv_effect", "discrimination", "distributions"):
        example[key] = []
    for name in ("one", "two"):
        write_report(example, tmp_path / name, ["pdf"])
    pdf = tmp_path / "one" / "report.pdf"
    assert pdf.read_bytes() == (tmp_path / "two" / "report.pdf").read_bytes()
    text = subprocess.run([pdftotext, "-layout", pdf, "-"], capture_output=True, check=True).stdout.decode(
        "utf-8"
    )
    pages = text.split("\f")[:-1]
    assert len(pages) > 10
    for number, words in enumerate(pages, 1):
        assert "SYNTHETIC DATA" in words
        assert "<script>alert(1)</script>" in words.replace("\n", " ")
        assert f"{number} / {len(pages)}" in words


def test_sorting_in_a_browser(report: Path, tmp_path: Path, chromium: str) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    click = """<script>
const head = document.querySelectorAll("#table-cox-multivariable-os-2 th")[3].querySelector("button");
const column = () => Array.from(document.querySelectorAll("#table-cox-multivariable-os-2 tbody tr"),
                                r => r.cells[3].textContent);
const seen = [column()]; for (let i = 0; i < 3; i++) { head.click(); seen.push(column()); }
document.getElementById("theme").click();
document.body.dataset.seen = JSON.stringify(seen);
document.body.dataset.theme = document.documentElement.dataset.theme;
</script></body>"""
    path = tmp_path / "page.html"
    path.write_text(text.replace("</body>", click), encoding="utf-8")
    dumped = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout.decode("utf-8")
    body = next(a for t, a in _Page(dumped).tags if t == "body")
    original, up, down, again = json.loads(str(body["data-seen"]))
    assert up == sorted(original, key=lambda p: float(p.strip("< ")))
    assert down == up[::-1]
    assert again == original
    assert body["data-theme"] == "light"
