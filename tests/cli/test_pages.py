"""The pages say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from splenic.cli import app
from splenic.pipeline import COLUMNS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])


def test_every_column_is_explained() -> None:
    page = (REPOSITORY / "docs" / "measure-command.md").read_text("utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_in_the_pages_exists(page: Path) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, rest in re.findall(r"`(?:\.venv/bin/)?splenic (\w+)([^`]*)`", page.read_text("utf-8")):
        assert name in commands or name.isupper(), f"{page.name}: no command {name}"
        if name.isupper():
            continue
        known = {flag for option in commands[name].params for flag in option.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known | {"--help"}, page.name


def test_every_option_has_a_help_text() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, one in commands.items():
        for option in one.params:
            assert getattr(option, "help", "shown"), f"{name} {option.name}"
