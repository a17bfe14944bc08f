"""The work list of duplicates, two files side by side, merging, undoing, and who is known already while one types."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.customers.duplicates import finding, merging, queries
from cheban.org.access import page


@page("customers/duplicates/list.html", may="customer.merge")
def duplicates(request: HttpRequest) -> dict:
    """Pairs to look at, pairs that are two people, merges done."""
    show, reason = request.GET.get("show", "proposed"), request.GET.get("reason", "")
    counts = queries.counts()
    names = (("proposed", _("待核对")), ("not_same", _("不是同一人")), ("merged", _("合并记录")))
    here = reverse("customers:duplicates")
    show = show if show in dict(names) else "proposed"
    found = (
        {"merges": queries.merge_list()}
        if show == "merged"
        else queries.worklist(state=show, reason=reason, after=request.GET.get("after", ""))
    )
    return found | {
        "show": show,
        "reason": reason,
        "reasons": [(code, label) for code, (label, weight) in finding.REASONS.items() if weight > 0],
        "tabs": [
            {"label": label, "url": f"{here}?show={code}", "active": show == code, "count": counts.get(code)}
            for code, label in names
        ],
    }


@page("customers/duplicates/compare.html", may="customer.merge")
def compare(request: HttpRequest, customer_id: UUID, other_id: UUID) -> dict | HttpResponse:
    """Two files side by side; a post merges the second into the first."""
    if request.method == "POST":
        merging.merge(
            by=request.actor,
            keep_id=customer_id,
            drop_id=other_id,
            take=[name for name, side in request.POST.items() if side == "right"],
        )
        messages.success(request, _("两份档案已合并。不对的话，可以在这里撤销。"))
        return redirect("customers:customer", customer_id)
    return queries.preview(customer_id, other_id)


@require_POST
@page(may="customer.merge")
def keep_apart(request: HttpRequest, customer_id: UUID, other_id: UUID) -> HttpResponse:
    """Two people: never proposed again; or look again."""
    if request.POST.get("again"):
        merging.look_again(by=request.actor, left_id=customer_id, right_id=other_id)
        messages.success(request, _("已放回待核对。"))
        return redirect(reverse("customers:duplicates") + "?show=not_same")
    merging.keep_apart(by=request.actor, left_id=customer_id, right_id=other_id)
    messages.success(request, _("已记住：不是同一人，以后不再提示。"))
    return redirect("customers:duplicates")


@require_POST
@page(may="customer.merge")
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Take a merged file out again."""
    event = merging.unmerge(merge_id, by=request.actor)
    messages.success(request, _("合并已撤销，两份档案恢复原样。"))
    return redirect("customers:customer", event.customer_id)


@require_POST
@page("customers/duplicates/_known.html", may="customer.create")
def known(request: HttpRequest) -> dict:
    """Who has this phone, plate or VIN already."""
    return {"known": queries.already_known(**{k: request.POST.get(k, "")[:40] for k in ("phone", "plate", "vin")})}
