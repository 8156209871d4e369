"""The training loop of one stage: seeded by step, so that a run killed at any moment resumes exactly."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from splenic.errors import EngineError
from splenic.train.augment import HU_SHIFT, Variation, sample
from splenic.train.data import CachedCase
from splenic.train.networks import StemUNet, build


@dataclass(frozen=True, slots=True)
class StageSettings:
    """One stage's training. ``window_hu`` is clipped and mapped to −1…1."""

    network: dict[str, Any]
    patch: tuple[int, int, int]
    window_hu: tuple[float, float]
    steps: int
    batch: int = 1
    learning_rate: float = 1.5e-3
    warm_up: int = 50
    weight_decay: float = 1e-2
    average: float = 0.995
    checkpoint_every: int = 50
    seed: int = 2022
    variation: Variation = field(default_factory=Variation)


# Share of a patch's voxels at which a false spleen costs half as much as missing a whole one.
FALSE_SHARE = 0.002


def normalise(hu: torch.Tensor, window_hu: tuple[float, float]) -> torch.Tensor:
    """HU clipped to the window and mapped to −1…1."""
    low, high = window_hu
    return (hu.clamp(low, high) - low) * (2 / (high - low)) - 1


def loss_of(logits: torch.Tensor, fraction: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy plus soft Dice on partial-volume labels.

    Where a patch holds no spleen, Dice gives way to a term that grows from 0 to 1 with the false volume:
    cross-entropy alone, averaged over so many voxels, would hardly feel a liver taken for a spleen.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, fraction)
    probability = torch.sigmoid(logits)
    axes = (1, 2, 3, 4)
    present = (fraction.sum(axes) > 20).float()
    overlap = 2 * (probability * fraction).sum(axes)
    # The squared form is 0 only where every voxel's probability equals its partial volume.
    total = (probability**2).sum(axes) + (fraction**2).sum(axes)
    dice = 1 - (overlap + 1) / (total + 1)
    false = total / (total + FALSE_SHARE * fraction[0].numel())
    return entropy + (present * dice + (1 - present) * false).mean()


def _learning_rate(settings: StageSettings, step: int) -> float:
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _pick(rng: np.random.Generator, by_patient: Mapping[str, Sequence[int]]) -> int:
    """A case: patients are equally likely, and so are the scans of one patient."""
    patients = sorted(by_patient)
    cases = by_patient[patients[int(rng.integers(len(patients)))]]
    return cases[int(rng.integers(len(cases)))]


@dataclass
class _State:
    network: StemUNet
    averaged: StemUNet
    optimiser: torch.optim.Optimizer
    step: int = 0

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        torch.save(
            {
                "network": self.network.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        stored = torch.load(path, weights_only=True)
        self.network.load_state_dict(stored["network"])
        self.averaged.load_state_dict(stored["averaged"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.step = stored["step"]


def _start(settings: StageSettings, initial: Path | None) -> _State:
    torch.manual_seed(settings.seed)
    network = build(settings.network)
    if initial is not None:
        network.load_state_dict(torch.load(initial, weights_only=True)["averaged"])
    averaged = build(settings.network)
    averaged.load_state_dict(network.state_dict())
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    return _State(network, averaged, optimiser)


def _average(state: _State, settings: StageSettings) -> None:
    keep = min(settings.average, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for mean, now in zip(
            state.averaged.state_dict().values(), state.network.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def train_stage(
    cases: Sequence[CachedCase],
    settings: StageSettings,
    folder: Path,
    *,
    initial: Path | None = None,
    report: Callable[[int, float, StemUNet], None] | None = None,
) -> StemUNet:
    """Train one stage; resumes from ``folder/checkpoint.pt`` if it is there.

    Parameters
    ----------
    cases : sequence of CachedCase
        All on the stage's grid.
    folder : Path
        Gets ``checkpoint.pt`` and ``loss.csv``.
    initial : Path, optional
        A checkpoint whose averaged weights are the start of a new run.
    report : callable, optional
        Called with step, mean loss and the averaged network at every checkpoint.

    Returns
    -------
    The exponentially averaged network.

    Raises
    ------
    EngineError
        If the loss is not a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _start(settings, initial)
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        state.load(checkpoint)
    volumes = [
        (
            torch.from_numpy(c.hu.astype(np.float32) + HU_SHIFT)[None, None],
            torch.from_numpy(c.fraction)[None, None],
        )
        for c in cases
    ]
    by_patient: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        by_patient.setdefault(case.patient, []).append(index)
    losses: list[float] = []
    started = time.monotonic()
    while state.step < settings.steps:
        rng = np.random.default_rng([settings.seed, state.step])
        pairs = []
        for _ in range(settings.batch):
            index = _pick(rng, by_patient)
            pairs.append(
                sample(rng, *volumes[index], cases[index].spacing_mm, settings.patch, settings.variation)
            )
        image = normalise(torch.cat([p[0] for p in pairs]), settings.window_hu)
        label = torch.cat([p[1] for p in pairs])
        for group in state.optimiser.param_groups:
            group["lr"] = _learning_rate(settings, state.step)
        logits = state.network(image.contiguous(memory_format=torch.channels_last_3d))
        loss = loss_of(logits, label)
        if not math.isfinite(float(loss.detach())):
            raise EngineError(
                "loss-not-finite",
                f"step {state.step}: the loss is not a number",
                "lower the learning rate and start again from the last checkpoint",
            )
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 5.0)
        state.optimiser.step()
        _average(state, settings)
        state.step += 1
        losses.append(float(loss.detach()))
        if state.step % settings.checkpoint_every == 0 or state.step == settings.steps:
            state.save(checkpoint)
            _log(folder / "loss.csv", state.step, losses, time.monotonic() - started)
            if report is not None:
                report(state.step, float(np.mean(losses)), state.averaged)
            losses = []
    return state.averaged


def _log(path: Path, step: int, losses: Sequence[float], seconds: float) -> None:
    new = not path.is_file()
    with path.open("a", newline="") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(["step", "loss", "seconds"])
        writer.writerow([step, f"{np.mean(losses):.6f}", f"{seconds:.1f}"])
