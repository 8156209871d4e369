"""The networks: small residual U-Nets that a laptop's CPU can train and run (extra ``train``)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


def _norm(kind: str, channels: int) -> nn.Module:
    if kind == "instance":
        return nn.InstanceNorm3d(channels, affine=True)
    if kind == "batch":
        return nn.BatchNorm3d(channels)
    raise ValueError(f"unknown normalisation {kind!r}: take 'instance' or 'batch'")


class ResidualBlock(nn.Module):
    """Two 3³ convolutions with normalisation, and a shortcut."""

    def __init__(self, inputs: int, outputs: int, norm: str, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.first_norm = _norm(norm, outputs)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = _norm(norm, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv3d(inputs, outputs, 1, stride=stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = functional.leaky_relu(self.first_norm(self.first(x)), 0.01, inplace=True)
        y = self.second_norm(self.second(y))
        return functional.leaky_relu(y + self.shortcut(x), 0.01, inplace=True)


class StemUNet(nn.Module):
    """A residual U-Net behind a stem that halves the resolution, with a light head that sees the input again.

    All wide layers work at half resolution or below, which makes it several times cheaper than a U-Net of
    the same width at full resolution. The head folds each 2 × 2 × 2 block of the raw patch into channels,
    joins them with the features, and unfolds its answer, so the edge is still drawn voxel by voxel.

    Parameters
    ----------
    widths : sequence of int
        Channels at each level of the U-Net, finest first; each level halves the grid.
    norm : {"instance", "batch"}
    head : int
        Channels of the head.
    """

    def __init__(self, widths: Sequence[int], norm: str = "instance", head: int = 16) -> None:
        super().__init__()
        first = widths[0]
        self.stem = nn.Sequential(
            nn.Conv3d(1, first, 4, stride=2, padding=1, bias=False),
            _norm(norm, first),
            nn.LeakyReLU(0.01, inplace=True),
        )
        self.down = nn.ModuleList([ResidualBlock(first, first, norm)])
        for before, after in pairwise(widths):
            self.down.append(ResidualBlock(before, after, norm, stride=2))
        self.up = nn.ModuleList()
        self.reduce = nn.ModuleList()
        for before, after in zip(reversed(widths[1:]), reversed(widths[:-1]), strict=True):
            self.reduce.append(nn.Conv3d(before, after, 1, bias=False))
            self.up.append(ResidualBlock(2 * after, after, norm))
        self.fold = nn.Conv3d(1, 8, 4, stride=2, padding=1)
        self.mix = nn.Conv3d(first + 8, head, 3, padding=1)
        self.unfold = nn.ConvTranspose3d(head, 1, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 1, …) of a normalised patch (batch, 1, superior, posterior, left)."""
        y = self.stem(x)
        kept = []
        for level in self.down:
            y = level(y)
            kept.append(y)
        for reduce, level, skip in zip(self.reduce, self.up, reversed(kept[:-1]), strict=True):
            y = functional.interpolate(reduce(y), scale_factor=2.0, mode="trilinear", align_corners=False)
            y = level(torch.cat([y, skip], dim=1))
        y = functional.leaky_relu(self.mix(torch.cat([y, self.fold(x)], dim=1)), 0.01)
        out: torch.Tensor = self.unfold(y)
        return out


def build(network: dict[str, object]) -> StemUNet:
    """The network of a plan's ``network`` section: ``widths``, ``norm``, ``head``."""
    widths = network["widths"]
    assert isinstance(widths, list)
    return StemUNet(widths, str(network["norm"]), int(str(network["head"])))
