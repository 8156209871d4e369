"""A bundle's plan: what its networks expect and what is done with their answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FORMAT = 1

Positive = Annotated[float, Field(gt=0)]
Sides = tuple[
    Annotated[int, Field(ge=8, le=512)],
    Annotated[int, Field(ge=8, le=512)],
    Annotated[int, Field(ge=8, le=512)],
]
Spacing = tuple[Positive, Positive, Positive]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Section):
    """One network: ``locate`` looks at the whole scan, ``outline`` at the place that was found.

    Axes run superior, posterior, left. The network takes HU clipped to ``window_hu`` and mapped to −1…1,
    shape ``(1, 1, *patch)``, and gives logits of the same shape. With ``shifted_pass`` it runs a second
    time on a grid shifted by half a cell; the answers are averaged, and their difference is kept as a doubt.
    """

    role: Literal["locate", "outline"]
    weights: str
    spacing_mm: Spacing
    patch: Sides
    overlap: Annotated[float, Field(ge=0, lt=0.9)]
    window_hu: tuple[float, float]
    input: str
    output: str
    shifted_pass: bool = False

    @field_validator("weights")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not value.endswith(".onnx") or "/" in value or "\\" in value or value.startswith("."):
            raise ValueError("weights must be the plain name of an .onnx file in the bundle")
        return value

    @field_validator("window_hu")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError("window_hu must be low, high")
        return value


class PostProcessing(_Section):
    """What turns probabilities into one spleen.

    ``locate_threshold`` is low on purpose: a place that the locator only suspects, such as half a spleen at
    the end of the scan, is for the outlining network to judge.
    """

    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    locate_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.1
    smallest_spleen_ml: Positive = 8.0
    smallest_candidate_ml: Positive = 4.0
    margin_mm: Positive = 25.0


class Plan(_Section):
    """``plan.yaml``."""

    format: int
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")]
    licence: str
    stages: tuple[Stage, ...]
    post_processing: PostProcessing = PostProcessing()

    @model_validator(mode="after")
    def _outline_last(self) -> Plan:
        roles = [stage.role for stage in self.stages]
        if roles not in (["outline"], ["locate", "outline"]):
            raise ValueError("stages must be 'outline', or 'locate' and then 'outline'")
        return self
