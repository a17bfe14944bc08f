"""How people behave, as one table that can be read and argued about: each figure with its reason.

Yearly figures are expected times per customer (or car) and year; chances are 0-1 per occasion. Nothing here is
measured at a real store of ours: where a source exists it is named, else the reason is a guess that says so.
"""

from __future__ import annotations

from dataclasses import dataclass

# --- coming to the workshop -------------------------------------------------------------------------------------

SHOWS_UP = {0: 0.94, 1: 0.63}
"""Who comes for the first (0 services done) and the second service at all: 94 % and 63 % (market.md, the cliff)."""
SHOWS_UP_LATER = 0.91
"""Each later service (the same source: who stays after the second one stays)."""
BY_THEMSELVES = 0.62
"""Of those who would come, how many do so without being called: a guess between 50 and 70 %."""
LATE_DAYS = ((-4, 10), (3, 40), (14, 30), (45, 12), (100, 8))
"""How late after the due day they come without a call: (days, weight). A guess: most about the day, a tail of months
(the demo's history has the same shape)."""
KEEPS_APPOINTMENT = 0.88
"""Of those booked by telephone, how many come on the day; most of the rest come a week later, some never."""
REPAIRS_A_YEAR = 0.45
"""Repairs between services, per car and year (as in the demo's history)."""
MISREADS = 0.006
"""Of the odometer readings typed at the desk: a digit forgotten (two thirds) or one too many (one third)."""

# --- what happens in a customer's year ---------------------------------------------------------------------------

YEARLY: dict[str, tuple[float, str]] = {
    "complains": (0.05, "one note of anger per 20 customers and year, told at the desk"),
    "praises": (0.04, "a kind word that somebody writes down"),
    "refuses": (0.02, "refuses a purpose at the desk or by post; the demo has the same share"),
    "gives_again": (0.006, "and some agree again later"),
    "changes_plate": (0.012, "a new plate after moving or a number one likes"),
    "sells_car": (0.05, "China sells about one used car per 17 on the road a year ; a guess in round figures"),
    "moves_away": (0.03, "moves to another city and comes no more"),
    "new_phone": (0.03, "a second number, told at the desk"),
    "typed_again": (0.015, "the desk makes a second file: a name misspelt, the number known"),
    "reads_odometer": (0.06, "tells the odometer on the phone, not in the workshop"),
    "is_looked_up": (0.25, "somebody needs the whole number or address: a reveal with a reason"),
    "gets_tag": (0.05, "the desk puts a word on the file"),
}
"""Expected times a year per customer, and why."""

GRIEVES_A_YEAR, GRIEFS_AT_LEAST = 0.045, 100
"""Complaints on record per customer and year, alarming notes among them: two in a hundred visits, as a guess. So many
in a store's year at least, more than in a real small store, so that a small town sees every step."""
ALARMS = 0.35
"""Of them, how many say words of danger in a note."""
COMPENSATIONS = (0, 0, 100, 200, 300, 500, 800, 2_000)
"""What is offered, in yuan; the last two are above what quality control may grant."""
OBJECTS = 0.2
"""Of the solutions carried out, how many the customer does not take."""
RECURS = 0.12
"""Of the closed complaints, how many are found to have come back after 30 days."""

SALES_A_YEAR = 0.14
"""New cars sold a year per customer of the store."""
WALK_INS_A_YEAR = 0.02
"""Strangers who come to the desk for the first time, per customer of the store and year."""
USED_CAR_STAYS = 0.55
"""Of the cars sold on, how many new owners bring them to the same workshop."""

# --- answering the telephone ---------------------------------------------------------------------------------------

ANSWERS = 0.72
"""Picks up (first attempt; each further one 0.1 less likely)."""
WANTS = (("booked", 58), ("settled", 14), ("reached", 12), ("call_back", 8), ("refused", 8))
"""Somebody who meant to come: (outcome, weight)."""
WANTS_NOT = (("booked", 16), ("settled", 12), ("reached", 24), ("call_back", 10), ("refused", 38))
"""Somebody who did not mean to come; 'booked' here is a win-back."""
RENEWS = (("settled", 34), ("reached", 22), ("call_back", 16), ("refused", 28))
"""Asked about the insurance."""
REASONS = (
    ("not_now", 34),
    ("done_elsewhere", 27),
    ("price", 17),
    ("far", 10),
    ("sold", 4),
    ("wrong_number", 2),
    ("this_purpose", 5),
    ("do_not_contact", 1),
)
"""Why people say no."""

# --- staff -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Temper:
    """How somebody works: contacts a day, share put off without a word, skill (part of lukewarm customers won),
    share of outcomes entered wrongly and taken back, share entered without a call having been made."""

    capacity: int
    forgets: float
    skill: float
    takes_back: float = 0.01
    pretends: float = 0.0


TEMPERS = {
    "good": Temper(40, 0.02, 0.15),
    "slow": Temper(12, 0.05, 0.1),
    "forgetful": Temper(30, 0.35, 0.0, takes_back=0.02),
    "bad": Temper(18, 0.3, -0.2, takes_back=0.03, pretends=0.15),
}
"""Nobody is all of one kind; these four are enough to make good months and bad ones."""
STAFFS = {
    "good": (("good", 1),),
    "mixed": (("good", 62), ("slow", 14), ("forgetful", 14), ("bad", 10)),
    "bad": (("slow", 25), ("forgetful", 35), ("bad", 40)),
}
"""Who works at a store: --staff."""
SICK_A_DAY = 0.015
"""About four days a year each."""
ABSENCES: dict[str, tuple[float, int, int, str]] = {
    "leave": (
        1.8,
        2,
        7,
        "five to ten days of paid holiday by law, taken in two parts; the weeks of the festivals apart",
    ),
    "business": (0.5, 1, 3, "a visit to the maker or another store of the group"),
    "training": (0.8, 1, 2, "the maker's courses"),
}
"""What staff enter: times a year each, days from and to, and why (guesses in round figures)."""
KNOWN_DAYS_AHEAD = 20
"""An absence is entered up to so many days before; on the morning itself at the latest."""
NAMES_A_DEPUTY = 0.65
"""The rest leave it to the house to find a colleague."""
CANCELS_AN_ABSENCE = 0.12
"""Does not go after all, or is back early."""
LEAVES_A_YEAR = {"good": 0.08, "mixed": 0.2, "bad": 0.35}
"""Turnover of after-sales staff; sales staff leave as often."""

PROMISES = 0.45
"""Deliveries at which something beyond the contract is promised."""
ARRIVALS_NOTED = 0.3
"""Visits that the desk notes the moment that the car comes (a guess; a gate camera would see all)."""
PROVES = 0.1
"""Promises that come with a scan (few: each is sealed onto the disk)."""
BREAKS_PROMISES = 0.06
DISPUTES = 0.04
"""Of the promises made: given up aloud, remembered differently by the customer (guesses)."""

ANSWERS_SURVEY = 0.4
"""Of those who are asked by a link with two questions (a guess between 25 and 50 %)."""
BAD_DAY = 0.06
"""Visits that went wrong in a way that nothing else here tells of."""
WISHES_A_YEAR, WISHES_AT_LEAST = 0.1, 75
"""Times a year a customer says that they want to buy, trade in or bring somebody: one in ten, a guess (cars are
replaced every six to eight years, and not everybody speaks of it in the workshop). At least so many in a store's year,
as above."""
WRITES_WISHES_DOWN = 0.4
"""The rest stands in notes and is heard by the house itself."""
NO_LEADS, LOSES_INTEREST, BUYS = 0.15, 0.18, 0.5
"""Of proposals: no lead at all; of talks: the last one; of talks after a quote: a deal (R166 aims at 30 % in all)."""


def yearly(share: float, at_least: int, owners: int) -> float:
    """Times a year something happens to each of a store's `owners`: `share`, or `at_least` a store where it is small."""
    return max(share, at_least / max(owners, 1))


# --- the outside ----------------------------------------------------------------------------------------------------

WARNINGS = (
    ("rainstorm", (5, 6, 7, 8, 9), 5.0),
    ("typhoon", (7, 8, 9), 1.6),
    ("heat", (7, 8), 3.0),
    ("cold", (11, 12, 1, 2), 3.0),
    ("snow", (12, 1, 2), 0.8),
    ("fog", (10, 11, 12, 1, 2, 3), 1.5),
)
"""Kind of weather, its months, warnings a year: the Yangtze delta, roughly."""
FILE_COMES_AGAIN = 0.08
"""Nights on which the old system sends the last three days once more."""
WRONG_FILE_A_YEAR = 3
"""Files brought in by mistake and taken back the next days."""
LULL = (("sale", 0.4), ("visit", 0.55))
"""In the two weeks from Spring Festival on, compared with other days; before it more is sold and serviced."""
