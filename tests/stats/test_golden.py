"""The comparer of golden values itself: what is wrong, missing or left over must fail."""

from __future__ import annotations

from typing import Any

import golden
import pytest


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> golden.Case:
    output = {"n": 3, "surv": [1, 0.5, None], "upper": "Inf", "p": 1e-20, "deep": {"a.b": [[1, 2], [3, 4]]}}
    output["name"] = "log"
    raw: dict[str, Any] = {"id": "made-up", "output": output}
    monkeypatch.setitem(golden.REGISTRY, "made-up", golden.Topic({"made-up": 10}))
    return golden.Case("made-up", raw)


def test_everything_equal_is_counted_and_nothing_is_left(case: golden.Case) -> None:
    case.match(
        "", {"n": 3, "surv": [1.0, 0.5 + 1e-11, float("nan")], "upper": float("inf"), "name": "log"}, rel=1e-9
    )
    case.match("p", 1e-20, rel=1e-9)
    case.match_parts(("deep", "a.b"), [[1, 2], [3, 4]], rel=0)
    case.done()
    assert len(golden.REGISTRY["made-up"].digits) == 10
    assert golden.REGISTRY["made-up"].digits["made-up:surv.1"] == pytest.approx(10.7, abs=0.01)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("n", 4),
        ("surv", [1, 0.5, 0.2]),
        ("surv", [1, None, None]),
        ("surv", [1, 0.5]),
        ("surv", [1, 0.5 + 1e-6, None]),
        ("upper", float("-inf")),
        ("p", 0.0),
        ("p", 1.1e-20),
        ("name", "plain"),
        ("", {"unknown": 1}),
    ],
)
def test_what_differs_fails(case: golden.Case, path: str, wrong: Any) -> None:
    with pytest.raises(AssertionError):
        case.match(path, wrong, rel=1e-9)


def test_what_is_left_over_fails_unless_excused_by_name(case: golden.Case) -> None:
    case.match("", {"n": 3, "surv": [1, 0.5, None], "upper": "inf", "p": 1e-20}, rel=1e-9)
    with pytest.raises(AssertionError, match="4 values not compared"):
        case.done()
    case.excuse("deep", "a reason")
    case.done()
    with pytest.raises(AssertionError, match="nothing left"):
        case.excuse("deep", "once more")
    assert any("excused in made-up, 4 values: a reason" in line for line in golden.summary())


def test_a_registry_survives_the_way_between_processes(case: golden.Case) -> None:
    case.match("n", 3, rel=0)
    sent = golden.dump()
    del golden.REGISTRY["made-up"]
    golden.merge({"made-up": sent["made-up"]})
    assert golden.REGISTRY["made-up"].digits == {"made-up:n": 15.0}
