"""Products of satellites: which files of a delivery are one scene, by the agencies' names.

A family is one small module: it takes the names of files and gives its products. `table` has all.
"""
