"""Check the failure score, and fit its weights, on masks damaged on purpose.

``python -m splenic.quality.check SCANS MASKS`` reads pairs of NIfTI files with equal names, damages every
reference mask in every way of :mod:`splenic.quality.damage`, and prints how well the score separates good
masks (Dice ≥ 0.93 against the reference) from bad ones (Dice < 0.85), every patient scored with weights
fitted without that patient. ``--write FILE`` writes coefficients fitted on all patients.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from splenic.ct import Volume, box_around, read_nifti
from splenic.ct.geometry import Box
from splenic.measure import measure
from splenic.quality.damage import DAMAGES, doubtful, soft
from splenic.quality.features import features
from splenic.quality.score import REVIEW_THRESHOLD, Model, shipped_model
from splenic.segment.types import Segmentation

GOOD_DICE, BAD_DICE = 0.93, 0.85
_MARGIN_MM = 45.0
# How strongly a fitted weight is held at the one set by reasoning; the masks here are not a network's.
_PRIOR = 0.02


@dataclass(frozen=True, slots=True)
class Sample:
    """One damaged mask: of whom, how damaged, how far from the reference, and its features."""

    case: str
    patient: str
    damage: str
    dice: float
    features: Mapping[str, float]

    @property
    def is_bad(self) -> bool | None:
        """True for a mask that a reader should see, False for a good one, None in between."""
        return True if self.dice < BAD_DICE else False if self.dice >= GOOD_DICE else None


def patient_of(case: str) -> str:
    """The patient in a case's name: its first two words."""
    return "_".join(case.split("_")[:2])


def samples_of(case: str, volume: Volume, reference: npt.NDArray[np.bool_]) -> Iterator[Sample]:
    """Every damage of one reference mask, with a sure and an unsure probability in turn."""
    geometry = volume.geometry
    near = box_around(reference, _margin(volume))
    if near is None:
        return
    for number, (name, damage) in enumerate(DAMAGES.items()):
        box = _everywhere(volume) if name == "other side" else near
        grid, true = geometry.crop(box), reference[box]
        rng = np.random.default_rng(zlib.crc32(f"{case} {name}".encode()))
        mask = damage(true, volume.hu[box], grid, rng)
        if not mask.any():
            continue
        width_mm = float(rng.uniform(0.6, 1.6))
        if (number + zlib.crc32(case.encode())) % 2:
            probability = soft(mask, grid, width_mm)
        else:
            probability = doubtful(mask, true, grid, width_mm, float(rng.uniform(0.55, 0.9)))
        found = Segmentation(geometry, box, probability, mask)
        values = features(measure(found, volume), found, volume)
        dice = 2 * int((mask & true).sum()) / int(mask.sum() + true.sum())
        yield Sample(case, patient_of(case), name, dice, values)


def _margin(volume: Volume) -> tuple[int, int, int]:
    margins = [math.ceil(_MARGIN_MM / step) for step in volume.geometry.spacing_mm]
    return (margins[0], margins[1], margins[2])


def _everywhere(volume: Volume) -> Box:
    shape = volume.geometry.shape
    return (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))


def fitted(model: Model, samples: Sequence[Sample]) -> Model:
    """The model with weights and intercept fitted to samples, each weight ≥ 0 and held at its own.

    Damages are weighted so that good and bad masks count equally; where no sample speaks of a term, its
    weight stays.
    """
    from scipy.optimize import minimize

    known = [sample for sample in samples if sample.is_bad is not None]
    unit = replace(model, terms=tuple(replace(term, weight=1.0) for term in model.terms))
    evidence = np.array([[term.evidence(sample.features) for term in unit.terms] for sample in known])
    bad = np.array([bool(sample.is_bad) for sample in known])
    share = np.where(bad, 0.5 / max(bad.sum(), 1), 0.5 / max((~bad).sum(), 1))
    start = np.array([model.intercept, *[term.weight for term in model.terms]])
    heard = np.concatenate([[True], evidence.max(axis=0) > 0])

    def loss(weights: npt.NDArray[np.float64]) -> float:
        logit = weights[0] + evidence @ weights[1:]
        wrong = np.logaddexp(0, np.where(bad, -logit, logit))
        return float((share * wrong).sum() + _PRIOR * ((weights - start) ** 2)[heard].sum())

    limits = [(None, 0.0), *[(0.0, None)] * len(model.terms)]
    best = np.where(heard, minimize(loss, start, bounds=limits, method="L-BFGS-B").x, start)
    terms = [replace(term, weight=round(float(w), 2)) for term, w in zip(model.terms, best[1:], strict=True)]
    return Model(round(float(best[0]), 2), tuple(terms), model.basis)


def left_out_scores(model: Model, samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
    """Score of every sample by a model fitted without its patient."""
    scores = np.empty(len(samples))
    for patient in sorted({sample.patient for sample in samples}):
        without = fitted(model, [sample for sample in samples if sample.patient != patient])
        for n, sample in enumerate(samples):
            if sample.patient == patient:
                scores[n] = without.score(sample.features)
    return scores


def roc_auc(scores: npt.NDArray[np.float64], bad: npt.NDArray[np.bool_]) -> float:
    """Probability that a bad mask scores above a good one, ties counted half (Mann-Whitney)."""
    higher = scores[bad][:, None] - scores[~bad][None, :]
    return float((higher > 0).mean() + 0.5 * (higher == 0).mean())


def table(samples: Sequence[Sample], scores: npt.NDArray[np.float64]) -> str:
    """What was found, per damage and in all."""
    known = np.array([sample.is_bad is not None for sample in samples])
    bad = np.array([bool(sample.is_bad) for sample in samples])
    flagged = scores >= REVIEW_THRESHOLD
    lines = [f"{'damage':28s} {'Dice':>6s} {'bad':>5s} {'found':>6s} {'good':>5s} {'flagged':>8s}"]
    for name in dict.fromkeys(sample.damage for sample in samples):
        of = np.array([sample.damage == name for sample in samples])
        dice = float(np.median([sample.dice for sample in samples if sample.damage == name]))
        good = of & known & ~bad
        lines.append(f"{name:28s} {dice:6.3f} {(of & bad).sum():5d} {(flagged & of & bad).sum():6d} "
                     f"{good.sum():5d} {(flagged & good).sum():8d}")
    good = known & ~bad
    lines.append(f"ROC AUC {roc_auc(scores[known], bad[known]):.3f}; found {flagged[bad].mean():.1%} of "
                 f"{bad.sum()} bad masks, flagged {flagged[good].mean():.1%} of {good.sum()} good ones; "
                 f"{len({sample.patient for sample in samples})} patients")
    return "\n".join(lines)


def read_samples(scans: Path, masks: Path) -> list[Sample]:
    """Samples of every pair of files with equal names."""
    found: list[Sample] = []
    for path in sorted(masks.glob("*.nii.gz")):
        volume = read_nifti(scans / path.name).volume
        reference = read_nifti(path).volume.hu > 0
        found += samples_of(path.name.removesuffix(".nii.gz"), volume, reference)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(prog="python -m splenic.quality.check", description=__doc__)
    parser.add_argument("scans", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--write", type=Path, help="write coefficients fitted on all patients")
    chosen = parser.parse_args(arguments)
    samples = read_samples(chosen.scans, chosen.masks)
    model = shipped_model()
    sys.stdout.write("Every patient scored with weights fitted without that patient\n")
    sys.stdout.write(table(samples, left_out_scores(model, samples)) + "\n")
    shipped = np.array([model.score(sample.features) for sample in samples])
    sys.stdout.write("The shipped weights\n" + table(samples, shipped) + "\n")
    if chosen.write is not None:
        new = fitted(model, samples)
        data = {"basis": new.basis, "intercept": new.intercept, "terms": [asdict(term) for term in new.terms]}
        chosen.write.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
