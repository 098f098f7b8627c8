"""Routes of the HTTP API, a module for each thing that is served."""
