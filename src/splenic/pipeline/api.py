"""`splenic.measure`: the main job from Python, without files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from splenic import ct
from splenic.pipeline.case import CaseResult, run_case, start_record
from splenic.pipeline.engines import ModelInfo, build_engine, model_info
from splenic.pipeline.options import Options
from splenic.pipeline.plan import plan
from splenic.segment.types import Engine


def measure(
    *inputs: str | PathLike[str],
    engine: str | Engine = "bundle",
    bundle: str = "",
    all_series: bool = False,
    interpolate_gap: bool = False,
    threads: int | None = None,
    device: str = "cpu",
) -> list[CaseResult]:
    """Find, outline and measure the spleen in every case of the inputs.

    Parameters
    ----------
    *inputs : path
        Files, folders and zips with CT in them.
    engine : str or Engine
        ``bundle``, ``totalsegmentator``, ``external:PATH``, or an engine of your own.
    bundle : str
        Name or path of a bundle; empty for the shipped one.
    all_series : bool
        Every scan instead of the chosen one of each study.
    interpolate_gap : bool
        Fill one missing slice instead of refusing the scan.
    threads : int, optional
        Threads of inference; by default all cores.
    device : str
        ``cpu`` or ``cuda``.

    Returns
    -------
    list of CaseResult
        One for each case, sorted by patient, date and case; refused and failed ones too, with their reasons.
        Lengths are in mm, volumes in ml, positions in the DICOM patient system (LPS).

    Raises
    ------
    UsageError
        If an input does not exist.
    EngineError
        If the engine or its bundle cannot be loaded.

    Examples
    --------
    >>> import splenic
    >>> for case in splenic.measure("exports/"):          # doctest: +SKIP
    ...     print(case)
    """
    return list(
        measure_each(
            inputs,
            engine=engine,
            bundle=bundle,
            all_series=all_series,
            interpolate_gap=interpolate_gap,
            threads=threads,
            device=device,
        )
    )


def measure_each(
    inputs: Sequence[str | PathLike[str]],
    *,
    engine: str | Engine = "bundle",
    bundle: str = "",
    all_series: bool = False,
    interpolate_gap: bool = False,
    threads: int | None = None,
    device: str = "cpu",
) -> Iterator[CaseResult]:
    """The same, one case after the other, for many cases. Parameters as in :func:`measure`."""
    from splenic.pipeline.batch import checked_inputs

    own = not isinstance(engine, str)
    options = Options(
        engine="bundle" if own else str(engine),
        bundle=bundle,
        all_series=all_series,
        interpolate_gap=interpolate_gap,
        device=device,
    )
    paths = checked_inputs([Path(path) for path in inputs])
    if isinstance(engine, str):
        model, loaded = model_info(options), build_engine(options, threads)
    else:
        model, loaded = ModelInfo(engine.name), engine
    found = ct.discover(paths, interpolate_gap=interpolate_gap)
    jobs = plan(paths, found, all_series=all_series)
    for job in sorted(jobs, key=lambda job: (job.patient_id, job.case_id)):
        result = run_case(job, start_record(job, options, model), lambda: loaded, options, model)
        # A fresh volume: a caller may keep hundreds of results, and pixels are read again when asked for.
        volume = result.volume
        yield replace(result, volume=volume and ct.Volume(volume.geometry, volume.loader))
