"""The rules that never break, each as the functions that check it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from . import fallback, job_end, limits, money, ordering, stored_clips, submits
from .played_plan import PlayedPlan, PlayedRun

AFTER_EACH_RUN: Mapping[int, Sequence[Callable[[PlayedPlan, PlayedRun], None]]] = {
    1: (
        money.budget_holds,
        limits.purses_hold,
        money.overrun_stops_submits,
        limits.money_is_held_when_it_is_sent,
        limits.a_job_is_opened_if_it_is_expected_to_fit,
        limits.what_is_expected_is_still_to_be_made,
        limits.money_that_comes_free_is_waited_for,
    ),
    3: (submits.every_submit_has_a_result,),
    4: (
        job_end.running_attempts_are_recorded,
        job_end.what_ran_was_cancelled,
        job_end.cancelling_ends_in_time,
        job_end.cancelling_elsewhere_ends_in_time,
    ),
    5: (stored_clips.clips_are_what_is_stored,),
    6: (stored_clips.stored_clips_are_kept, stored_clips.a_run_without_faults_finishes_the_job),
    7: (
        job_end.enough_clips_or_an_error,
        job_end.impossible_jobs_are_refused,
        job_end.nothing_starts_once_min_clips_are_out_of_reach,
        job_end.attempts_are_cancelled_for_a_reason,
        fallback.a_clip_is_tried_on_its_whole_route,
        fallback.each_backend_gets_its_attempts_and_no_more,
        fallback.a_refused_account_gets_nothing_more,
    ),
    8: (
        money.what_is_told_adds_up,
        money.accounts_agree,
        money.nothing_stays_held,
        money.costs_add_up,
    ),
    10: (ordering.clips_are_in_order_and_complete, ordering.progress_never_falls),
    11: (stored_clips.stored_takes_stay, stored_clips.one_file_stands_for_a_clip),
}

AT_THE_END: Mapping[int, Sequence[Callable[[PlayedPlan], None]]] = {
    1: (money.holds_are_their_backends_own,),
    2: (submits.one_at_a_time, submits.no_clip_is_bought_twice, submits.requests_are_the_callers),
    3: (submits.released_means_absent,),
    5: (stored_clips.verdict_then_file_then_storage, stored_clips.bad_downloads_are_fetched_again),
    6: (stored_clips.spooled_clips_are_not_fetched_again,),
    8: (money.the_providers_charges_agree,),
}


def check_rules(played: PlayedPlan) -> None:
    """Check the newest run, and after the last one the whole plan, against every rule."""
    run = played.runs[-1]
    for checks in AFTER_EACH_RUN.values():
        for check in checks:
            check(played, run)
    if run.fault_free:
        for plan_checks in AT_THE_END.values():
            for plan_check in plan_checks:
                plan_check(played)
    assert not played.violations, played.violations[0]
