"""The patients of a study as arrays: one row a patient, NaN where not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from splenic.errors import UsageError
from splenic.study.results import FlowStep, InputFile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Variable:
    """A column.

    Attributes
    ----------
    key, label, unit : str
        Its name in files, its name for readers, and its unit (None without).
    kind : {"continuous", "binary", "categorical"}
    values : ndarray, shape (n,)
        Numbers; of a category its place in ``levels``.
    levels : tuple of str
        Names of the categories, in their natural order; of a binary variable (no, yes).
    """

    key: str
    label: str
    kind: Literal["continuous", "binary", "categorical"]
    values: Floats
    unit: str | None = None
    levels: tuple[str, ...] = ()

    @property
    def known(self) -> Bools:
        """Where there is a value."""
        return np.asarray(~np.isnan(self.values))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Time to an event; ``time`` in months, ``event`` 1 seen, 0 censored, NaN not known; shape (n,)."""

    key: str
    label: str
    time: Floats
    event: Floats

    @property
    def known(self) -> Bools:
        """Where both are known."""
        return np.asarray(~(np.isnan(self.time) | np.isnan(self.event)))


@dataclass(frozen=True, slots=True)
class Decompensated:
    """Decompensation under one definition.

    Attributes
    ----------
    within : ndarray, shape (n,)
        1 within the window, 0 not, NaN not known (e.g. lost to follow-up before its end).
    time : ndarray, shape (n,)
        Months to decompensation, competing event or end of follow-up; NaN where only the window is known.
    status : ndarray, shape (n,)
        0 censored, 1 decompensation, 2 competing.
    competing : str
        What competes, in words.
    not_done : str or None
        Why there is nothing.
    """

    within: Floats
    time: Floats
    status: Floats
    competing: str
    not_done: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reads:
    """What readers said of the masks, also of patients who are not in the study because of it; shape (m,).

    Attributes
    ----------
    verdict : ndarray
        1, 2, 3; NaN unread.
    development : ndarray of bool
        Used in development.
    """

    verdict: Floats
    development: Bools


@dataclass(frozen=True, slots=True)
class StudyData:
    """Everything the analyses read.

    Attributes
    ----------
    patients : tuple of str
        Pseudonyms, one a row; only ``risks.csv`` repeats them.
    development : ndarray of bool, shape (n,)
        Used in development.
    verdict : ndarray, shape (n,)
        Reader's verdict 1, 2, 3; NaN unread.
    measured, complete : ndarray of bool, shape (n,)
        Whether there is a measurement, and whether the whole spleen lies in the scan.
    """

    patients: tuple[str, ...]
    variables: Mapping[str, Variable]
    endpoints: Mapping[str, Endpoint]
    development: Bools
    verdict: Floats
    measured: Bools
    complete: Bools
    reads: Reads | None = None
    decompensation: Decompensated | None = None
    flow: tuple[FlowStep, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of patients."""
        return len(self.patients)

    def variable(self, key: str) -> Variable:
        """A column by its key; its absence is told with what there is."""
        found = self.variables.get(key)
        if found is None:
            raise UsageError(
                "unknown-column",
                f"the protocol names {key}, which the cohort does not have",
                f"it has {', '.join(sorted(self.variables))}",
            )
        return found

    def endpoint(self, key: str) -> Endpoint:
        """An endpoint by its key."""
        found = self.endpoints.get(key)
        if found is None:
            raise UsageError(
                "unknown-endpoint",
                f"the protocol names the endpoint {key}, which the cohort does not have",
                f"it has {', '.join(sorted(self.endpoints)) or 'none'}; map its columns in the dictionary",
            )
        return found

    def with_variable(self, variable: Variable) -> StudyData:
        """The same with one more column, or with another one under its key."""
        return replace(self, variables={**self.variables, variable.key: variable})


def lower_first(label: str) -> str:
    """A label inside a sentence: ``Overall survival`` becomes ``overall survival``, ``SV`` stays."""
    return label if label[:2].isupper() or label[1:2] == "-" else label[:1].lower() + label[1:]
