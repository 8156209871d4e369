"""A typed cohort: patients, where every value came from, and who was left out."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from splenic.cohort.problems import Problem
from splenic.cohort.scores import body_surface_area, sv_by_bsa

Value = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Spleen:
    """What was measured on the CT that stands for the patient.

    Attributes
    ----------
    case_id, study_date, status : str
    days_from_tace : int or None
        Date of the CT less date of TACE: negative before it.
    sv_ml : float
        The reader's correction where there is one, else as measured.
    corrected : bool
        Whether `sv_ml` is a reader's correction.
    complete : bool or None
        False: the spleen is cut and `sv_ml` a lower bound. None: not known.
    verdict : int or None
        1 perfect, 2 acceptable, 3 failed.
    craniocaudal_mm, axial_diameter_mm, width_mm, thickness_mm, splenic_index_cm3 : float or None
        2D sizes; None where the reader rejected the outline they were taken from.
    """

    case_id: str
    study_date: datetime.date
    status: str
    days_from_tace: int | None
    sv_ml: float
    corrected: bool
    complete: bool | None
    verdict: int | None
    craniocaudal_mm: float | None
    axial_diameter_mm: float | None
    width_mm: float | None
    thickness_mm: float | None
    splenic_index_cm3: float | None


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient; None where a value is not known. Units stand in the names; times run from first TACE."""

    row: int
    patient_id: str
    sex: str | None = None
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    diagnosis_date: datetime.date | None = None
    tace_date: datetime.date | None = None
    progression_date: datetime.date | None = None
    decompensation_date: datetime.date | None = None
    transplant_date: datetime.date | None = None
    last_contact_date: datetime.date | None = None
    death_date: datetime.date | None = None
    death: bool | None = None
    progression: bool | None = None
    decompensation: bool | None = None
    transplant: bool | None = None
    os_days: float | None = None
    progression_days: float | None = None
    decompensation_days: float | None = None
    transplant_days: float | None = None
    development: bool | None = None
    cirrhosis: bool | None = None
    cholestatic: bool | None = None
    dialysis: bool | None = None
    ascites: str | None = None
    encephalopathy: str | None = None
    child_pugh: str | None = None
    child_pugh_points: float | None = None
    child_pugh_points_after: float | None = None
    bclc: str | None = None
    ecog: str | None = None
    tumour_number: int | str | None = None
    tumour_size_cm: float | None = None
    multinodular: bool | None = None
    portal_vein_thrombosis: bool | None = None
    vascular_invasion: bool | None = None
    extrahepatic_spread: bool | None = None
    radiologic_response: bool | None = None
    bilirubin_umol_l: float | None = None
    albumin_g_l: float | None = None
    creatinine_mg_dl: float | None = None
    inr: float | None = None
    pt_prolongation_s: float | None = None
    platelets_10e9_l: float | None = None
    ast_u_l: float | None = None
    alt_u_l: float | None = None
    ast_after_u_l: float | None = None
    ast_upper_limit_u_l: float | None = None
    afp_ng_ml: float | None = None
    sodium_mmol_l: float | None = None
    crp_mg_dl: float | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)
    spleen: Spleen | None = None

    @property
    def bsa_m2(self) -> float | None:
        """Body surface, Mosteller."""
        return body_surface_area(self.height_cm, self.weight_kg).value

    @property
    def sv_bsa_ml_m2(self) -> float | None:
        """SV by body surface."""
        sv_ml = None if self.spleen is None else self.spleen.sv_ml
        return sv_by_bsa(sv_ml, self.height_cm, self.weight_kg).value


PATIENT_NAMES = tuple(item.name for item in fields(Patient) if item.name not in ("extra", "spleen"))
SPLEEN_NAMES = tuple(item.name for item in fields(Spleen))
DERIVED_NAMES = ("bsa_m2", "sv_bsa_ml_m2")


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """Where a value came from: the table's columns, their unit, and what was done to it."""

    name: str
    columns: tuple[str, ...]
    unit: str = ""
    conversion: str = ""
    known: int = 0


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One step of the flow chart: how many patients were left out, and why."""

    reason: str
    n: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JoinReport:
    """How measured cases found their patients.

    Attributes
    ----------
    joined : int
        Patients with a spleen.
    orphans : tuple of str
        Cases of patients that are not in the table.
    unmeasured : tuple of int
        Rows of patients without any case.
    ties, passed_over : tuple of str
        Sentences: which of several equally near cases was taken; which nearer case was not, and why.
    """

    joined: int
    orphans: tuple[str, ...] = ()
    unmeasured: tuple[int, ...] = ()
    ties: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.joined} patients with a spleen"]
        lines += [f"tie: {sentence}" for sentence in self.ties]
        lines += [f"passed over: {sentence}" for sentence in self.passed_over]
        if self.orphans:
            lines.append(f"{len(self.orphans)} cases of patients not in the table: {', '.join(self.orphans)}")
        if self.unmeasured:
            rows = ", ".join(map(str, self.unmeasured))
            lines.append(f"{len(self.unmeasured)} patients without any case: rows {rows}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Patients with clinical values, outcomes and, once joined, measurements.

    Attributes
    ----------
    name : str
        From the data dictionary.
    table : str
        File the values were read from.
    read : int
        Rows in the table, before anyone was left out.
    patients : tuple of Patient
        In the table's order.
    exclusions : tuple of Exclusion
        In the order they were applied; `read` less all of them is the number of patients.
    warnings : tuple of Problem
        What is worth knowing, with the reason where a question was accepted.
    sources : tuple of ColumnSource
        Where every value came from.
    unused_columns : tuple of str
        Columns that the dictionary does not mention.
    reported_in : str
        The laboratory's unit of bilirubin, which decides Child–Pugh's limits.
    join : JoinReport or None
    """

    name: str
    table: str
    read: int
    patients: tuple[Patient, ...]
    exclusions: tuple[Exclusion, ...] = ()
    warnings: tuple[Problem, ...] = ()
    sources: tuple[ColumnSource, ...] = ()
    unused_columns: tuple[str, ...] = ()
    reported_in: str = "mg/dl"
    join: JoinReport | None = None

    def __len__(self) -> int:
        return len(self.patients)

    def values(self, name: str) -> tuple[Value | datetime.date, ...]:
        """One value of every patient, None where not known.

        Parameters
        ----------
        name : str
            An attribute of :class:`Patient` or :class:`Spleen`, or a name under ``extra``.

        Raises
        ------
        KeyError
            No such value.
        """
        if name in PATIENT_NAMES or name in DERIVED_NAMES:
            return tuple(getattr(patient, name) for patient in self.patients)
        if name in SPLEEN_NAMES:
            return tuple(
                None if patient.spleen is None else getattr(patient.spleen, name) for patient in self.patients
            )
        if self.patients and name not in self.patients[0].extra:
            raise KeyError(name)
        return tuple(patient.extra[name] for patient in self.patients)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Numbers and flags (1 and 0) as an array of shape (patients,), NaN where not known.

        Raises
        ------
        KeyError
            No such value.
        TypeError
            A code or a date, which :meth:`values` gives.
        """
        values = self.values(name)
        if any(isinstance(value, (str, datetime.date)) for value in values):
            raise TypeError(f"{name} is no number")
        return np.array([math.nan if value is None else float(value) for value in values])  # type: ignore[arg-type]

    def known(self, name: str) -> int:
        """How many patients have a value."""
        return sum(value is not None for value in self.values(name))

    def flow(self) -> tuple[tuple[str, int], ...]:
        """The flow chart: what the table held, each exclusion, who is left."""
        steps = [(f"in {self.table}", self.read)]
        steps += [(exclusion.reason, exclusion.n) for exclusion in self.exclusions]
        return (*steps, ("in the analysis", len(self.patients)))

    def __str__(self) -> str:
        (first, read), *steps, (last, left) = self.flow()
        lines = [f"cohort {self.name}: {read} {first}"]
        lines += [f"  - {n:>5}  {reason}" for reason, n in steps]
        lines.append(f"  = {left:>5}  {last}")
        lines += [f"  {warning}" for warning in self.warnings]
        return "\n".join(lines)


def months(days: float) -> float:
    """Days as months of 365.25 / 12 days."""
    return days * 12 / 365.25
