"""A study: a protocol, the analyses in order, and what they found."""

from splenic.study.results import Results, from_json, read_results, to_json, write_results

__all__ = ["Results", "from_json", "read_results", "to_json", "write_results"]
