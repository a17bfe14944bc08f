"""The dealership's rules, readable aloud."""


def check_rules() -> None:
    """Placeholder until the rules arrive in this session."""
