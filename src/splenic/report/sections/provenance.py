"""What was run, on which files, with which versions, by which protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splenic.report.document import Section, Table, rows_of


def provenance(results: Any) -> Section:
    """Inputs, versions and the resolved protocol."""
    header = results.header
    files = [(f.role, f.name, "–" if f.rows is None else str(f.rows), f.sha256) for f in header.inputs]
    versions = [
        ("splenic", header.splenic_version),
        *((name, header.versions[name]) for name in header.versions),
    ]
    plan = list(_flat(header.protocol.plain()))
    tables = (
        Table(
            "inputs", "Input files", ("Role", "File", "Rows", "SHA-256"), rows_of(files), text_columns=(1, 3)
        ),
        Table("versions", "Software", ("Program", "Version"), rows_of(versions)),
        Table(
            "protocol", "Protocol, with every default", ("Setting", "Value"), rows_of(plan), text_columns=(1,)
        ),
    )
    models = (
        f"Segmentation: {', '.join(header.models)}." if header.models else "No segmentation model is named."
    )
    text = f"Seed {header.seed}; {header.resamples} resamples where resampling is used. {models}"
    return Section("provenance", "Provenance", (text,), tables=tables)


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from _flat(value, name)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for i, entry in enumerate(value):
                yield from _flat(entry, f"{name}[{i + 1}]")
        else:
            yield name, _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
