"""What a bundle does on cases with reference masks, measured through the engine that users run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from splenic.ct import read_nifti
from splenic.evaluate import compare
from splenic.segment.types import Engine
from splenic.train.data import TrainingCase


@dataclass(frozen=True, slots=True)
class CaseScore:
    """Agreement of one case's mask with its reference; ``trained_on`` says whether its patient was seen."""

    case: str
    patient: str
    trained_on: bool
    dice: float
    hd95_mm: float
    sv_ml: float
    reference_ml: float

    @property
    def sv_error(self) -> float:
        """Signed relative error of SV."""
        return self.sv_ml / self.reference_ml - 1


def assess(engine: Engine, cases: Sequence[TrainingCase], held_out: Iterable[str]) -> tuple[CaseScore, ...]:
    """Segment every case that has a reference mask and compare.

    Parameters
    ----------
    held_out : iterable of str
        Patients that the bundle's weights have never seen.
    """
    unseen = frozenset(held_out)
    scores = []
    for case in cases:
        if case.mask is None:
            continue
        scan = read_nifti(case.image)
        reference = read_nifti(case.mask)
        result = engine.segment(scan.volume, scan.info)
        found = compare(result.whole_mask() > 0, reference.volume.hu > 0.5, scan.volume.geometry)
        scores.append(
            CaseScore(
                case.name,
                case.patient,
                case.patient not in unseen,
                found.dice,
                found.hd95_mm,
                found.prediction_ml,
                found.reference_ml,
            )
        )
    return tuple(scores)


def summary(scores: Sequence[CaseScore]) -> dict[str, Any]:
    """Means, medians and the worst case, and every case, as ``metrics.json`` has them."""
    if not scores:
        return {"cases": 0}
    worst = min(scores, key=lambda s: s.dice)
    return {
        "cases": len(scores),
        "patients": len({s.patient for s in scores}),
        "dice_mean": round(mean(s.dice for s in scores), 4),
        "dice_min": round(worst.dice, 4),
        "worst_case": worst.case,
        "hd95_mm_median": round(median(s.hd95_mm for s in scores), 2),
        "sv_error_absolute_median": round(median(abs(s.sv_error) for s in scores), 4),
        "sv_error_absolute_max": round(max(abs(s.sv_error) for s in scores), 4),
        "each": [
            {
                "case": s.case,
                "dice": round(s.dice, 4),
                "hd95_mm": round(s.hd95_mm, 2),
                "sv_ml": round(s.sv_ml, 1),
                "reference_ml": round(s.reference_ml, 1),
            }
            for s in sorted(scores, key=lambda s: s.dice)
        ],
    }
