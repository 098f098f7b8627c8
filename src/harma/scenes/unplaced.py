"""Rasters without a place: why their coordinates are none, and what a person can do about it."""

# Why coordinates are no place (`SceneFacts.placed_by`).
NO_CRS = "nothing: its coordinates name no coordinate reference system"
LOCAL = "nothing: its coordinates are local ones"
# What a person can do about it.
UNPLACED = {
    NO_CRS: "coordinates but no coordinate reference system; state it with --crs EPSG:…",
    LOCAL: "local coordinates, which are no place on the Earth",
}
