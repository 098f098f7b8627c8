"""Engines: who runs the work of a build, this machine's processes or a Ray cluster."""
