"""Train a bundle: ``python -m splenic.train CASES.csv -o BUNDLE`` (extra ``train``)."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from splenic.errors import SplenicError, UsageError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m splenic.train",
        description="Train a bundle on your own masks. Stopped at any moment, the same command goes on.",
        epilog="example: python -m splenic.train cases.csv -o my-bundle --hold-out P07,P11 --threads 2",
    )
    parser.add_argument("table", type=Path, help="CSV with the columns case, patient, image, mask")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--work", type=Path, help="checkpoints and cache (default: beside the bundle)")
    parser.add_argument("--hold-out", default="", help="patients never trained on, comma-separated")
    parser.add_argument("--locate-steps", type=int, default=3000)
    parser.add_argument("--outline-steps", type=int, default=4000)
    parser.add_argument("--from", dest="start", type=Path, help="work folder of a run to start from")
    parser.add_argument("--name", default="my-bundle")
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--licence", default="unstated")
    parser.add_argument("--card", type=Path, help="Markdown that becomes card.md")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _progress(role: str, steps: int) -> Callable[[int, float, object], None]:
    def report(step: int, loss: float, _: object) -> None:
        _say(f"{role}: step {step} of {steps}, loss {loss:.4f}")

    return report


def train_bundle(options: argparse.Namespace) -> Path:
    """Train both stages, write the bundle, and measure it on every case.

    Raises
    ------
    SplenicError
        If a case or an option is wrong; nothing half-written stays at the output.
    """
    import torch
    import yaml

    from splenic.models import write_sums
    from splenic.segment import bundle_engine
    from splenic.train.assess import assess, summary
    from splenic.train.data import cache_case, read_cases
    from splenic.train.export import export_onnx
    from splenic.train.loop import train_stage
    from splenic.train.recipe import locate, outline, plan_of

    if options.output.exists():
        raise UsageError("output-exists", f"{options.output}: exists already", "name a new folder")
    if options.threads:
        torch.set_num_threads(options.threads)
    work = options.work or options.output.with_name(options.output.name + "-work")
    held_out = {p for p in options.hold_out.split(",") if p}
    cases = read_cases(options.table)
    unknown = held_out - {c.patient for c in cases}
    if unknown:
        raise UsageError("no-such-patient", f"--hold-out: {sorted(unknown)[0]} is not in the table", "")
    part = options.output.with_name(options.output.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    recipes = (locate(options.locate_steps), outline(options.outline_steps))
    for recipe in recipes:
        cached = [
            cache_case(c, recipe.spacing_mm, work / "cache") for c in cases if c.patient not in held_out
        ]
        start = options.start / recipe.role / "checkpoint.pt" if options.start else None
        network = train_stage(cached, recipe.settings, work / recipe.role, initial=start,
                              report=_progress(recipe.role, recipe.settings.steps))  # fmt: skip
        export_onnx(network, recipe.run_patch, part / f"{recipe.role}.onnx")
    plan = plan_of(options.name, options.version, options.licence, recipes)
    (part / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), "utf-8")
    card = options.card.read_text("utf-8") if options.card else f"# {options.name}\n\nNo card was given.\n"
    (part / "card.md").write_text(card, "utf-8")
    (part / "metrics.json").write_text("{}\n", "utf-8")
    write_sums(part)
    scores = assess(bundle_engine(part, threads=options.threads or None), cases, held_out)
    metrics = {
        "trained_on": sorted({c.patient for c in cases} - held_out),
        "held_out": summary([s for s in scores if not s.trained_on]),
        "seen_in_training": summary([s for s in scores if s.trained_on]),
        "steps": {r.role: r.settings.steps for r in recipes},
    }
    (part / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", "utf-8")
    write_sums(part)
    part.replace(options.output)
    return Path(options.output)


def main() -> int:
    """Run the command; exit code 2 for a wrong input or option."""
    try:
        folder = train_bundle(_arguments())
    except SplenicError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    _say(json.dumps({k: v for k, v in metrics["held_out"].items() if k != "each"}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
