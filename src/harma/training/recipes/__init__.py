"""Recipes that ship with HarMA, a YAML file each."""
