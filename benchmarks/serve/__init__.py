"""What a server does in a second, and what it takes, measured from outside."""
