"""The adapted model: HarMA itself, saved models, embedding of files and strings, zero-shot."""
