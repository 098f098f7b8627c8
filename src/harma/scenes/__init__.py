"""Scenes to chips: rasters and pictures cut into windows, each an 8-bit RGB picture with a place and a date."""
