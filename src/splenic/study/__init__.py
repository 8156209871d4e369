"""A study: a protocol, the analyses in order, and what they found."""

from splenic.study.data import StudyData
from splenic.study.load import load_study, study_of
from splenic.study.protocol import Protocol, check_protocol, read_protocol
from splenic.study.results import Results, from_json, read_results, to_json, write_results
from splenic.study.run import analyse, run_protocol
from splenic.study.simulate import Effects, SimulatedCohort, simulate_cohort, truths, write_cohort
from splenic.study.template import Template, protocol_text

__all__ = [
    "Effects",
    "Protocol",
    "Results",
    "SimulatedCohort",
    "StudyData",
    "Template",
    "analyse",
    "check_protocol",
    "from_json",
    "load_study",
    "protocol_text",
    "read_protocol",
    "read_results",
    "run_protocol",
    "simulate_cohort",
    "study_of",
    "to_json",
    "truths",
    "write_cohort",
    "write_results",
]
