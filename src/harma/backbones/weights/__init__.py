"""Reading weights safely: pickles that run nothing, state dicts under many names, files of a hub."""
