"""Curation of data sets: looking at them, bringing them into form, finding what spoils figures."""
