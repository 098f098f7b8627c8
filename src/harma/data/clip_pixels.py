"""CLIP's mean and std of pixels (SPEC 3): numbers alone, so that recipes are read without torch."""

# Of each channel, images being in 0…1.
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
