"""Contrast phase of a scan, from what its tags say and from the HU of the aorta."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from splenic.ct.aorta import VERTEBRA_MAX_HU, VesselHu
from splenic.ct.types import Phase, PhaseEstimate, Scan
from splenic.errors import InputError

# Words of series descriptions and protocols, lower case without accents: English, German, French, Spanish,
# Italian, Portuguese, Dutch, Polish, Turkish, Chinese, Japanese, Korean. The first phase that matches is
# taken; "late arterial" is arterial, so that arterial stands before late.
_WORDS: tuple[tuple[Phase, str], ...] = (
    (
        "portal-venous",
        r"portal|portal|portaal|\bpv\b|\bpvp\b|\bpvph\b|veno(us|es|so|sa)|venos|venoes|veineu|\bven\b|wrotn"
        r"|zyln|\b(6|7|8)[05] ?s(ec)?\b|门静脉|门脉|静脉期|門脈|静脈相|문맥|hepatic phase|parenchym",
    ),
    (
        "arterial",
        r"arter|\bart\b|\bhap\b|tetnic|angio|\bcta\b|\b(2|3)[05] ?s(ec)?\b|动脉|動脈|동맥"
        r"|pancreatic phase|pankreas.?phase",
    ),
    (
        "unenhanced",
        r"\bpre\b|unenhanc|non.?contrast|without contrast|w/?o\b(?!.*\bw\b)|\bnc\b|\bnect\b|plain|nativ|"
        r"\bsans (inj|iv|contraste|pc)|sin contraste|\bsin civ\b|senza (mdc|contrasto)|basale|diretta|"
        r"sem contraste|zonder contrast|blanco|bez kontrast|kontrastsiz|平扫|单纯|単純|조영전|precontrast|"
        r"\bs/c\b|ohne km",
    ),
    (
        "late",
        r"delay|\blate\b(?! (art|port|ven))|equilib|spa(e?)t(?!.?(art|port|ven))|tardi|\bretard|\bopozn"
        r"|\bgec\b|excret|nephrog|urogra"
        r"|\b(3|5|10) ?min|延迟|遅延|平衡|지연",
    ),
)


# Thresholds in HU on the aorta, set on 30 scans (see docs/ct.md).
_UNENHANCED_BELOW_HU = 80.0
_SURELY_UNENHANCED_HU = 65.0
_ENHANCED_LIVER_HU = 75.0
_LATE_BELOW_HU = 112.0
_ARTERIAL_FROM_HU = 180.0
_ARTERIAL_RATIO = 1.9
_EARLY_FROM_HU = 145.0
_EARLY_RATIO = 2.3
_SURE_WEIGHT = 0.004


def phase_of(scan: Scan) -> PhaseEstimate:
    """Estimate the contrast phase of a scan from its tags and from the HU of the aorta on a few slices.

    Whether there is contrast at all, the aorta says better than any tag; which enhanced phase, the tags say
    where they do, unless the aorta is far brighter than the liver.

    Returns
    -------
    PhaseEstimate
        ``unknown`` where the scan cannot be read, or neither tags nor aorta say anything.
    """
    tags = phase_of_tags(scan)
    if scan.geometry is None or scan.loader is None:
        return tags
    try:
        seen = scan.survey.vessels
    except InputError:
        return tags
    return _joined(tags, phase_of_hu(seen))


def _joined(tags: PhaseEstimate, seen: PhaseEstimate) -> PhaseEstimate:
    if seen.phase == "unknown":
        return replace(tags, aorta_hu=seen.aorta_hu, ground=f"{tags.ground}; {seen.ground}")
    if tags.phase == "unknown":
        return seen
    if tags.phase == seen.phase:
        return PhaseEstimate(seen.phase, 0.95, f"{tags.ground}, and {seen.ground}", seen.aorta_hu)
    if tags.phase == "unenhanced":  # bone seldom has more than 230 HU, so that more is an aorta with contrast
        override = (seen.aorta_hu or 0.0) >= VERTEBRA_MAX_HU
    else:
        override = seen.phase in ("unenhanced", "arterial")
    if seen.confidence >= 0.7 and override:
        return replace(seen, confidence=0.6, ground=f"{seen.ground}, although {tags.ground}")
    return replace(tags, ground=f"{tags.ground}, although {seen.ground}", aorta_hu=seen.aorta_hu)


def phase_of_hu(seen: VesselHu) -> PhaseEstimate:
    """Contrast phase by the HU of the aorta against the liver's side."""
    aorta, liver = seen.aorta_hu, seen.liver_side_hu
    if aorta is None:
        return PhaseEstimate("unknown", 0.0, "no aorta was found")
    ground = f"the aorta has {aorta:.0f} HU"
    sure = 0.8 if seen.weight >= _SURE_WEIGHT else 0.5
    if liver is not None:
        ground += f", the liver's side {liver:.0f} HU"
    if aorta < _UNENHANCED_BELOW_HU:
        if liver is not None and liver >= _ENHANCED_LIVER_HU:  # something else was taken for the aorta
            return PhaseEstimate("unknown", 0.0, ground, aorta)
        return PhaseEstimate("unenhanced", sure if aorta < _SURELY_UNENHANCED_HU else 0.5, ground, aorta)
    ratio = aorta / max(liver, 40.0) if liver is not None else 2.0
    if (aorta >= _ARTERIAL_FROM_HU and ratio >= _ARTERIAL_RATIO) or (
        aorta >= _EARLY_FROM_HU and ratio >= _EARLY_RATIO
    ):
        return PhaseEstimate("arterial", sure, ground, aorta)
    if aorta < _LATE_BELOW_HU:
        return PhaseEstimate("late", 0.4, ground, aorta)
    return PhaseEstimate("portal-venous", sure, ground, aorta)


def phase_of_tags(scan: Scan) -> PhaseEstimate:
    """Contrast phase by the words of the series description, else of the protocol."""
    for text in (scan.info.series_description, scan.info.protocol):
        folded = fold(text)
        hits = [phase for phase, words in _WORDS if re.search(words, folded)]
        if len(hits) == 1:
            return PhaseEstimate(hits[0], 0.6, f"the description says {hits[0]}")
    return PhaseEstimate("unknown", 0.0, "the tags name no phase")


def fold(text: str) -> str:
    """Lower case without accents, underscores as spaces."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("_", " ")
