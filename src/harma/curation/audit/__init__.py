"""Copies of images and captions within and across splits and data sets."""
