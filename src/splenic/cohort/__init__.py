"""Clinical tables to a typed cohort joined with measurements."""
