"""What rules may ask about alerts, complaints, findings and solutions. See core.facts."""

from __future__ import annotations

from cheban.core.facts import Fact, Subject, register

_OF = "LEFT JOIN customers_customer c ON c.id = k.customer_id LEFT JOIN customers_vehicle v ON v.id = k.vehicle_id"
_KIND = {
    "series": Fact("coalesce(nullif(v.series, ''), '车主')", "text", "车系"),
    "state": Fact("k.state", "text", "投诉状态"),
    "level": Fact("k.level", "text", "投诉轻重"),
}


def _common(service: str = "k.executor_id") -> dict:
    return {
        "customer": "k.customer_id",
        "vehicle": "k.vehicle_id",
        "ready": "true",
        "refusals": "coalesce(c.refused_purposes, '{}')",
        "value": "coalesce(c.spent_fen, 0)",
        "last_contact": "c.last_contact_at",
        "staff": ("k.speaker_id", service, service),
        "page": "",
        "may_be_nobodys": True,
    }


def offer() -> None:
    """Register the subjects (called when the app is ready)."""
    register(
        Subject(
            name="alert",
            source=f"voice_alert a JOIN voice_complaint k ON k.id = a.complaint_id {_OF}",
            id="a.id",
            store="a.store_id",
            tables=("voice_alert",),
            facts=_KIND
            | {
                "words": Fact("a.words", "text", "客户的话"),
                "acknowledged_at": Fact("a.acknowledged_at", "date", "接收时间"),
                "ended_at": Fact("a.ended_at", "date", "预警结束"),
            },
            told_by="alert_id",
            **_common() | {"page": "voice:alert"},
        )
    )
    register(
        Subject(
            name="complaint",
            source=f"voice_complaint k {_OF}",
            id="k.id",
            store="k.store_id",
            tables=("voice_complaint",),
            facts=_KIND
            | {
                "answered_at": Fact("k.answered_at", "date", "首次答复"),
                "check_on": Fact("k.check_on", "date", "结案满 30 天"),
                "checked_at": Fact("k.checked_at", "date", "复查时间"),
            },
            told_by="complaint_id",
            **_common() | {"page": "voice:complaint"},
        )
    )
    register(
        Subject(
            name="finding",
            source=f"voice_finding f JOIN voice_complaint k ON k.id = f.complaint_id {_OF}",
            id="f.id",
            store="f.store_id",
            tables=("voice_finding",),
            facts=_KIND
            | {
                "side": Fact("f.side", "text", "哪一方查证"),
                "recorded_at": Fact("f.recorded_at", "date", "查证完成"),
            },
            told_by="finding_id",
            **_common() | {"page": "voice:finding", "staff": ("f.owner_id", "f.owner_id", "f.owner_id")},
        )
    )
    register(
        Subject(
            name="solution",
            source=f"voice_solution s JOIN voice_complaint k ON k.id = s.complaint_id {_OF}",
            id="s.id",
            store="s.store_id",
            tables=("voice_solution",),
            facts=_KIND
            | {
                "agreed_at": Fact("s.agreed_at", "date", "方案定下"),
                "needs_role": Fact("s.needs_role", "text", "等谁批准"),
                "carried_out_at": Fact("s.carried_out_at", "date", "方案执行"),
                "answered_at": Fact("coalesce(s.confirmed_at, s.objected_at)", "date", "客户答复方案"),
            },
            told_by="solution_id",
            **_common() | {"page": "voice:solution", "staff": ("s.speaker_id", "s.executor_id", "s.executor_id")},
        )
    )
