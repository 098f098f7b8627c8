"""What the page is told of the server."""


def test_what_the_page_is_told(make_service, make_client):
    service = make_service(
        basemap="https://{a-c}.tiles.example/{z}/{x}/{y}.png",
        attribution="© Example",
        is_read_only=True,
        webhook_hosts=("hooks.example",),
    )
    said = make_client(service).get("/v1/page").json()
    assert said["read_only"]
    assert not said["needs_key"]
    assert said["basemap"] == {
        "kind": "xyz",
        "url": "https://{a-c}.tiles.example/{z}/{x}/{y}.png",
        "attribution": "© Example",
    }
    assert said["limits"]["k"] == 1000
    assert said["webhook_hosts"] == ["hooks.example"]
    assert make_client(make_service()).get("/v1/page").json()["basemap"] is None
