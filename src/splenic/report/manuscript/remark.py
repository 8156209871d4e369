"""REMARK: reporting of tumour marker prognostic studies, 20 items."""

from __future__ import annotations

from splenic.report.manuscript import answers as a
from splenic.report.manuscript.checklist import Question

TITLE = "REMARK"
SOURCE = "McShane et al. 2005; Altman et al. 2012."
QUESTIONS = (
    Question("1", "Introduction", "Marker, aims and hypotheses", a.marker, "aims and hypotheses"),
    Question(
        "2",
        "Patients",
        "Source, stage, comorbidities, inclusion and exclusion",
        a.source,
        "setting, criteria",
    ),
    Question(
        "3", "Patients", "Treatments and how they were chosen", None, "TACE technique, choice of treatment"
    ),
    Question(
        "4",
        "Material",
        "Material, controls, preservation; here the CT",
        None,
        "scanners, phase, slice thickness",
    ),
    Question(
        "5",
        "Assay",
        "Assay method, protocol, quality control, blinding to outcome; here the segmentation",
        a.segmentation,
        "blinding of those who corrected masks",
    ),
    Question(
        "6",
        "Design",
        "Case selection, period, end and length of follow-up",
        a.follow_up,
        "period, case selection",
    ),
    Question("7", "Design", "Endpoints defined", a.endpoints, "start and end of each time"),
    Question("8", "Design", "All variables examined or considered", a.candidates, "others considered"),
    Question("9", "Design", "Rationale of the sample size", a.sample_size, "rationale"),
    Question(
        "10",
        "Statistics",
        "Methods, selection of variables, assumptions, missing data",
        lambda r: " ".join(t for t in (a.statistics(r), a.missing(r)) if t),
    ),
    Question("11", "Statistics", "How marker values were handled; how cut-points were found", a.cutoff),
    Question("12", "Results: data", "Flow of patients, with events", a.flow),
    Question(
        "13", "Results: data", "Demographics, prognostic variables, marker, missing values", a.demographics
    ),
    Question(
        "14", "Results: analysis", "Marker against standard prognostic variables", a.marker_and_standard
    ),
    Question(
        "15",
        "Results: analysis",
        "Univariable marker and outcome, effect, interval, survival plot",
        a.univariable,
    ),
    Question("16", "Results: analysis", "Multivariable effects with intervals", a.multivariable),
    Question(
        "17",
        "Results: analysis",
        "Marker and standard variables together, whatever their significance",
        a.multivariable,
    ),
    Question(
        "18",
        "Results: analysis",
        "Further investigations: assumptions, sensitivity, validation",
        a.sensitivity,
    ),
    Question("19", "Discussion", "Interpretation, other studies, limitations"),
    Question("20", "Discussion", "Future research and clinical value"),
)
