"""The dealership's rules, readable aloud: one file per process, no mechanism."""


def check_rules() -> None:
    """Put all rules into the handbook; raises when one names a fact that nobody offers."""
    from cheban.handbook import (
        by_hand,
        from_sale_to_service,
        house_keeping,
        improvement,
        incentives,
        relationship,
        service_care,
    )
    from cheban.playbook.reactions import react_to_rules
    from cheban.playbook.rules import HANDBOOK

    if not HANDBOOK.rules:
        for chapter in (
            from_sale_to_service,
            service_care,
            relationship,
            improvement,
            incentives,
            house_keeping,
            by_hand,
        ):
            HANDBOOK.add(chapter.RULES, chapter=chapter.CHAPTER)
    HANDBOOK.check()
    react_to_rules()
