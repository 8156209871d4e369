"""The protocol: what it accepts, what it refuses and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from splenic.errors import UsageError
from splenic.study import Template, check_protocol, protocol_text, read_protocol
from splenic.study.protocol import Protocol, parse_covariate, resolve

SMALL: dict[str, Any] = {"title": "t", "cohort": {"table": "t.csv", "dictionary": "d.yaml"}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"cuttoff": {}}, r"cuttoff: this key is not known \(did you mean cutoff\?\)"),
        ({"cutoff": {"metod": "median"}}, r"cutoff\.metod: this key is not known \(did you mean method\?\)"),
        ({"endpoints": []}, "endpoints: "),
        ({"endpoints": ["death"]}, r"endpoints\.0: Input should be 'os', 'pfs' or 'ttp'"),
        ({"cutoff": {"method": "fixed"}}, "cutoff: method fixed needs a value"),
        ({"cutoff": {"value": 532}}, "cutoff: a value belongs to method fixed only"),
        ({"cutoff": {"minprop": 0.9, "maxprop": 0.2}}, "minprop must be less than maxprop"),
        ({"cutoff": {"validation": "development"}}, "validation development needs development cases"),
        ({"cutoff": {"method": "youden"}}, "method youden needs decompensation"),
        ({"development": {"first": 3, "column": "x"}}, "development: give either first"),
        ({"sensitivity": ["fixed-x"]}, "'fixed-x' is not one of median"),
        ({"markers": ["sv_ml"]}, "sv_ml is the main marker already"),
        ({"univariable": ["age per ten"]}, "'age per ten' is no covariate"),
        ({"level": 95}, "level: "),
        ({"version": 2}, "version: "),
    ],
)
def test_a_mistake_is_named(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_protocol(SMALL | changed)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(UsageError, match=r"cohort\.table: this key is needed"):
        check_protocol({"title": "t", "cohort": {"dictionary": "d"}})


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("age_years", {"column": "age_years"}),
        ("age_years per 10", {"column": "age_years", "per": 10.0}),
        ("log10 afp_ng_ml", {"column": "afp_ng_ml", "transform": "log10"}),
        ("child_pugh A | B, C", {"column": "child_pugh", "groups": (("A",), ("B", "C"))}),
        (
            "okuda Stage I | Stage II, Stage III",
            {"column": "okuda", "groups": (("Stage I",), ("Stage II", "Stage III"))},
        ),
    ],
)
def test_the_short_form_of_a_covariate(text: str, keys: dict[str, Any]) -> None:
    assert parse_covariate(text) == keys


@pytest.mark.parametrize(
    "template",
    [
        Template(),
        Template(measurements=None, patients="all", first=None, method="median", validation="none"),
        Template(decompensation="clinical-event", window_days=30, title='a "title": with marks'),
        Template(covariates=(), baseline=(), subgroups=(), factors=("child_pugh A | B, C",)),
    ],
)
def test_the_template_is_a_protocol_that_says_every_default(template: Template) -> None:
    plain = yaml.safe_load(protocol_text(template))
    protocol = check_protocol(plain)
    assert protocol.title == template.title
    assert protocol.cohort.measurements == template.measurements
    written = protocol_text(template)
    for name in Protocol.model_fields:
        assert f"{name}:" in written, f"the template does not mention {name}"
    # What the template leaves to a default is what a bare protocol has.
    bare = check_protocol(SMALL)
    for name in (
        "interval",
        "ties",
        "level",
        "least_events",
        "restricted_mean_months",
        "auc_months",
        "missing",
        "landmarks_months",
        "marker",
        "marker_step",
        "transplant",
        "risk",
        "imputations",
    ):
        assert getattr(protocol, name) == getattr(bare, name), name


def test_a_fixed_cutoff_in_ml_is_no_cutoff_in_mm() -> None:
    protocol = check_protocol(SMALL | {"cutoff": {"method": "fixed", "value": 532}})
    assert protocol.size_plan.method == "median"


def test_files_that_are_no_protocol(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    with pytest.raises(UsageError, match=r"p\.yaml: cannot be read"):
        read_protocol(path)
    path.write_text("title: [\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"p\.yaml, line 2: "):
        read_protocol(path)
    path.write_text("- a\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"p\.yaml: holds no keys"):
        read_protocol(path)


def test_paths_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLENIC_TEST_FOLDER", str(tmp_path))
    assert resolve("$SPLENIC_TEST_FOLDER/t.csv", Path("x")) == tmp_path / "t.csv"
    assert resolve("t.csv", tmp_path) == tmp_path / "t.csv"
    monkeypatch.delenv("SPLENIC_TEST_FOLDER")
    with pytest.raises(UsageError, match="SPLENIC_TEST_FOLDER, which is not set"):
        resolve("$SPLENIC_TEST_FOLDER/t.csv", tmp_path)
