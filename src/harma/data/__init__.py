"""Annotations, images and the batches made of them."""
