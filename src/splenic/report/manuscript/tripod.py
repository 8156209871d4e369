"""TRIPOD+AI: prediction models by regression or machine learning, 27 items."""

from __future__ import annotations

from splenic.report.manuscript import answers as a
from splenic.report.manuscript.checklist import Question

TITLE = "TRIPOD+AI"
SOURCE = "Collins et al., BMJ 2024;385:e078378."
QUESTIONS = (
    Question(
        "1",
        "Title",
        "Names the study as development or evaluation of a prediction model, population, outcome",
    ),
    Question("2", "Abstract", "Structured abstract by TRIPOD+AI for abstracts"),
    Question("3a", "Introduction", "Healthcare context and rationale, existing models"),
    Question("3b", "Introduction", "Target population, intended purpose and users"),
    Question("3c", "Introduction", "Known health inequalities between groups"),
    Question("4", "Introduction", "Objectives: development, evaluation or both"),
    Question("5a", "Methods", "Sources of data, why they are representative", a.source, "representativeness"),
    Question("5b", "Methods", "Dates of data, follow-up", a.follow_up, "calendar dates"),
    Question("6a", "Methods", "Setting, number and place of centres"),
    Question("6b", "Methods", "Eligibility", a.flow, "criteria"),
    Question("6c", "Methods", "Treatments received"),
    Question(
        "7",
        "Methods",
        "Data preparation and quality checks",
        lambda r: (
            "Units, codings and ranges were checked "
            "against the data dictionary on reading; nothing was dropped silently."
        ),
        "local preparation",
    ),
    Question("8a", "Methods", "Outcome, time horizon, how and when assessed", a.endpoints, "assessment"),
    Question("8b", "Methods", "Qualifications of those who assessed the outcome"),
    Question("8c", "Methods", "Blinding of the outcome assessment"),
    Question("9a", "Methods", "Choice of initial predictors", a.candidates, "reasons"),
    Question(
        "9b", "Methods", "Predictors defined, how and when measured", a.segmentation, "clinical predictors"
    ),
    Question("9c", "Methods", "Qualifications of those who assessed predictors by judgement"),
    Question("10", "Methods", "Sample size", a.sample_size, "justification"),
    Question("11", "Methods", "Missing data", a.missing),
    Question("12a", "Methods", "How data were used for development and evaluation", a.validation),
    Question("12b", "Methods", "Handling of predictors", a.cutoff),
    Question("12c", "Methods", "Type of model, building steps, internal validation", a.risk_model),
    Question("12d", "Methods", "Heterogeneity between clusters (centres)"),
    Question("12e", "Methods", "Measures of performance and model comparison", a.statistics),
    Question("12f", "Methods", "Model updating", lambda r: "No updating."),
    Question("12g", "Methods", "How predictions were calculated in evaluation", a.validation),
    Question(
        "13",
        "Methods",
        "Class imbalance",
        lambda r: "No resampling of classes; probabilities not recalibrated.",
    ),
    Question("14", "Methods", "Fairness", a.subgroups, "groups at risk of unfairness"),
    Question("15", "Methods", "Output of the model", a.output),
    Question("16", "Methods", "Differences between development and evaluation data", a.partitions),
    Question("17", "Methods", "Ethics approval and consent", a.synthetic),
    Question("18a", "Open science", "Funding"),
    Question("18b", "Open science", "Conflicts of interest"),
    Question("18c", "Open science", "Protocol", a.protocol, "public address"),
    Question("18d", "Open science", "Registration"),
    Question("18e", "Open science", "Data sharing"),
    Question("18f", "Open science", "Code sharing", a.code),
    Question("19", "Involvement", "Patients and public", a.synthetic),
    Question("20a", "Results", "Flow of participants with outcomes and follow-up", a.flow),
    Question(
        "20b", "Results", "Characteristics, with missing values, overall and by setting", a.demographics
    ),
    Question("20c", "Results", "Comparison with development data in an evaluation", a.partitions),
    Question("21", "Results", "Participants and events in each analysis", a.sample_size),
    Question("22", "Results", "The full model", a.risk_model),
    Question("23a", "Results", "Performance with intervals, subgroups, plots", a.risk_performance),
    Question("23b", "Results", "Heterogeneity of performance between clusters"),
    Question("24", "Results", "Results of model updating", lambda r: "No updating."),
    Question("25", "Discussion", "Interpretation, fairness, objectives and earlier studies"),
    Question("26", "Discussion", "Limitations"),
    Question(
        "27a",
        "Discussion",
        "Handling of poor or unavailable input data at use",
        lambda r: (
            "A scan that cannot be trusted is refused with a reason; a mask in doubt is marked for review."
        ),
    ),
    Question(
        "27b", "Discussion", "Whether users interact with input data or the model, and expertise needed"
    ),
    Question("27c", "Discussion", "Next steps, applicability, generalisability"),
)
