"""Scenes to chips: rasters and pictures cut into windows.

A chip is an 8-bit RGB picture with a footprint and a date.
"""
