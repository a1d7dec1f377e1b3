"""Texts: streams of symbols, a model of the next one, and what it writes."""
