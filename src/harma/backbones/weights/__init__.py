"""Reading weights safely: pickles that run nothing, state dicts, files of a hub."""
