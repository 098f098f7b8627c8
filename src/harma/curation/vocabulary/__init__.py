"""Vocabulary of a data set: terms, their counts, and what is typical of a class."""
