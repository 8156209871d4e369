"""Covariates as columns."""

from __future__ import annotations

import numpy as np
import pytest

from splenic.errors import UsageError
from splenic.study import StudyData
from splenic.study.protocol import Covariate
from splenic.study.terms import grouped, terms_of


def _term(text: str, data: StudyData) -> list[tuple[str, str, str | None, str | None]]:
    found = terms_of(Covariate.model_validate(text), data)
    return [(term.name, term.label, term.reference, term.unit) for term in found]


def test_numbers(tiny: StudyData) -> None:
    assert _term("age_years", tiny) == [("age_years", "Age", None, "per year")]
    assert _term("age_years per 10", tiny) == [("age_years", "Age", None, "per 10 years")]
    assert _term("log2 sv_ml", tiny) == [("log2_sv_ml", "SV, log2", None, "per doubling")]
    values = terms_of(Covariate.model_validate("log2 sv_ml"), tiny)[0].values
    np.testing.assert_allclose(2**values, tiny.variable("sv_ml").values)


def test_categories(tiny: StudyData) -> None:
    assert _term("child_pugh", tiny) == [
        ("child_pugh=B", "Child–Pugh B", "A", None),
        ("child_pugh=C", "Child–Pugh C", "A", None),
    ]
    assert _term("child_pugh A | B, C", tiny) == [("child_pugh=B/C", "Child–Pugh B/C", "A", None)]


def test_levels_in_no_group_are_missing(tiny: StudyData) -> None:
    term = terms_of(Covariate.model_validate("child_pugh A | C"), tiny)[0]
    codes = tiny.variable("child_pugh").values
    np.testing.assert_equal(np.isnan(term.values), codes == 1)
    np.testing.assert_equal(term.values[codes == 2], 1.0)


def test_groups_without_a_patient_are_left_out(tiny: StudyData) -> None:
    found = grouped(Covariate(column="child_pugh", groups=(("B",), ("A", "C"))), tiny)
    assert found.levels == ("B", "A/C")
    assert set(found.values.tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("age", "the protocol names age, which the cohort does not have; it has age_years, child_pugh"),
        ("child_pugh A | D", "names D in child_pugh, which has no such value; it has A, B, C"),
        ("log10 child_pugh", "transforms child_pugh, which is no number"),
        ("age_years A | B", "groups age_years, which is a number"),
    ],
)
def test_what_cannot_be_is_named(text: str, sentence: str, tiny: StudyData) -> None:
    with pytest.raises(UsageError, match=sentence.replace("|", r"\|")):
        terms_of(Covariate.model_validate(text), tiny)


def test_no_logarithm_of_nothing(tiny: StudyData) -> None:
    from dataclasses import replace

    age = tiny.variable("age_years")
    data = tiny.with_variable(replace(age, values=np.r_[0.0, age.values[1:]]))
    with pytest.raises(UsageError, match="log10 age_years: 1 values are not positive"):
        terms_of(Covariate.model_validate("log10 age_years"), data)
