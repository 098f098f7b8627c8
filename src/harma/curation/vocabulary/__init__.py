"""Words of captions: terms and their lemmas, tags, stop words, terms for class labels."""
