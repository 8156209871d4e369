"""Names and units of the cohort's values as readers know them."""

from __future__ import annotations

from splenic.cohort.scores import ASCITES, ENCEPHALOPATHY

NUMBERS: dict[str, tuple[str, str | None]] = {
    "age_years": ("Age", "years"),
    "height_cm": ("Height", "cm"),
    "weight_kg": ("Weight", "kg"),
    "bilirubin_umol_l": ("Bilirubin", "µmol/l"),
    "albumin_g_l": ("Albumin", "g/l"),
    "creatinine_mg_dl": ("Creatinine", "mg/dl"),
    "inr": ("INR", None),
    "platelets_10e9_l": ("Platelets", "10⁹/l"),
    "ast_u_l": ("AST", "U/l"),
    "alt_u_l": ("ALT", "U/l"),
    "afp_ng_ml": ("AFP", "ng/ml"),
    "sodium_mmol_l": ("Sodium", "mmol/l"),
    "crp_mg_dl": ("CRP", "mg/dl"),
    "tumour_number": ("Number of tumours", None),
    "tumour_size_cm": ("Largest tumour", "cm"),
    "child_pugh_points": ("Child–Pugh points", None),
}

SPLEEN_NUMBERS: dict[str, tuple[str, str | None]] = {
    "sv_ml": ("SV", "ml"),
    "craniocaudal_mm": ("Craniocaudal length", "mm"),
    "axial_diameter_mm": ("Axial diameter", "mm"),
    "width_mm": ("Width", "mm"),
    "thickness_mm": ("Thickness", "mm"),
    "splenic_index_cm3": ("Splenic index", "cm³"),
}

FLAG_LABELS = {
    "cirrhosis": "Cirrhosis",
    "multinodular": "Multinodular",
    "portal_vein_thrombosis": "Portal vein thrombosis",
    "vascular_invasion": "Vascular invasion",
    "extrahepatic_spread": "Extrahepatic spread",
    "development": "Used in development",
}

CATEGORIES: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "sex": ("Sex", ("female", "male")),
    "child_pugh": ("Child–Pugh", ("A", "B", "C", "no_cirrhosis")),
    "bclc": ("BCLC", ("0", "A", "B", "C", "D")),
    "ecog": ("ECOG", ("0", "1", "1-2", "2", "3", "3-4", "4")),
    "ascites": ("Ascites", ASCITES),
    "encephalopathy": ("Encephalopathy", ENCEPHALOPATHY),
}

# Score: key, label, unit.
SCORES: dict[str, tuple[str, str, str | None]] = {
    "ALBI": ("albi", "ALBI", None),
    "mALBI": ("malbi", "mALBI", None),
    "MELD": ("meld", "MELD", None),
    "MELD-Na": ("meld_na", "MELD-Na", None),
    "MELD 3.0": ("meld_3", "MELD 3.0", None),
    "BCLC 2022": ("bclc_2022", "BCLC 2022", None),
    "up-to-7": ("up_to_7", "Up-to-7", None),
    "up-to-11": ("up_to_11", "Up-to-11", None),
    "six-and-twelve": ("six_and_twelve", "Six-and-twelve", None),
    "seven-eleven": ("seven_eleven", "Seven-eleven", None),
    "tumour burden score": ("tumour_burden", "Tumour burden score", None),
    "HAP": ("hap", "HAP", None),
    "mHAP-II": ("mhap_2", "mHAP-II", None),
    "ALBI-TAE": ("albi_tae", "ALBI-TAE", None),
    "Bolondi B": ("bolondi_b", "Bolondi B", None),
    "aMAP": ("amap", "aMAP", None),
    "FIB-4": ("fib_4", "FIB-4", None),
    "APRI": ("apri", "APRI", None),
    "BSA": ("bsa_m2", "Body surface", "m²"),
    "lean body mass": ("lean_body_mass_kg", "Lean body mass", "kg"),
    "SV/BSA": ("sv_bsa_ml_m2", "SV by body surface", "ml/m²"),
}
