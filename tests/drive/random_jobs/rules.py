"""The ten rules that never break, each as the checks that hold a story to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from . import ending, keeping, money, order, sending
from .story import Chapter, Story

BY_CHAPTER: Mapping[int, Sequence[Callable[[Story, Chapter], None]]] = {
    1: (money.budget_holds, money.overrun_stops_submits, money.first_holds_come_together),
    3: (sending.silence_is_doubt,),
    4: (
        ending.nothing_runs_unseen,
        ending.what_ran_was_asked_to_stop,
        ending.it_ends_in_time,
        ending.whoever_runs_it_hears_that_it_was_called_off,
    ),
    5: (keeping.clips_are_what_is_stored,),
    6: (keeping.stored_clips_are_kept, keeping.a_calm_run_finishes_the_job),
    7: (
        ending.enough_clips_or_an_error,
        ending.impossible_jobs_are_refused,
        ending.nothing_starts_without_hope,
        ending.what_runs_may_finish,
    ),
    8: (money.accounts_agree, money.nothing_stays_held, money.costs_add_up),
    10: (order.clips_are_in_order_and_complete, order.progress_never_falls),
}

BY_STORY: Mapping[int, Sequence[Callable[[Story], None]]] = {
    1: (money.holds_are_their_backends_own,),
    2: (sending.one_at_a_time, sending.no_clip_is_bought_twice, sending.requests_are_the_callers),
    3: (sending.released_means_absent,),
    5: (keeping.verdict_then_file_then_storage, keeping.bad_downloads_are_fetched_again),
    6: (keeping.what_is_spooled_is_at_hand,),
    8: (money.the_providers_books_agree,),
}


def hold(story: Story) -> None:
    """Hold the newest chapter, and at the end the whole story, against every rule."""
    chapter = story.chapters[-1]
    for checks in BY_CHAPTER.values():
        for check in checks:
            check(story, chapter)
    if chapter.calm:
        for whole in BY_STORY.values():
            for check_all in whole:
                check_all(story)
    assert not story.complaints, story.complaints[0]
