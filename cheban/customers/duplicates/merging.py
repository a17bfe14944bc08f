"""Two files of one person become one, and apart again at any later time. R021, reliability 44.

What belongs to the absorbed file moves to the survivor (`core.links`), each row remembered; rows that the survivor
has already are taken out and kept. Events never change: the timeline reads the absorbed ids too. Consent is the
stricter of both. Undoing restores exactly; merges of merges may be undone in any order, because undoing one mends
what later ones remember of it.

Decided: rows added since stay with the survivor, but for those about a vehicle that goes back: they go with it.
A refusal said since holds for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models.fields import NOT_PROVIDED
from django.utils.translation import gettext as _

from cheban.core import clock, links, live, privacy
from cheban.core.errors import NotFound, Refused
from cheban.core.events import record
from cheban.core.models import Event
from cheban.customers.duplicates import finding
from cheban.customers.duplicates.queries import absorbed_ids, root_of
from cheban.customers.importing.undo import FOLLOWERS
from cheban.customers.models import Consent, ContactPoint, Customer, CustomerMerge, DuplicatePair, MergedRow
from cheban.org.access import Actor, audit, command

FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("name", "name_full_pinyin", "name_initials", "name_other_pinyin"),
    "kind": ("kind",),
    "gender": ("gender",),
    "birthday": ("birth_on", "birthday", "lunar_birthday"),
    "occupation": ("occupation",),
    "id_number": ("id_number_sealed", "id_number_blind"),
    "address": ("address_sealed",),
    "region": ("region",),
    "preferred_channel": ("preferred_channel",),
    "preferred_time": ("preferred_time",),
    "customer_no": ("customer_no",),
    "tier": ("tier",),
    "source": ("source",),
    "family": ("family",),
    "habits": ("habits",),
    "special_requests": ("special_requests",),
    "remarks": ("remarks",),
}
"""What one chooses side by side: field -> its columns, taken together."""
_NOT_COMPARED = ("changed_at", "refused_purposes")
_CUSTOM = "extra."
"""Begins the name of one custom field, in choices and in what a merge changed."""


class AlreadyMerged(Refused):
    """Somebody else merged one of the two a moment ago."""


class AlreadyUndone(Refused):
    """This merge was undone before."""


def _flat(image: dict[str, Any]) -> dict[str, Any]:
    """An image with each custom field by itself: a later change of one does not keep the others from going back."""
    own = {f"{_CUSTOM}{key}": value for key, value in image.get("extra", {}).items()}
    return {column: value for column, value in image.items() if column != "extra"} | own


def _image(customer_id: UUID) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(c)::text FROM customers_customer c WHERE id = %s", [customer_id])
        return json.loads(cursor.fetchone()[0])


@command("customer.merge")
def merge(*, by: Actor, keep_id: UUID, drop_id: UUID, take: Iterable[str] = ()) -> CustomerMerge:
    """Take file `drop_id` into `keep_id`; the fields named in `take` come from the absorbed file.

    Custom fields by `extra.<id>`: the survivor's stay, what it lacks is filled, several choices are joined.
    Raises NotFound, AlreadyMerged, Refused (two stores, the same file twice).
    """
    if keep_id == drop_id:
        raise Refused(_("这是同一份档案。"))
    locked = {c.id: c for c in Customer.objects.select_for_update().filter(id__in=[keep_id, drop_id]).order_by("id")}
    for wanted in (keep_id, drop_id):
        if wanted not in locked:
            if root_of(wanted) != wanted:
                raise AlreadyMerged(_("这份档案刚才已经合并。请从重复档案里重新打开。"))
            raise NotFound(_("没有这位客户，或不属于您的门店。"))
    keep, drop = locked[keep_id], locked[drop_id]
    if keep.store_id != drop.store_id:
        raise Refused(_("两份档案属于不同门店，不能合并。"))
    before, image = _image(keep_id), _image(drop_id)
    done = CustomerMerge.objects.create(
        store_id=keep.store_id, survivor_id=keep_id, absorbed_id=drop_id, image=image, by_id=by.staff_id, at=clock.now()
    )
    done.own_refused = sorted(_own_refused(keep_id, set(before["refused_purposes"]), without=done.id))
    stricter = _stricter_answers(keep_id, drop_id)
    done.demoted = _demote(keep, drop)
    done.moved = _move(done)
    for purpose, channel in stricter:
        row = Consent.objects.create(
            store_id=keep.store_id,
            customer_id=keep_id,
            purpose=purpose,
            channel=channel,
            is_given=False,
            proof=_("合并档案：两份中较严的一份"),
            by_id=by.staff_id,
            at=clock.now(),
        )
        MergedRow.objects.create(
            store_id=keep.store_id, merge=done, table="customers_consent", column="", row_id=str(row.id)
        )
    _take_fields(keep, drop, set(take))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_customer WHERE id = %s", [drop_id])
        if done.moved.get("workshop_repairorder"):
            for follower in FOLLOWERS:
                follower.recount(cursor, [], [keep_id])
    was, now = _flat(before), _flat(_image(keep_id))
    done.changed = {
        column: [was.get(column), now.get(column)]
        for column in {**was, **now}
        if was.get(column) != now.get(column) and column not in _NOT_COMPARED
    }
    done.save()
    _pairs_after_merge(done, by)
    record(
        "customer.merged",
        store_id=keep.store_id,
        actor_id=by.staff_id,
        customer_id=keep_id,
        merge_id=done.id,
        absorbed=str(drop_id),
        label=drop.name,
    )
    audit("customer.merged", by=by, subject=f"customer:{keep_id}", store_id=keep.store_id, absorbed=str(drop_id))
    live.announce("customer", keep_id)
    live.announce("customer", drop_id)
    return done


def _stricter_answers(keep_id: UUID, drop_id: UUID) -> list[tuple[str, str]]:
    """Questions to which one file says no, though the newest answer of both together would be yes."""
    newest: dict[tuple[str, str], dict[UUID, bool]] = {}
    last: dict[tuple[str, str], bool] = {}
    for row in Consent.objects.filter(customer_id__in=[keep_id, drop_id]).order_by("at", "id"):
        newest.setdefault((row.purpose, row.channel), {})[row.customer_id] = row.is_given
        last[row.purpose, row.channel] = row.is_given
    return sorted(key for key, said in newest.items() if last[key] and not all(said.values()))


def _demote(keep: Customer, drop: Customer) -> list[str]:
    """The absorbed file's first contact point is no longer the first, if the survivor has one."""
    if not ContactPoint.objects.filter(customer=keep, is_primary=True).exists():
        return []
    ids = list(ContactPoint.objects.filter(customer=drop, is_primary=True).values_list("id", flat=True))
    ContactPoint.objects.filter(id__in=ids).update(is_primary=False)
    return [str(i) for i in ids]


def _clash(link: links.Link) -> str:
    same = " AND ".join(f"y.{column} IS NOT DISTINCT FROM x.{column}" for column in link.unique)
    return f"EXISTS (SELECT 1 FROM {link.table} y WHERE y.{link.column} = %(keep)s AND {same})"  # noqa: S608 - our own names


def _move(done: CustomerMerge) -> dict[str, int]:
    """Every declared link of the absorbed file to the survivor; returns rows moved by table."""
    moved: dict[str, int] = {}
    values = {"keep": done.survivor_id, "drop": done.absorbed_id, "merge": done.id, "store": done.store_id}
    kept = (
        'INSERT INTO customers_mergedrow (store_id, merge_id, "table", "column", row_id, image) '
        "SELECT %(store)s, %(merge)s, %(table)s, %(column)s, id, image FROM gone"
    )
    with connection.cursor() as cursor:
        for link in links.moving():
            named = values | {"table": link.table, "column": link.column}
            where = f"x.{link.column} = %(drop)s AND {link.only}"
            if link.unique:
                cursor.execute(
                    f"WITH gone AS (DELETE FROM {link.table} x WHERE {where} AND {link.removable} AND {_clash(link)} "  # noqa: S608
                    f"RETURNING x.id::text AS id, to_jsonb(x) AS image) {kept}",
                    named,
                )
                where += f" AND NOT {_clash(link)}"
            cursor.execute(
                f"WITH gone AS (UPDATE {link.table} x SET {link.column} = %(keep)s WHERE {where} "  # noqa: S608
                f"RETURNING x.id::text AS id, NULL::jsonb AS image) {kept}",
                named,
            )
            if cursor.rowcount and link.label:
                moved[link.table] = moved.get(link.table, 0) + cursor.rowcount
    return moved


def _take_fields(keep: Customer, drop: Customer, take: set[str]) -> None:
    """The survivor's fields after the choice; what it lacks is filled from the absorbed file."""
    for field, columns in FIELDS.items():
        lacks = all(getattr(keep, column) in (None, "") for column in columns)
        has = any(getattr(drop, column) not in (None, "") for column in columns)
        if not (field in take or (lacks and has)):
            continue
        for column in columns:
            value = getattr(drop, column)
            if column.endswith("_sealed") and value is not None:
                place = f"customers_customer.{column.removesuffix('_sealed')}"
                value = privacy.seal(
                    privacy.unseal(value, bound_to=f"{place}:{drop.id}"), bound_to=f"{place}:{keep.id}"
                )
            setattr(keep, column, value)
    keep.extra = _merged_extra(keep.extra, drop.extra, take)
    keep.tags = sorted({*keep.tags, *drop.tags})
    keep.refused_purposes = sorted({*keep.refused_purposes, *drop.refused_purposes})
    keep.created_at = min(keep.created_at, drop.created_at)
    keep.last_contact_at = max(filter(None, (keep.last_contact_at, drop.last_contact_at)), default=None)
    if keep.referrer_id in (None, drop.id):
        keep.referrer_id = drop.referrer_id if drop.referrer_id != keep.id else None
    keep.visits += drop.visits
    keep.spent_fen += drop.spent_fen
    keep.last_visit_on = max(filter(None, (keep.last_visit_on, drop.last_visit_on)), default=None)
    keep.changed_at = clock.now()
    keep.save()


def _merged_extra(keep: dict[str, Any], drop: dict[str, Any], take: set[str]) -> dict[str, Any]:
    """Custom fields of both: the survivor's word stands unless the other's was taken; several choices are joined."""
    merged = dict(drop) | keep
    for key, theirs in drop.items():
        if f"{_CUSTOM}{key}" in take:
            merged[key] = theirs
        elif isinstance(theirs, list) and isinstance(keep.get(key), list):
            merged[key] = keep[key] + [code for code in theirs if code not in keep[key]]
    return merged


def _pairs_after_merge(done: CustomerMerge, by: Actor) -> None:
    """The pair is settled; who is not the absorbed person is not the survivor either."""
    keep, drop = done.survivor_id, done.absorbed_id
    pairs = DuplicatePair.objects.filter(left_id=drop) | DuplicatePair.objects.filter(right_id=drop)
    for pair in pairs:
        other = pair.right_id if pair.left_id == drop else pair.left_id
        if pair.state == DuplicatePair.State.PROPOSED:
            pair.delete()
        elif other != keep:
            DuplicatePair.objects.filter(
                left_id=min(keep, other), right_id=max(keep, other), state=DuplicatePair.State.PROPOSED
            ).delete()
            DuplicatePair.objects.get_or_create(
                left_id=min(keep, other),
                right_id=max(keep, other),
                defaults={
                    "store_id": done.store_id,
                    "state": DuplicatePair.State.NOT_SAME,
                    "found_at": done.at,
                    "decided_at": done.at,
                    "decided_by_id": by.staff_id,
                    "merge_id": done.id,
                },
            )
    finding.find(customer_ids=[keep])


# --- apart again -------------------------------------------------------------------------------------------------


@command("customer.merge")
def unmerge(merge_id: int, *, by: Actor) -> Event:
    """Take the absorbed file out again, as it was. Raises NotFound, AlreadyUndone."""
    done = CustomerMerge.objects.select_for_update().filter(id=merge_id).first()
    if done is None:
        raise NotFound(_("没有这次合并，或不属于您的门店。"))
    if done.undone_at is not None:
        raise AlreadyUndone(_("这次合并已经撤销过。"))
    if done.image.get("erased"):
        raise Refused(_("这位客户的个人信息已按请求删除，不能再拆回。"))
    root = _lock_root(done.survivor_id)
    with connection.cursor() as cursor:
        referrer = done.image.get("referrer_id")
        referrer = root_of(UUID(referrer)) if referrer else None
        if referrer and not Customer.objects.filter(id=referrer).exists():
            referrer = None
        _insert(cursor, "customers_customer", done.image | {"referrer_id": str(referrer) if referrer else None})
        _return_rows(cursor, done, root)
        counts_change = _follow_vehicles(cursor, done, root) or done.moved.get("workshop_repairorder")
        MergedRow.objects.filter(merge=done).delete()
        _restore_fields(cursor, done)
        _restore_refusals(done, root)
        CustomerMerge.objects.filter(id=done.id).update(undone_at=clock.now(), undone_by_id=by.staff_id)
        DuplicatePair.objects.filter(merge_id=done.id).delete()
        if counts_change:
            for follower in FOLLOWERS:
                follower.recount(cursor, [], [root, done.absorbed_id])
    finding.find(customer_ids=[root, done.absorbed_id])
    audit(
        "customer.unmerged", by=by, subject=f"customer:{root}", store_id=done.store_id, absorbed=str(done.absorbed_id)
    )
    for customer_id in {root, done.absorbed_id}:
        live.announce("customer", customer_id)
    record(
        "customer.unmerged",
        store_id=done.store_id,
        actor_id=by.staff_id,
        customer_id=done.absorbed_id,
        merge_id=done.id,
        label=done.image["name"],
    )
    return record(
        "customer.unmerged",
        store_id=done.store_id,
        actor_id=by.staff_id,
        customer_id=root,
        merge_id=done.id,
        label=done.image["name"],
    )


def _lock_root(customer_id: UUID) -> UUID:
    """The living file that holds this one, locked; it may be absorbed while we wait, so look again."""
    for _attempt in range(9):
        root = root_of(customer_id)
        if Customer.objects.select_for_update().filter(id=root).exists():
            return root
    raise AlreadyMerged(_("这份档案刚才已经合并。请从重复档案里重新打开。"))


def _defaults(table: str) -> dict[str, Any]:
    """Values for columns that a table got after an image was taken."""
    model = next(m for m in apps.get_models() if m._meta.db_table == table)
    return {
        f.column: f.get_default()
        for f in model._meta.concrete_fields
        if f.default is not NOT_PROVIDED and not f.primary_key and not isinstance(f.get_default(), bytes)
    }


def _insert(cursor, table: str, image: dict[str, Any]) -> None:
    cursor.execute(
        f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s::jsonb) ON CONFLICT DO NOTHING",  # noqa: S608
        [json.dumps(_defaults(table) | image, default=str)],
    )


def _return_rows(cursor, done: CustomerMerge, root: UUID) -> None:
    """Rows back to where they were. Later merges forget what they remember of them."""
    back = {"merge": done.id, "home": done.absorbed_id, "root": root}
    for row in MergedRow.objects.filter(merge=done, image__isnull=False).order_by("id"):
        _insert(cursor, row.table, row.image)
    moved: dict[tuple[str, str], list[str]] = {}
    for table, column, row_id in MergedRow.objects.filter(merge=done, image__isnull=True).values_list(
        "table", "column", "row_id"
    ):
        moved.setdefault((table, row_id), []).append(column)
    # A later merge took such a row out because its survivor had the like: it comes back from there.
    for row in MergedRow.objects.filter(
        merge_id__gt=done.id, image__isnull=False, row_id__in=[row_id for _table, row_id in moved]
    ):
        if columns := moved.get((row.table, row.row_id)):
            _insert(cursor, row.table, row.image | dict.fromkeys(columns, str(done.absorbed_id)))
            row.delete()
    for link in links.moving():
        named = back | {"table": link.table, "column": link.column}
        mine = (
            'SELECT row_id FROM customers_mergedrow WHERE merge_id = %(merge)s AND "table" = %(table)s '
            'AND "column" = %(column)s AND image IS NULL'
        )
        cursor.execute(
            f"""UPDATE {link.table} x SET {link.column} = %(home)s
                WHERE x.{link.column} = %(root)s AND x.id IN (SELECT m.row_id::{link.id_type} FROM ({mine}) m)""",  # noqa: S608
            named,
        )
        cursor.execute(
            f"""DELETE FROM customers_mergedrow r WHERE r."table" = %(table)s AND r."column" = %(column)s
                  AND r.merge_id > %(merge)s AND r.row_id IN ({mine})""",  # noqa: S608
            named,
        )
    cursor.execute(
        """DELETE FROM customers_consent c USING customers_mergedrow r WHERE r.merge_id = %(merge)s
             AND r."column" = '' AND r."table" = 'customers_consent' AND c.id = r.row_id::uuid""",
        back,
    )
    ContactPoint.objects.filter(id__in=done.demoted, customer_id=done.absorbed_id).update(is_primary=True)
    gone = {done.absorbed_id, *absorbed_ids(done.absorbed_id)}
    _fill_gaps(cursor, done, root, {root, *absorbed_ids(root)} - gone)
    _fill_gaps(cursor, done, done.absorbed_id, gone)


def _fill_gaps(cursor, done: CustomerMerge, root: UUID, below: set[UUID]) -> None:
    """What another merge took out because the row that goes now was there: it is needed again.

    The merge nearest to the living file first: its row stands for the like of it further down.
    """
    of_table = {link.table: link for link in links.moving() if link.unique}
    rows = MergedRow.objects.filter(image__isnull=False, merge__undone_at=None, merge__survivor_id__in=below)
    for row in rows.exclude(merge=done).select_related("merge").order_by("-merge_id", "id"):
        link = of_table[row.table]
        if not _has_the_like(cursor, link, root, row.image):
            _insert(cursor, row.table, row.image | {link.column: str(root)})
            MergedRow.objects.filter(id=row.id).update(image=None)
            at = row.merge.survivor_id
            while at != root:  # the merges between moved it too, so that undoing them takes it down again
                between = CustomerMerge.objects.get(absorbed_id=at, undone_at=None)
                MergedRow.objects.create(
                    store_id=row.store_id, merge=between, table=row.table, column=row.column, row_id=row.row_id
                )
                at = between.survivor_id


def _has_the_like(cursor, link: links.Link, root: UUID, image: dict[str, Any]) -> bool:
    same = " AND ".join(f"y.{column} IS NOT DISTINCT FROM x.{column}" for column in link.unique)
    cursor.execute(
        f"""SELECT EXISTS (SELECT 1 FROM {link.table} y,
              jsonb_populate_record(NULL::{link.table}, %s::jsonb) x WHERE y.{link.column} = %s AND {same})""",  # noqa: S608
        [json.dumps(image), root],
    )
    return cursor.fetchone()[0]


def _follow_vehicles(cursor, done: CustomerMerge, root: UUID) -> int:
    """What was added since about a vehicle that went back goes with it; returns how many rows."""
    moved = 0
    for link in links.moving():
        if link.vehicle and link.added:
            cursor.execute(
                f"""UPDATE {link.table} x SET {link.column} = %(home)s WHERE x.{link.column} = %(root)s
                      AND x.{link.added} > %(at)s AND x.{link.vehicle} IN (
                        SELECT v.id FROM customers_vehicle v JOIN customers_mergedrow r ON r.row_id = v.id::text
                        WHERE r.merge_id = %(merge)s AND r."table" = 'customers_vehicle' AND v.owner_id = %(home)s)""",  # noqa: S608
                {"home": done.absorbed_id, "root": root, "at": done.created_at, "merge": done.id},
            )
            moved += cursor.rowcount
    return moved


def _restore_fields(cursor, done: CustomerMerge) -> None:
    """The survivor's fields as before, but for those that somebody changed since.

    Where a later merge built on ours, that merge's 'before' is mended instead: then any order of undoing ends alike.
    """
    later = list(CustomerMerge.objects.filter(survivor_id=done.survivor_id, id__gt=done.id, undone_at=None))
    later.sort(key=lambda m: m.id)
    holder = CustomerMerge.objects.filter(absorbed_id=done.survivor_id, undone_at=None).first()
    image = holder.image if holder else _image(done.survivor_id)
    now = _flat(image)
    back: dict[str, Any] = {}
    for column, (before, after) in done.changed.items():
        next_one = next((m for m in later if column in m.changed), None)
        if next_one is None:
            if now.get(column) == after:
                back[column] = before
        elif next_one.changed[column][0] == after:
            next_one.changed[column][0] = before
    for each in later:
        each.save(update_fields=["changed"])
    own = {key.removeprefix(_CUSTOM): back.pop(key) for key in list(back) if key.startswith(_CUSTOM)}
    if own:
        back["extra"] = {k: v for k, v in (image.get("extra", {}) | own).items() if v is not None}
    if holder:
        holder.image |= back
        holder.save(update_fields=["image"])
    elif back:
        columns = ", ".join(f'"{c}"' for c in back)
        cursor.execute(
            f"""UPDATE customers_customer SET ({columns}, changed_at) = (
                  SELECT {columns}, %(at)s FROM jsonb_populate_record(NULL::customers_customer, %(back)s::jsonb))
                WHERE id = %(id)s""",  # noqa: S608
            {"back": json.dumps(back), "id": done.survivor_id, "at": clock.now()},
        )


# --- refusals: the stricter of both, and whose they are ------------------------------------------------------------


def _live_into(survivor_id: UUID, *, without: int | None = None) -> list[CustomerMerge]:
    found = CustomerMerge.objects.filter(survivor_id=survivor_id, undone_at=None).exclude(id=without)
    return sorted(found, key=lambda m: m.id)


def _brought(merges: Iterable[CustomerMerge]) -> set[str]:
    return set().union(*(m.image["refused_purposes"] for m in merges))


def _own_refused(survivor_id: UUID, current: set[str], *, without: int | None = None) -> set[str]:
    """What the survivor refused by itself: known at the last merge, or said since."""
    merges = _live_into(survivor_id, without=without)
    known = set(merges[-1].own_refused) if merges else set()
    return (current - _brought(merges)) | (known & current)


def _restore_refusals(done: CustomerMerge, root: UUID) -> None:
    """Take back the refusals that came with the absorbed file alone; what was refused since holds for both."""
    merges = _live_into(done.survivor_id)
    holder = CustomerMerge.objects.filter(absorbed_id=done.survivor_id, undone_at=None).first()
    if holder is None:
        customer = Customer.objects.get(id=root)
        since = set(customer.refused_purposes) - set(merges[-1].own_refused) - _brought(merges)
        if since:
            Customer.objects.filter(id=done.absorbed_id).update(
                refused_purposes=sorted(since | set(done.image["refused_purposes"]))
            )
    _settle(done.survivor_id, merges, [m for m in merges if m.id != done.id])


def _settle(survivor_id: UUID, before: list[CustomerMerge], after: list[CustomerMerge], old: set[str] | None = None):
    """Bring a file's refusals in line when what was brought into it changed, and up the chain.

    `old`: what the merges in `before` brought, when their images have changed meanwhile.
    """
    brought = _brought(before) if old is None else old
    holder = CustomerMerge.objects.filter(absorbed_id=survivor_id, undone_at=None).first()
    current = set(holder.image["refused_purposes"] if holder else Customer.objects.get(id=survivor_id).refused_purposes)
    own = (current - brought) | (set(before[-1].own_refused if before else ()) & current)
    if not holder:  # said no again since, in this file's own words
        answers: dict[str, bool] = {}
        for row in Consent.objects.filter(customer_id=survivor_id, channel="any").order_by("at", "id"):
            answers[row.purpose] = row.is_given
        own |= {p for p in current if answers.get(p) is False}
    new = own | (_brought(after) & current)
    CustomerMerge.objects.filter(id__in=[m.id for m in after]).update(own_refused=sorted(own))
    if holder is None:
        if new != current:
            Customer.objects.filter(id=survivor_id).update(refused_purposes=sorted(new))
        return
    above = _live_into(holder.survivor_id)
    had = _brought(above)
    CustomerMerge.objects.filter(id=holder.id).update(image=holder.image | {"refused_purposes": sorted(new)})
    _settle(holder.survivor_id, above, _live_into(holder.survivor_id), old=had)


# --- not the same person -------------------------------------------------------------------------------------------


@command("customer.merge")
def keep_apart(*, by: Actor, left_id: UUID, right_id: UUID) -> DuplicatePair:
    """Remember that two files are two people (a family's phone): never proposed again. Raises NotFound."""
    people = list(Customer.objects.filter(id__in=[left_id, right_id]).order_by("id"))
    if len(people) != 2 or people[0].store_id != people[1].store_id:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    pair, _made = DuplicatePair.objects.update_or_create(
        left_id=people[0].id,
        right_id=people[1].id,
        defaults={
            "store_id": people[0].store_id,
            "state": DuplicatePair.State.NOT_SAME,
            "decided_at": clock.now(),
            "decided_by_id": by.staff_id,
        },
        create_defaults={
            "store_id": people[0].store_id,
            "state": DuplicatePair.State.NOT_SAME,
            "found_at": clock.now(),
            "decided_at": clock.now(),
            "decided_by_id": by.staff_id,
        },
    )
    live.announce("store", pair.store_id)
    return pair


@command("customer.merge")
def look_again(*, by: Actor, left_id: UUID, right_id: UUID) -> int:
    """Take 'not the same person' back; proposed again if the signs still say so. Raises NotFound."""
    left, right = sorted((left_id, right_id))
    if not DuplicatePair.objects.filter(left_id=left, right_id=right, state=DuplicatePair.State.NOT_SAME).delete()[0]:
        raise NotFound(_("没有这一对档案，或不属于您的门店。"))
    return finding.find(customer_ids=[left, right])


__all__ = ["FIELDS", "absorbed_ids", "keep_apart", "look_again", "merge", "unmerge"]
