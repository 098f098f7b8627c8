"""What is there in the archive: a value for each parameter of an address."""


def ids_there(client, index="archive"):
    """Name of a parameter → its value; made anew, as an operation may delete what it is of."""
    answer = client.get(f"/v1/indexes/{index}/search", params={"q": "a"}).json()
    hit = answer["features"][0]
    body = {"index": index, "name": "roofs", "asked": {"text": "a roof"}}
    search = client.post("/v1/searches", json=body).json()["id"]
    client.put(
        f"/v1/searches/{search}/marks", json={"marks": [{"chip": hit["id"], "mark": "good"}]}
    )
    client.put(f"/v1/searches/{search}/watch", json={"standing": "likely"})
    return {
        "index": index,
        "collection": index,
        "chip": hit["id"],
        "item": hit["id"],
        "query": answer["query_id"],
        "source": hit["properties"]["source"],
        "search": search,
        "number": 1,
        "file": "index.html",
        # Where the scenes are.
        **{"z": 16, "x": 33314, "y": 23544},
    }
