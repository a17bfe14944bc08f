"""The dealership's rules, readable aloud: one file per process, no mechanism."""


def check_rules() -> None:
    """Put all rules into the handbook; raises when one names a fact that nobody offers."""
    from cheban.handbook import (
        arrivals,
        by_hand,
        complaints,
        conversations,
        from_sale_to_service,
        house_keeping,
        improvement,
        incentives,
        leads,
        relationship,
        service_care,
        surveys,
    )
    from cheban.playbook.reactions import react_to_rules
    from cheban.playbook.rules import HANDBOOK
    from cheban.voice.surveys.plans import ASKING

    if not HANDBOOK.rules:
        for chapter in (
            complaints,
            from_sale_to_service,
            leads,
            conversations,
            arrivals,
            surveys,
            service_care,
            relationship,
            improvement,
            incentives,
            house_keeping,
            by_hand,
        ):
            HANDBOOK.add(chapter.RULES, chapter=chapter.CHAPTER)
    ASKING.fill(surveys.PLANS, surveys.TERMS)
    HANDBOOK.check()
    react_to_rules()
