"""The version of HarMA."""

__version__ = "0.1.0"
