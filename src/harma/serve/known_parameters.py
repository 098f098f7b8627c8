"""Parameters of an address that nobody knows: refused, as a misspelt filter would not filter."""

from fastapi import Request

from harma.errors import QueryError


def check_known_parameters(request: Request) -> None:
    """Check that an address has only the parameters of its route.

    Raises:
        QueryError: it has another.
    """
    known = sorted(field.alias for field in request.scope["route"].dependant.query_params)
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        there = ", ".join(known) or "none"
        raise QueryError(f"{unknown[0]!r} is no parameter of this address; there are {there}")
