from harma.data.rows import Problem, RowPlace


def test_places_and_problems_as_text():
    place = RowPlace("a.json", "row 3")
    assert str(place) == "a.json row 3"
    assert str(RowPlace("a.json")) == "a.json"
    assert place.problem("is empty") == Problem("a.json", "row 3", "is empty")
    assert str(place.problem("is empty")) == "a.json row 3: is empty"
    assert str(Problem("a.json", "", "is no JSON")) == "a.json: is no JSON"
