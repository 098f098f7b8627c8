"""The ground of the house: small things that every room stands on."""
