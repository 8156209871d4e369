"""What a cohort can know of a patient: names, units, and which values are possible or unusual."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from splenic.cohort.scores import ASCITES, BILIRUBIN_UMOL_L_PER_MG_DL, CHILD_PUGH_CLASSES, ENCEPHALOPATHY

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Unit:
    """To the canonical unit: multiplied by `times`, divided by `by`."""

    name: str
    times: float = 1.0
    by: float = 1.0

    def convert(self, value: float) -> float:
        """The value in the canonical unit."""
        if self.times == 1 and self.by == 1:
            return value
        return value * self.times / self.by

    @property
    def rule(self) -> str:
        """``× 17.104``, or empty where nothing is converted."""
        times = "" if self.times == 1 else f"× {self.times:g}"
        by = "" if self.by == 1 else f"÷ {self.by:g}"
        return " ".join(part for part in (times, by) if part)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value.

    Attributes
    ----------
    attribute : str
        Its name in :class:`~splenic.cohort.types.Patient`, unit included.
    unit : str
        The canonical unit.
    units : tuple of Unit
        Those a table may use.
    possible, usual : tuple of float
        Limits in the canonical unit. Outside `possible` a value is refused; outside `usual` it is questioned.
    whole : bool
        Only whole numbers.
    time : bool
        A duration from the first TACE.
    """

    attribute: str
    unit: str
    units: tuple[Unit, ...]
    possible: tuple[float, float]
    usual: tuple[float, float]
    whole: bool = False
    time: bool = False

    def find_unit(self, text: str) -> Unit | None:
        """The unit of that name, however it is spelled."""
        wanted = plain_unit(text)
        return next((unit for unit in self.units if plain_unit(unit.name) == wanted), None)


def plain_unit(text: str) -> str:
    """``µmol/L``, ``umol/l`` and ``μmol / l`` alike."""
    plain = text.strip().lower().replace(" ", "").replace("µ", "u").replace("μ", "u")
    return plain.replace("⁹", "^9").replace("³", "^3").replace("×", "").removeprefix("x")


_TIME_UNITS = (
    Unit("days"),
    Unit("weeks", 7),
    Unit("months", DAYS_PER_YEAR, 12),
    Unit("years", DAYS_PER_YEAR),
)
_U_L = (Unit("U/l"), Unit("IU/l"))
_PLATELETS = (
    Unit("10^9/l"),
    Unit("/nl"),
    Unit("10^3/ul"),
    Unit("G/l"),
    Unit("/ul", by=1000),
)


def _time(attribute: str) -> Quantity:
    return Quantity(attribute, "days", _TIME_UNITS, (0, 36525), (0, 9131), time=True)


def _enzyme(attribute: str) -> Quantity:
    return Quantity(attribute, "U/l", _U_L, (1, 30000), (5, 2000))


_RATIO = (Unit("1"),)
_POINTS = (Unit("points"),)

# Possible: what a living person can have. Usual: what a TACE cohort has; what lies outside is asked about.
QUANTITIES = MappingProxyType(
    {
        "age": Quantity("age_years", "years", (Unit("years"),), (0, 120), (18, 100)),
        "height": Quantity("height_cm", "cm", (Unit("cm"), Unit("m", 100)), (40, 260), (130, 215)),
        "weight": Quantity("weight_kg", "kg", (Unit("kg"),), (2, 450), (35, 220)),
        "bilirubin": Quantity(
            "bilirubin_umol_l",
            "umol/l",
            (Unit("umol/l"), Unit("mg/dl", BILIRUBIN_UMOL_L_PER_MG_DL)),
            (0.5, 1500),
            (2, 170),
        ),
        "albumin": Quantity("albumin_g_l", "g/l", (Unit("g/l"), Unit("g/dl", 10)), (0.5, 100), (15, 60)),
        "creatinine": Quantity(
            "creatinine_mg_dl", "mg/dl", (Unit("mg/dl"), Unit("umol/l", by=88.42)), (0.05, 30), (0.3, 12)
        ),
        "inr": Quantity("inr", "1", _RATIO, (0.3, 20), (0.7, 5)),
        "pt_prolongation": Quantity("pt_prolongation_s", "s", (Unit("s"),), (-10, 200), (-3, 30)),
        "platelets": Quantity("platelets_10e9_l", "10^9/l", _PLATELETS, (1, 3000), (10, 900)),
        "ast": _enzyme("ast_u_l"),
        "alt": _enzyme("alt_u_l"),
        "ast_after": _enzyme("ast_after_u_l"),
        "ast_upper_limit": Quantity("ast_upper_limit_u_l", "U/l", _U_L, (10, 150), (25, 60)),
        "afp": Quantity("afp_ng_ml", "ng/ml", (Unit("ng/ml"), Unit("ug/l")), (0, 1e8), (0, 2e6)),
        "sodium": Quantity("sodium_mmol_l", "mmol/l", (Unit("mmol/l"), Unit("mEq/l")), (90, 190), (115, 160)),
        "crp": Quantity("crp_mg_dl", "mg/dl", (Unit("mg/dl"), Unit("mg/l", by=10)), (0, 80), (0, 40)),
        "tumour_size": Quantity(
            "tumour_size_cm", "cm", (Unit("cm"), Unit("mm", by=10)), (0.1, 50), (0.4, 25)
        ),
        "child_pugh_points": Quantity("child_pugh_points", "points", _POINTS, (5, 15), (5, 15), whole=True),
        "child_pugh_points_after": Quantity(
            "child_pugh_points_after", "points", _POINTS, (5, 15), (5, 15), whole=True
        ),
        "os_time": _time("os_days"),
        "progression_time": _time("progression_days"),
        "decompensation_time": _time("decompensation_days"),
        "transplant_time": _time("transplant_days"),
    }
)

CODES = MappingProxyType(
    {
        "sex": ("female", "male"),
        "ascites": ASCITES,
        "encephalopathy": ENCEPHALOPATHY,
        "child_pugh": CHILD_PUGH_CLASSES,
        "bclc": ("0", "A", "B", "C", "D"),
        "ecog": ("0", "1", "2", "3", "4", "1-2", "3-4"),
    }
)

FLAGS = (
    "death",
    "progression",
    "decompensation",
    "transplant",
    "development",
    "cirrhosis",
    "cholestatic",
    "dialysis",
    "multinodular",
    "portal_vein_thrombosis",
    "vascular_invasion",
    "extrahepatic_spread",
    "radiologic_response",
)

DATES = (
    "diagnosis_date",
    "tace_date",
    "progression_date",
    "decompensation_date",
    "transplant_date",
    "last_contact_date",
    "death_date",
)

# A blank here is an event that did not happen, or a value that only some patients can have.
BLANK_IS_USUAL = (
    *DATES,
    "progression_time",
    "decompensation_time",
    "transplant_time",
    "pt_prolongation",
    "ast_after",
    "child_pugh_points_after",
    "radiologic_response",
)

PATIENT_ID, TUMOUR_NUMBER = "patient_id", "tumour_number"
MOST_NODULES = 100
FIELDS = (PATIENT_ID, *DATES, *FLAGS, *CODES, TUMOUR_NUMBER, *QUANTITIES)
