"""Covariates of the protocol as columns of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splenic.errors import UsageError
from splenic.study.data import Floats, StudyData, Variable
from splenic.study.protocol import Covariate


@dataclass(frozen=True, slots=True)
class Term:
    """One column of a model: its name, its values (n,) and how to read its coefficient."""

    name: str
    variable: str
    label: str
    values: Floats
    reference: str | None = None
    unit: str | None = None
    title: str = ""
    """The variable alone, where the label says more."""

    @property
    def binary(self) -> bool:
        """Whether it holds 0 and 1 only."""
        return bool(np.isin(self.values[~np.isnan(self.values)], (0.0, 1.0)).all())


def terms_of(covariate: Covariate, data: StudyData) -> tuple[Term, ...]:
    """The columns a covariate stands for: one of a number, one a category less the reference."""
    variable = data.variable(covariate.column)
    if variable.kind == "continuous":
        if covariate.groups is not None:
            raise UsageError(
                "not-a-category",
                f"the protocol groups {variable.key}, which is a number",
                "leave the groups out, or name a categorical column",
            )
        return (_number(covariate, variable),)
    if covariate.transform != "none" or covariate.per != 1.0:
        raise UsageError(
            "not-a-number", f"the protocol transforms {variable.key}, which is no number", "name it alone"
        )
    return _categories(covariate, variable)


def design(terms: Sequence[Term]) -> Floats:
    """Columns side by side, shape (n, p)."""
    return np.column_stack([term.values for term in terms])


def grouped(covariate: Covariate, data: StudyData) -> Variable:
    """A categorical column under the covariate's groups; levels without a patient are left out."""
    variable = data.variable(covariate.column)
    if variable.kind == "continuous":
        raise UsageError(
            "not-a-category",
            f"{variable.key} is a number and cannot make groups",
            "name a categorical column",
        )
    names, codes = _groups(covariate, variable)
    used = [k for k in range(len(names)) if (codes == k).any()]
    place = np.full(len(names) + 1, np.nan)
    place[used] = np.arange(len(used))
    values = np.where(np.isnan(codes), np.nan, place[np.nan_to_num(codes, nan=-1).astype(int)])
    label = covariate.label or variable.label
    return Variable(variable.key, label, "categorical", values, None, tuple(names[k] for k in used))


def _number(covariate: Covariate, variable: Variable) -> Term:
    values, label, unit = variable.values, covariate.label or variable.label, variable.unit
    name = variable.key
    if covariate.transform != "none":
        if (values <= 0).any():
            raise UsageError(
                "not-positive",
                f"{covariate.transform} {variable.key}: {int((values <= 0).sum())} values are not positive",
                "leave the transform out, or mend the table",
            )
        function = {"log10": np.log10, "log2": np.log2, "ln": np.log}[covariate.transform]
        values = np.asarray(function(values), dtype=np.float64)
        name, label = f"{covariate.transform}_{name}", f"{label}, {covariate.transform}"
        unit = {"log10": "per tenfold", "log2": "per doubling", "ln": "per e-fold"}[covariate.transform]
    elif covariate.per != 1.0:
        unit = f"per {covariate.per:g}" + (f" {unit}" if unit else "")
    elif unit:
        unit = f"per {unit.removesuffix('s') if unit == 'years' else unit}"
    title = covariate.label or variable.label
    return Term(name, variable.key, label, values / covariate.per, None, unit, title)


def _categories(covariate: Covariate, variable: Variable) -> tuple[Term, ...]:
    names, codes = _groups(covariate, variable)
    label = covariate.label or variable.label
    used = [k for k in range(len(names)) if (codes == k).any()]
    reference, others = used[:1], used[1:]
    binary = variable.kind == "binary" and covariate.groups is None
    return tuple(
        Term(
            name=variable.key if binary else f"{variable.key}={names[k]}",
            variable=variable.key,
            label=label if binary else f"{label} {names[k]}",
            values=np.where(np.isnan(codes), np.nan, (codes == k).astype(np.float64)),
            reference=names[reference[0]],
            title=label,
        )
        for k in others
    )


def _groups(covariate: Covariate, variable: Variable) -> tuple[list[str], Floats]:
    """Names of the groups and the group of each row; levels in no group are missing."""
    if covariate.groups is None:
        return list(variable.levels), variable.values
    place = {}
    for k, group in enumerate(covariate.groups):
        for level in group:
            if level not in variable.levels:
                raise UsageError(
                    "unknown-category",
                    f"the protocol names {level} in {variable.key}, which has no such value",
                    f"it has {', '.join(variable.levels)}",
                )
            place[variable.levels.index(level)] = k
    codes = np.array([np.nan if np.isnan(v) else place.get(int(v), np.nan) for v in variable.values])
    return ["/".join(group) for group in covariate.groups], codes
