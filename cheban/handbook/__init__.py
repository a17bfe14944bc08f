"""The dealership's rules, readable aloud: one file per process, no mechanism."""


def check_rules() -> None:
    """Put all rules into the handbook; raises when one names a fact that nobody offers."""
    from cheban.handbook import relationship, service_care
    from cheban.playbook.rules import HANDBOOK

    if not HANDBOOK.rules:
        HANDBOOK.add((*service_care.RULES, *relationship.RULES))
    HANDBOOK.check()
