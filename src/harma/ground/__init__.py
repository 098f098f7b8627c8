"""The ground of the house: files, devices, plug-ins by dotted path, drawing, version."""
