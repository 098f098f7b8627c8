"""Engines of a build: who does its work, this machine's processes or a Ray cluster."""
