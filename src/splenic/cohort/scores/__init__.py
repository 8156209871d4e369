"""Clinical scores: one pure function each; a missing input gives no score, never a guess."""

from splenic.cohort.scores.body import body_surface_area, lean_body_mass, sv_by_bsa
from splenic.cohort.scores.fibrosis import (
    APRI_CUTS,
    FIB_4_CUTS_HCV,
    FIB_4_CUTS_NAFLD,
    amap,
    apri,
    fib_4,
)
from splenic.cohort.scores.liver import (
    ASCITES,
    BILIRUBIN_UMOL_L_PER_MG_DL,
    ENCEPHALOPATHY,
    albi,
    child_pugh,
    child_pugh_class,
    malbi,
)
from splenic.cohort.scores.tace import albi_tae, art, bolondi_b, hap, mhap_2, start, state
from splenic.cohort.scores.transplant import meld, meld_3, meld_na
from splenic.cohort.scores.tumour import (
    CHILD_PUGH_CLASSES,
    bclc_2022,
    seven_eleven,
    six_and_twelve,
    tumour_burden_score,
    up_to_7,
    up_to_11,
)
from splenic.cohort.scores.types import Score

__all__ = [
    "APRI_CUTS",
    "ASCITES",
    "BILIRUBIN_UMOL_L_PER_MG_DL",
    "CHILD_PUGH_CLASSES",
    "ENCEPHALOPATHY",
    "FIB_4_CUTS_HCV",
    "FIB_4_CUTS_NAFLD",
    "Score",
    "albi",
    "albi_tae",
    "amap",
    "apri",
    "art",
    "bclc_2022",
    "body_surface_area",
    "bolondi_b",
    "child_pugh",
    "child_pugh_class",
    "fib_4",
    "hap",
    "lean_body_mass",
    "malbi",
    "meld",
    "meld_3",
    "meld_na",
    "mhap_2",
    "seven_eleven",
    "six_and_twelve",
    "start",
    "state",
    "sv_by_bsa",
    "tumour_burden_score",
    "up_to_7",
    "up_to_11",
]
