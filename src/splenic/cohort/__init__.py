"""Clinical tables to a typed cohort joined with measurements.

A table is read as text, a data dictionary says what it means, and everything that is impossible, doubtful or
left out is named by row and column.

>>> from splenic.cohort import join_measurements, read_cohort
>>> cohort = read_cohort("clinical.xlsx", "dictionary.yaml")                    # doctest: +SKIP
>>> print(join_measurements(cohort, "out/measurements.csv"))                    # doctest: +SKIP
"""

from splenic.cohort.build import build_cohort, read_cohort
from splenic.cohort.dictionary import (
    BUILT_IN,
    DataDictionary,
    DictionaryError,
    load_dictionary,
    parse_dictionary,
)
from splenic.cohort.export import export_cohort, export_csv, safe_text
from splenic.cohort.join import JoinPolicy, MeasuredCase, join_measurements, read_measurements
from splenic.cohort.patient_scores import child_pugh_class_of, cohort_scores, patient_scores
from splenic.cohort.problems import Problem, TableError
from splenic.cohort.scores import Score
from splenic.cohort.table import Cell, Table, read_table
from splenic.cohort.types import (
    Cohort,
    ColumnSource,
    Exclusion,
    JoinReport,
    Patient,
    Spleen,
    months,
)

__all__ = [
    "BUILT_IN",
    "Cell",
    "Cohort",
    "ColumnSource",
    "DataDictionary",
    "DictionaryError",
    "Exclusion",
    "JoinPolicy",
    "JoinReport",
    "MeasuredCase",
    "Patient",
    "Problem",
    "Score",
    "Spleen",
    "Table",
    "TableError",
    "build_cohort",
    "child_pugh_class_of",
    "cohort_scores",
    "export_cohort",
    "export_csv",
    "join_measurements",
    "load_dictionary",
    "months",
    "parse_dictionary",
    "patient_scores",
    "read_cohort",
    "read_measurements",
    "read_table",
    "safe_text",
]
