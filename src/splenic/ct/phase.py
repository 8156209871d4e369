"""Contrast phase of a scan, from what its tags say and from the HU of the aorta."""

from __future__ import annotations

import re
import unicodedata

from splenic.ct.types import Phase, PhaseEstimate, Scan

# Words of series descriptions and protocols, lower case without accents: English, German, French, Spanish,
# Italian, Portuguese, Dutch, Polish, Turkish, Chinese, Japanese, Korean. The first phase that matches is
# taken; "late arterial" is arterial, so that arterial stands before late.
_WORDS: tuple[tuple[Phase, str], ...] = (
    ("portal-venous", r"portal|portal|portaal|\bpv\b|\bpvp\b|\bpvph\b|veno(us|es|so|sa)|venos|venoes|veineu|\bven\b|wrotn"
                      r"|zyln|\b(6|7|8)[05] ?s(ec)?\b|门静脉|门脉|静脉期|門脈|静脈相|문맥|hepatic phase|parenchym"),
    ("arterial", r"arter|\bart\b|\bap\b(?!/)|\bhap\b|tetnic|angio|\bcta\b|\b(2|3)[05] ?s(ec)?\b|动脉|動脈|동맥"
                 r"|pancreatic phase|pankreas.?phase"),
    ("unenhanced", r"\bpre\b|unenhanc|non.?contrast|without contrast|w/?o\b(?!.*\bw\b)|\bnc\b|\bnect\b|plain|nativ|"
                   r"\bsans (inj|iv|contraste|pc)|sin contraste|\bsin civ\b|senza (mdc|contrasto)|basale|diretta|"
                   r"sem contraste|zonder contrast|blanco|bez kontrast|kontrastsiz|平扫|单纯|単純|조영전|precontrast|"
                   r"\bs/c\b|ohne km"),
    ("late", r"delay|\blate\b|equilib|spat(phase|venos)?|spaet|tardi|\bretard|\bopozn|\bgec\b|excret|nephrog|urogra"
             r"|\b(3|5|10) ?min|延迟|遅延|平衡|지연"),
)


def phase_of(scan: Scan) -> PhaseEstimate:
    """Estimate the contrast phase of a scan."""
    return phase_of_tags(scan)


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
