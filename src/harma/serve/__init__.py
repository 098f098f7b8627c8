"""The server: HTTP API, tiles, OGC API Features and STAC API, the map page, MCP."""
