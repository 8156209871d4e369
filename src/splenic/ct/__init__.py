"""Files → trusted volumes: find, sort, split, gate, choose. Knows no spleen."""
