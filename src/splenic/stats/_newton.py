"""Newton's method with step-halving, for log likelihoods that may have no finite maximum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._arrays import Floats

Evaluation = tuple[float, Floats, Floats]

# Newton's steps converge quadratically: when one is this small, what is left is far below rounding.
_STEP = 1e-9
_MOST_STEPS = 100


def maximise(evaluate: Callable[[Floats], Evaluation], start: Floats) -> tuple[Floats, Evaluation, bool]:
    """Newton's method with step-halving; gives the maximum, the evaluation there, and whether it is finite.

    An infinite maximum shows as a log likelihood that no longer rises while the steps do not become smaller,
    or as an information that has vanished in some direction.
    """
    beta, now = start, evaluate(start)
    flat = 1e-10 * np.linalg.eigvalsh(now[2]).min(initial=np.inf)
    for _ in range(_MOST_STEPS):
        step = np.linalg.lstsq(now[2], now[1], rcond=1e-14)[0]
        following = evaluate(beta + step)
        while not following[0] >= now[0] - 1e-10 * (abs(now[0]) + 1) and np.abs(step).max(initial=0) > _STEP:
            step = step / 2
            following = evaluate(beta + step)
        gain, size = following[0] - now[0], float(np.abs(step).max(initial=0))
        beta, now = beta + step, following
        if size <= _STEP:
            return beta, now, bool(np.linalg.eigvalsh(now[2]).min(initial=np.inf) > flat)
        if size > 0.1 and gain < 1e-11 * (abs(now[0]) + 1):
            break
    return beta, now, False
