"""Measurement, probability and volume → failure score with reasons."""
