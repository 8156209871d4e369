"""Mask and volume → SV, 2D sizes, density, completeness: pure geometry."""
