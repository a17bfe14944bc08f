"""Every route x every role x own and other store, generated from the URL configuration. R019, reliability A 1, 11."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from cheban.api.models import ApiToken, WebhookDelivery, WebhookEndpoint
from cheban.core import files, owner_links
from cheban.core.ids import new_id
from cheban.core.privacy import seal
from cheban.customers.models import ContactPoint, FieldDefinition, ImportBatch, ImportRow, PrivacyRequest
from cheban.lists.models import BulkDeed, Export, SavedView
from cheban.messaging.models import ChannelAccount, InboxItem, Message
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.models import Absence
from cheban.org.roles import GRANTS, Role
from cheban.org.training import commands as trainings
from cheban.playbook.models import Task, WallLink
from cheban.sales.models import (
    FirstFeedback,
    HandoverRevision,
    HandoverSheet,
    Lead,
    LeadTurn,
    PromiseProof,
    SalesPromise,
    VehicleDelivery,
)
from cheban.scorecard.models import Action, ImprovementCase, PayMonth, Practice, Statement, Target, TaskForce
from cheban.voice.conversations import commands as talks
from cheban.voice.models import Alert, Complaint, Finding, OwnerLink, Solution
from cheban.voice.surveys import commands as surveys
from cheban.voice.surveys.models import Survey
from cheban.workshop.models import Arrival
from tests import given

PUBLIC = {
    "owner:show",
    "owner:file",
    "owner:answer",
    "talk:page",
    "talk:say",
    "talk:ticket",
    "survey:page",
    "wall:show",
    "health_wall:show",
    "receipts:take",
    "wecom:go",
    "wecom:back",
    "healthz",
    "readyz",
    "vitals",
    "language",
} | {
    "account_login",
    "sso_begin",
    "sso_back",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
ANYBODY = {
    "home",
    "live_ticket",
    "choose_store",
    "theme",
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
} | {
    "usersessions_list",
    *(f"mfa_{name}" for name in ("index", "reauthenticate", "activate_totp", "deactivate_totp")),
    *(f"mfa_{name}_recovery_codes" for name in ("view", "generate", "download")),
    *(f"mfa_{name}_webauthn" for name in ("list", "add", "reauthenticate", "remove", "edit")),
}
"""Routes of one's own account."""
EXPECTED = {
    "search": "customer.see",
    "playbook:my_day": "task.see_own",
    "playbook:contact": "task.see_own",
    "playbook:outcome": "task.finish",
    "playbook:undo": "task.finish",
    "playbook:new_task": "task.create",
    "playbook:create_task": "task.create",
    "playbook:take": "task.finish",
    "playbook:snooze": "task.snooze",
    "playbook:hand_over": "task.hand_over",
    "playbook:send_back": "task.hand_over",
    "playbook:put_back": "task.finish",
    "playbook:team": "task.see_team",
    "playbook:reassign": "task.reassign",
    "playbook:preview_reassign": "task.reassign",
    "playbook:undo_reassign": "task.reassign",
    "playbook:run": "playbook.run",
    "playbook:weather": "playbook.run",
    "wall:board": "wall.see",
    "wall:links": "wall.share",
    "wall:make_link": "wall.share",
    "wall:revoke_link": "wall.share",
    "playbook:handbook": "playbook.see",
    "playbook:rule": "playbook.see",
    "playbook:try_rule": "playbook.change",
    "playbook:change_rule": "playbook.change",
    "playbook:restore_rule": "playbook.change",
    "playbook:explain": "playbook.see",
    "customers:list": "customer.see",
    "customers:new": "customer.create",
    "customers:customer": "customer.see",
    "customers:timeline": "customer.see",
    "customers:edit": "customer.edit",
    "customers:note": "note.add",
    "customers:consent": "consent.change",
    "customers:odometer": "customer.edit",
    "customers:vehicle_custom": "customer.edit",
    **dict.fromkeys(
        (
            *("customers:fields", "customers:field", "customers:field_new"),
            *("customers:field_archive", "customers:field_restore", "customers:field_move"),
        ),
        "field.manage",
    ),
    "customers:reveal": "customer.reveal",
    "customers:known": "customer.create",
    "customers:duplicates": "customer.merge",
    "customers:compare": "customer.merge",
    "customers:keep_apart": "customer.merge",
    "customers:unmerge": "customer.merge",
    "customers:files": "customer.edit",
    "customers:reviewed": "customer.edit",
    "customers:privacy": "privacy.take",
    "customers:privacy_take": "privacy.take",
    "customers:privacy_request": "privacy.take",
    "customers:privacy_answer": "privacy.handle",
    "customers:privacy_copy": "privacy.handle",
    "customers:privacy_withdraw": "privacy.handle",
    "customers:privacy_erase": "privacy.erase",
    "customers:retention": "privacy.handle",
    "customers:retention_keep": "privacy.erase",
    "customers:consents": "customer.see",
    "customers:bulk": "customer.edit",
    "customers:imports": "import.see",
    "customers:import_upload": "import.run",
    "customers:import_template": "import.see",
    "customers:import": "import.see",
    "customers:import_progress": "import.see",
    "customers:import_mapping": "import.run",
    "customers:import_write": "import.run",
    "customers:import_undo": "import.undo",
    "customers:import_report": "import.see",
    "customers:import_fix": "import.run",
    "exports:list": "list.export",
    "exports:ask": "list.export",
    "exports:download": "list.export",
    "exports:cancel": "list.export",
    "lists:save_view": "view.save",
    "lists:change_view": "view.save",
    "lists:delete_view": "view.save",
    "lists:arrange": "view.save",
    "lists:undo": "view.save",
    "lists:cell": "customer.edit",
    "org:staff": "staff.see",
    "org:add_staff": "staff.manage",
    "org:set_roles": "staff.manage",
    "org:set_active": "staff.manage",
    "org:reset_password": "staff.manage",
    "org:security": "security.manage",
    "org:permissions": "staff.see",
    "org:calendar": "calendar.see",
    "org:set_day": "calendar.edit",
    "org:set_week": "calendar.edit",
    "org:seed_year": "calendar.edit",
    "org:audit": "audit.see",
    "org:absences": "absence.enter",
    "org:enter_absence": "absence.enter",
    "org:cancel_absence": "absence.enter",
    "trainings:mine": "training.take",
    "trainings:list": "training.see",
    "trainings:add": "training.manage",
    "trainings:training": "training.see",
    "trainings:read": "training.take",
    "trainings:confirm": "training.take",
    "trainings:rewrite": "training.manage",
    "trainings:invite": "training.manage",
    "trainings:attended": "training.manage",
    "trainings:end": "training.manage",
    "messaging:inbox": "inbox.use",
    "messaging:read_all": "inbox.use",
    "messaging:mark": "inbox.use",
    "messaging:notice": "inbox.use",
    "messaging:settings": "outbox.see",
    "messaging:caps": "message.manage",
    "messaging:quiet_hours": "message.manage",
    "messaging:wording": "outbox.see",
    "messaging:wording_look": "message.manage",
    "messaging:outbox": "outbox.see",
    "messaging:message": "outbox.see",
    "messaging:resend": "outbox.resend",
    "messaging:resend_many": "outbox.resend",
    "channels:list": "channel.manage",
    "channels:new": "channel.manage",
    "channels:account": "channel.manage",
    "channels:switch": "channel.manage",
    "channels:remove": "channel.manage",
    "channels:test": "channel.manage",
    "channels:set_members": "channel.manage",
    "voice:complaints": "complaint.see",
    "voice:new_complaint": "complaint.file",
    "voice:causes": "complaint.see",
    "voice:goodwill": "complaint.see",
    "voice:codes": "complaint.share",
    "voice:make_code": "complaint.share",
    "voice:code": "complaint.share",
    "voice:revoke_code": "complaint.share",
    "voice:invite": "complaint.file",
    "voice:complaint": "complaint.see",
    "voice:reveal_claim": "customer.reveal",
    "voice:link": "complaint.answer",
    "voice:do": "complaint.see",
    "voice:banner": "complaint.see",
    "voice:alert": "complaint.see",
    "voice:acknowledge": "alert.acknowledge",
    "voice:finding": "complaint.see",
    "voice:solution": "complaint.see",
    **dict.fromkeys(
        (
            *(
                "scorecard:kept",
                "scorecard:health",
                "scorecard:health_wall",
                "scorecard:records",
                "scorecard:tasks",
                "scorecard:targets",
            ),
            *("scorecard:cases", "scorecard:case", "scorecard:weekly", "scorecard:monthly"),
        ),
        "metric.see",
    ),
    "scorecard:mine": "metric.own",
    **dict.fromkeys(
        (
            *("scorecard:statements", "scorecard:refresh_statements", "scorecard:paymonth"),
            "scorecard:statement_book",
        ),
        "incentive.see",
    ),
    **dict.fromkeys(
        (
            *("scorecard:my_statements", "scorecard:statement", "scorecard:statement_records"),
            "scorecard:scheme",
        ),
        "incentive.own",
    ),
    **dict.fromkeys(
        ("scorecard:approve_statements", "scorecard:approve_statement", "scorecard:statement_base"),
        "incentive.approve",
    ),
    "scorecard:change_scheme": "incentive.change",
    "scorecard:change_target": "target.change",
    "scorecard:withdraw_target": "target.change",
    "scorecard:career": "metric.see",
    "scorecard:grade": "staff.manage",
    "scorecard:change_ladder": "target.change",
    **dict.fromkeys(
        ("scorecard:case_deed", "scorecard:new_force", "scorecard:weekly_deed"),
        "improvement.lead",
    ),
    **dict.fromkeys(
        (
            *("scorecard:actions", "scorecard:action", "scorecard:action_deed"),
            *("scorecard:force", "scorecard:force_deed"),
        ),
        "action.do",
    ),
    **dict.fromkeys(
        ("scorecard:practices", "scorecard:new_practice", "scorecard:practice", "scorecard:practice_deed"),
        "practice.nominate",
    ),
    "workshop:arrivals": "arrival.see",
    "workshop:note_arrival": "arrival.note",
    "workshop:arrival": "arrival.see",
    "workshop:greet": "arrival.greet",
    "sales:deliveries": "delivery.see",
    "sales:new_delivery": "delivery.plan",
    "sales:delivery": "delivery.see",
    "sales:move": "delivery.plan",
    "sales:cancel": "delivery.plan",
    "sales:tick": "delivery.carry_out",
    "sales:complete": "delivery.carry_out",
    "sales:fill_in": "handover.write",
    "sales:record_feedback": "feedback.record",
    "sales:revision": "delivery.see",
    "sales:answer": "handover.confirm",
    "sales:feedback": "delivery.see",
    "sales:read_feedback": "feedback.read",
    "sales:promises": "delivery.see",
    "sales:new_promise": "promise.make",
    "sales:promise": "delivery.see",
    "sales:settle_promise": "promise.dispute",
    "sales:add_proofs": "promise.prove",
    "sales:proof": "customer.reveal",
    "sales:remove_proof": "promise.prove",
    "conversations:list": "conversation.see",
    "conversations:conversation": "conversation.see",
    "conversations:question": "conversation.see",
    "conversations:answer": "conversation.answer",
    "conversations:open": "conversation.answer",
    "conversations:renew": "conversation.answer",
    "surveys:list": "survey.see",
    "surveys:survey": "survey.see",
    "sales:leads": "lead.see",
    "sales:new_lead": "lead.record",
    "sales:lead": "lead.see",
    "sales:lead_turn": "lead.see",
    "sales:push_lead": "lead.push",
    "sales:dismiss_lead": "lead.push",
    "sales:answer_lead": "lead.answer",
    "sales:win_lead": "lead.answer",
    "sales:lose_lead": "lead.answer",
    "sales:give_lead": "lead.assign",
    "sales:join_lead": "lead.join",
    "api:tokens": "token.manage",
    "api:make_token": "token.manage",
    "api:revoke_token": "token.manage",
    "api:webhooks": "webhook.manage",
    "api:make_webhook": "webhook.manage",
    "api:webhook": "webhook.manage",
    "api:change_webhook": "webhook.manage",
    "api:renew_webhook_secret": "webhook.manage",
    "api:switch_webhook": "webhook.manage",
    "api:remove_webhook": "webhook.manage",
    "api:test_webhook": "webhook.manage",
    "api:resend_webhook": "webhook.manage",
}
"""Route -> permission. A new route without a row here fails `test_every_route_has_an_expectation`."""


def routes(patterns=None, prefix: str = "", namespace: str = ""):
    """(name, path pattern) of every route."""
    for entry in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace == "rest":
                continue  # programs show tokens: tests/test_api_matrix.py
            yield from routes(
                entry.url_patterns, prefix + str(entry.pattern), f"{entry.namespace}:" if entry.namespace else namespace
            )
        elif isinstance(entry, URLPattern):
            yield namespace + entry.name, "/" + prefix + str(entry.pattern)


ROUTES = dict(routes())


def test_every_route_has_an_expectation():
    assert set(ROUTES) == PUBLIC | ANYBODY | set(EXPECTED)


def interfaces(store, maker) -> dict:
    """A token, an endpoint and a delivery of a store."""
    token = ApiToken.objects.create(
        name="x",
        prefix=f"{store.id:012x}",
        secret_hash=bytes(32),
        maker=maker,
        maker_stamp=bytes(32),
        store_ids=[store.id],
        scopes=[],
        expires_at=given.clock.now(),
    )
    endpoint_id = new_id()
    endpoint = WebhookEndpoint.objects.create(
        id=endpoint_id,
        name="x",
        url="https://example.com/",
        secret_sealed=seal("whsec_", bound_to=f"api_webhookendpoint.secret:{endpoint_id}"),
        store_ids=[store.id],
        event_names=[],
        maker=maker,
    )
    delivery = WebhookDelivery.objects.create(store=store, endpoint=endpoint, event_name="webhook.test")
    return {"token_id": token.id, "endpoint_id": endpoint.id, "delivery_id": delivery.id}


def sold(store, customer, vehicle) -> dict:
    """A completed delivery with a sheet that waits, a feedback, a promise."""
    now = given.clock.now()
    delivery = VehicleDelivery.objects.create(
        store=store, customer=customer, vehicle=vehicle, scheduled_at=now, sales_consultant_id=1,
        service_specialist_id=2, state="completed", completed_at=now,
    )  # fmt: skip
    sheet = HandoverSheet.objects.create(store=store, delivery=delivery, state="sent")
    revision = HandoverRevision.objects.create(
        store=store, sheet=sheet, number=1, content={"name": "x"}, digest=bytes(32), sent_at=now, sent_by_id=1_000_000
    )
    first = FirstFeedback.objects.create(store=store, delivery=delivery, questions="x", by_id=1, at=now)
    promise = SalesPromise.objects.create(
        store=store, customer=customer, kind="gift", what="x", evidence="x", due_on=given.days(1), side="sales",
        keeper_id=1, promised_by_id=1, promised_at=now,
    )  # fmt: skip
    file = files.keep(files.Taken("pdf", b"%PDF-"), store_id=store.id, by_id=None)
    proof = PromiseProof.objects.create(store=store, promise=promise, file=file, added_by_id=1, added_at=now)
    lead = Lead.objects.create(
        store=store, customer=customer, vehicle=vehicle, kind="trade_in", grade="a", state="pushed", proposed_at=now,
        pushed_at=now, holder_id=1, holder_role="sales_consultant",
    )  # fmt: skip
    turn = LeadTurn.objects.create(store=store, lead=lead, number=1, holder_id=1, role="sales_consultant", began_at=now)
    arrival = Arrival.objects.create(store=store, customer=customer, vehicle=vehicle, arrived_at=now, source="camera")
    return {
        "arrival_id": arrival.id,
        "lead_id": lead.id,
        "turn_id": turn.id,
        "sold_id": delivery.id,
        "revision_id": revision.id,
        "feedback_id": first.id,
        "promise_id": promise.id,
        "proof_id": proof.id,
        "point": "none",
        "deed": "none",
    }


def heard(store, customer, vehicle) -> dict:
    """A conversation in which the customer waits, and a survey."""
    conversation = talks.open_for(
        store_id=store.id, cause="x", customer_id=customer.id, vehicle_id=vehicle.id, sales_consultant_id=None,
        service_specialist_id=None,
    )  # fmt: skip
    asked = talks.ask(conversation.id, text="x", key=new_id())
    now, survey_id = given.clock.now(), new_id()
    token = surveys.token_of(survey_id, store_id=store.id)
    survey = Survey.objects.create(
        id=survey_id, store=store, kind="delivery", cause="x", customer=customer, vehicle=vehicle, happened_at=now,
        invited_at=now, expires_at=now + timedelta(days=1), link_digest=owner_links.digest(token),
    )  # fmt: skip
    return {
        "conversation_id": conversation.id,
        "question_id": asked.id,
        "survey_id": survey.id,
        "talk_token": talks.token_of(conversation),
        "survey_token": token,
    }


def complained(store, customer, vehicle) -> dict:
    """A complaint with its alert, cards and first round; a code on the wall."""
    made = Complaint.objects.create(
        store=store, customer=customer, vehicle=vehicle, channel="phone", kind="safety", text="x",
        filed_at=given.clock.now(),
    )  # fmt: skip
    alert = Alert.objects.create(store=store, complaint=made, customer=customer, words="x", raised_at=given.clock.now())
    card = Finding.objects.create(store=store, complaint=made, side="sales")
    solution = Solution.objects.create(store=store, complaint=made, asked_at=given.clock.now())
    code = OwnerLink.objects.create(
        store=store, name="前台", secret_hash=new_id().bytes * 2, expires_at=given.clock.now() + timedelta(days=9)
    )
    return {
        "complaint_id": made.id,
        "alert_id": alert.id,
        "finding_id": card.id,
        "solution_id": solution.id,
        "owner_link_id": code.id,
    }


def measured(store) -> dict:
    """A target, an improvement with an action, a task force, a benchmark case."""
    now, monday = given.clock.now(), given.days(0)
    target = Target.objects.create(
        group=store.group, store=store, metric="follow_up", value=70, least=5, valid_from=monday, reason="x", at=now
    )
    case = ImprovementCase.objects.create(
        store=store, metric="complaint_24h", week=monday, value_before=40, target=95, opened_at=now
    )
    action = Action.objects.create(store=store, case=case, what="x", owner_id=1, due_on=given.days(3), agreed_at=now)
    force = TaskForce.objects.create(
        store=store, metric="complaint_24h", goal="x", lead_id=1, member_ids=[2], opened_at=now
    )
    practice = Practice.objects.create(
        store=store, month=monday.replace(day=1), title="x", story="x", lesson="x", kind="other", nominated_by_id=1,
        nominated_at=now,
    )  # fmt: skip
    paid = paid_month(store)
    return paid | {
        "target_id": target.id,
        "case_id": case.id,
        "action_id": action.id,
        "force_id": force.id,
        "practice_id": practice.id,
        "metric": "kept_word",
    }


def paid_month(store) -> dict:
    """A month of statements with the draft of somebody."""
    month = given.days(0).replace(day=1)
    opened = PayMonth.objects.create(store=store, month=month, ready_on=given.days(9))
    terms = {"weight": 10, "steps": [[0, 100]], "least": 5, "bonus": {}, "weights": {}, "coefficients": [[0, 1000]]}
    draft = Statement.objects.create(
        store=store, person_id=1_000_000, month=month, factor=10_000, bonus_fen=0, correction_fen=0, total_fen=0,
        digest="x", reckoned_at=given.clock.now(),
        content={"month": month.isoformat(), "role": "", "terms": terms, "figures": [], "step": None,
                 "factor": 10_000, "base_fen": None, "pay_fen": None, "bonuses": [], "late": [], "made_up": [],
                 "total_fen": 0, "points": None},
    )  # fmt: skip
    return {"paymonth_id": opened.id, "statement_id": draft.id}


@pytest.fixture
def things(cast):
    """One of everything in store A and in store B."""
    found = {}
    for key, store in (("own", cast.a), ("other", cast.b)):
        scope.set_stores([store.id])
        customer = given.customer(store, phone="13800001234" if key == "own" else "13900001234")
        vehicle = given.vehicle(store, customer)
        batch = ImportBatch.objects.create(
            store=store,
            file_name="x.xlsx",
            file_sha256=b"",
            file_bytes=1,
            kind="customers",
            state="failed",
            plan={"kind": "customers", "tables": []},
        )
        row_id = new_id()
        row = ImportRow.objects.create(
            id=row_id,
            store=store,
            batch=batch,
            sheet="s",
            row=2,
            kind="customers",
            is_rejected=True,
            content_sealed=seal('{"raw": {}, "problems": []}', bound_to=f"customers_importrow.content:{row_id}"),
        )
        other = given.customer(store, "李娜", phone="13800005678")
        manager = cast.staff[Role.STORE_MANAGER if key == "own" else "outsider"]
        view = SavedView.objects.create(
            store=store, list_code="customers", name="共用", owner_id=manager.id, is_shared=True
        )
        deed = BulkDeed.objects.create(
            store=store, list_code="customers", action="add_tag", by_id=manager.id, at=given.clock.now()
        )
        export = Export.objects.create(
            staff_id=manager.id, stores=[store.id], list_code="customers", columns=["name"], form="csv", purpose="x",
            rows_total=1, asked_at=given.clock.now(), changed_at=given.clock.now(),
        )  # fmt: skip
        asked = PrivacyRequest.objects.create(
            store=store, customer=customer, kind="copy", channel="phone", received_at=given.clock.now(),
            due_on=given.days(15), identity_check="回拨",
        )  # fmt: skip
        link = WallLink.objects.create(store=store, name="前台", made_by_id=manager.id, made_at=given.clock.now())
        absence = Absence.objects.create(
            staff=cast.staff["caller" if key == "own" else "outsider"], kind="leave", entered_at=given.clock.now(),
            starts_at=given.clock.now(), ends_at=given.clock.now() + timedelta(days=3),
        )  # fmt: skip
        training = trainings.add(
            trainings.Plan(
                "confidentiality", "保密", "客户的信息只用在手上的事。" * 6, given.days(0), store_id=store.id
            ),
            by=system_actor([store.id]),
        )
        message = Message.objects.create(
            store=store, dedupe_key="x", kind="audit.alarmed", message_class="red_alert", channel="robot",
            facts={"count": 1}, not_before_at=given.clock.now(), expires_at=given.clock.now(), state="failed",
        )  # fmt: skip
        notice = InboxItem.objects.create(
            store=store, staff_id=manager.id, dedupe_key="x", kind="audit.alarmed", at=given.clock.now()
        )
        account = ChannelAccount.objects.create(
            group=store.group, only_store=store, channel="robot", provider="wecom_robot",
            settings={"endpoint": "https://127.0.0.1:9"}, changed_at=given.clock.now(),
        )  # fmt: skip
        field = FieldDefinition.objects.create(
            group=store.group, store=store, subject="customer", code="way", label="来店方式", kind="text"
        )
        contact = new_id()
        Task.objects.create(
            store=store,
            rule="birthday",
            duty="x",
            role="sales_consultant",
            customer_id=customer.id,
            subject_id=customer.id,
            occasion_on=given.days(0),
            contact_id=contact,
            due_on=given.days(0),
            starts_at=given.clock.now(),
            due_at=given.clock.now(),
            planned_on=given.days(0),
        )
        found[key] = {
            "customer_id": customer.id,
            "field_id": field.id,
            "vehicle_id": vehicle.id,
            "batch_id": batch.id,
            "row_id": row.id,
            "contact_id": contact,
            "other_id": other.id,
            "merge_id": 999_999,
            "event_id": 999_999,
            "what": "contact_point",
            "pk": 999_999,
            "kind": "customers",
            "code": "birthday",
            "kind_code": "audit.alarmed",
            "store_id": store.id,
            "view_id": view.id,
            "deed_id": deed.id,
            "export_id": export.id,
            "account_id": account.id,
            "provider": "wecom_robot",
            "request_id": asked.id,
            "message_id": message.id,
            "item_id": notice.id,
            "form": "json",
            "column": "marks",
            "absence_id": absence.id,
            "link_id": link.id,
            "training_id": training.id,
            "token": "not-a-link",
            "staff_id": cast.staff["caller" if key == "own" else "outsider"].id,
            "point_id": ContactPoint.objects.get(customer=customer).id,
            **interfaces(store, cast.staff["caller" if key == "own" else "outsider"]),
            **sold(store, customer, vehicle),
            **heard(store, customer, vehicle),
            **complained(store, customer, vehicle),
            **measured(store),
        }
    scope.set_stores([cast.a.id])
    return found


def address(name: str, ids: dict) -> str:
    """The route's address with ids put in."""
    path = ROUTES[name]
    values = ids | ({"row_id": ids["point_id"]} if name == "customers:reveal" else {})
    if name == "lists:cell":
        values |= {"row_id": ids["customer_id"], "code": "customers"}
    if name.startswith("sales:"):
        values["delivery_id"] = ids["sold_id"]
    for part in (
        "uuid:customer_id",
        "uuid:other_id",
        "int:merge_id",
        "int:field_id",
        "uuid:vehicle_id",
        "uuid:batch_id",
        "uuid:row_id",
        "str:row_id",
        "slug:column",
        "uuid:contact_id",
        "uuid:token_id",
        "uuid:endpoint_id",
        "uuid:delivery_id",
        "int:event_id",
        "uuid:deed_id",
        "uuid:export_id",
        "int:view_id",
        "uuid:request_id",
        "uuid:message_id",
        "uuid:item_id",
        "uuid:account_id",
        "str:provider",
        "slug:form",
        "slug:what",
        "slug:kind",
        "slug:code",
        "int:staff_id",
        "int:absence_id",
        "int:link_id",
        "int:training_id",
        "str:token",
        "str:kind_code",
        "int:store_id",
        "uuid:complaint_id",
        "uuid:alert_id",
        "uuid:finding_id",
        "uuid:solution_id",
        "uuid:owner_link_id",
        "uuid:revision_id",
        "uuid:feedback_id",
        "uuid:promise_id",
        "uuid:proof_id",
        "uuid:arrival_id",
        "uuid:conversation_id",
        "uuid:question_id",
        "uuid:survey_id",
        "uuid:lead_id",
        "uuid:turn_id",
        "uuid:case_id",
        "uuid:action_id",
        "uuid:force_id",
        "uuid:practice_id",
        "uuid:paymonth_id",
        "uuid:statement_id",
        "int:target_id",
        "slug:metric",
        "slug:point",
        "slug:deed",
        "int:pk",
    ):
        path = path.replace(f"<{part}>", str(values[part.split(":")[1]]))
    return path


def ask(client: Client, name: str, ids: dict) -> int:
    """Status of GET, or of POST where GET is not offered."""
    path = address(name, ids)
    if name == "playbook:explain":
        path += f"?subject={ids['customer_id']}"
    answer = client.get(path)
    return (client.post(path) if answer.status_code == 405 else answer).status_code


@pytest.mark.req("R019", "R202", "R012")
@pytest.mark.parametrize("role", Role.values)
def test_a_role_may_do_exactly_what_its_row_says(role, cast, things):
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[role], backend="cheban.site.accounts.Backend")
    wrong = []
    for name, permission in EXPECTED.items():
        scope.set_stores([cast.a.id])
        status = ask(client, name, things["own"])
        allowed = permission in GRANTS[role]
        if (status == 403) == allowed or status >= 500:
            wrong.append((name, permission, "may" if allowed else "may not", status))
    assert wrong == []


@pytest.mark.req("R019")
def test_what_belongs_to_another_store_is_not_found(cast, things):
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    keys = ("customer_id", "vehicle_id", "batch_id", "row_id", "contact_id", "event_id", "merge_id", "staff_id")
    keys += ("token_id", "endpoint_id", "delivery_id", "view_id", "deed_id", "request_id", "absence_id", "link_id")
    keys += ("message_id", "item_id", "export_id", "account_id", "training_id")
    keys += (
        "revision_id",
        "feedback_id",
        "promise_id",
        "proof_id",
        "arrival_id",
        "conversation_id",
        "question_id",
        "survey_id",
        "lead_id",
        "turn_id",
    )
    keys += ("complaint_id", "alert_id", "finding_id", "solution_id", "owner_link_id")
    keys += ("target_id", "case_id", "action_id", "force_id", "practice_id")
    keys += ("paymonth_id", "statement_id")
    leaks = []
    for name in EXPECTED:
        if any(key in ROUTES[name] for key in keys) or name == "playbook:explain":
            status = ask(client, name, things["other"])
            if status != (404 if EXPECTED[name] in GRANTS[Role.STORE_MANAGER] else 403):
                leaks.append((name, status))
    assert leaks == []


def test_nobody_signed_in_reaches_only_the_public_routes(cast, things):
    client, reached = Client(raise_request_exception=False), []
    for name in ROUTES:
        path = address(name, things["own"])
        answer = client.get(path)
        if answer.status_code == 405:
            answer = client.post(path)
        if not (answer.status_code == 302 and answer["Location"].startswith("/account/login/")):
            reached.append(name)
    assert set(reached) <= PUBLIC
