"""CLAIM: artificial intelligence in medical imaging, 42 items."""

from __future__ import annotations

from splenic.report.manuscript import answers as a
from splenic.report.manuscript.checklist import Question

TITLE = "CLAIM"
SOURCE = "Mongan et al., Radiol Artif Intell 2020;2:e200029 (numbering); Tejani et al. 2024 (terms)."
QUESTIONS = (
    Question("1", "Title", "Names AI and its category"),
    Question("2", "Abstract", "Structured summary"),
    Question("3", "Introduction", "Background, intended use and clinical role"),
    Question("4", "Introduction", "Objectives and hypotheses"),
    Question("5", "Design", "Prospective or retrospective"),
    Question("6", "Design", "Goal of the study", a.marker, "goal"),
    Question("7", "Data", "Sources of data", a.source, "centres, dates"),
    Question("8", "Data", "Eligibility", a.flow, "criteria"),
    Question(
        "9",
        "Data",
        "Preprocessing of images",
        lambda r: (
            "By the plan of the segmentation model (spacing, HU window), given in its bundle."
            if r.header.models
            else None
        ),
    ),
    Question("10", "Data", "Selection of subsets", a.partitions),
    Question("11", "Data", "Definitions of data elements", a.endpoints),
    Question(
        "12",
        "Data",
        "De-identification",
        lambda r: "The program writes no names or birth dates.",
        "local procedure",
    ),
    Question("13", "Data", "Missing data", a.missing),
    Question(
        "14",
        "Reference standard",
        "Definition of the reference standard",
        a.verdicts,
        "instructions to readers",
    ),
    Question("15", "Reference standard", "Why it was chosen"),
    Question("16", "Reference standard", "Source of annotations, qualifications of annotators"),
    Question("17", "Reference standard", "Annotation tools"),
    Question("18", "Reference standard", "Variability between and within annotators"),
    Question("19", "Partitions", "Sample size", a.sample_size, "how it was determined"),
    Question("20", "Partitions", "How data were assigned to partitions", a.partitions),
    Question("21", "Partitions", "Level at which partitions are disjoint", a.partitions),
    Question("22", "Model", "Description of the model", a.segmentation, "see the card of the model"),
    Question("23", "Model", "Software, with versions", a.software),
    Question("24", "Model", "Initialisation of parameters", None, "see the card of the model"),
    Question("25", "Training", "Training, augmentation, hyperparameters", None, "see the card of the model"),
    Question("26", "Training", "Choice of the final model", None, "see the card of the model"),
    Question("27", "Training", "Ensembling", None, "see the card of the model"),
    Question("28", "Evaluation", "Metrics", a.performance),
    Question("29", "Evaluation", "Uncertainty and significance", a.statistics),
    Question("30", "Evaluation", "Robustness, sensitivity", a.sensitivity),
    Question("31", "Evaluation", "Explainability"),
    Question("32", "Evaluation", "External data"),
    Question("33", "Results", "Flow of participants", a.flow),
    Question("34", "Results", "Demographics, by partition", a.demographics, "by partition"),
    Question("35", "Results", "Performance on all partitions", a.performance),
    Question("36", "Results", "Accuracy with precision", a.verdicts),
    Question("37", "Results", "Failure analysis", a.verdicts, "why the masks failed"),
    Question("38", "Discussion", "Limitations"),
    Question("39", "Discussion", "Implications for practice"),
    Question("40", "Other", "Registration"),
    Question("41", "Other", "Access to the protocol", a.protocol, "public address"),
    Question("42", "Other", "Funding and role of funders"),
)
