//! The store's promises, on every engine.

mod accesses;
mod aliases;
mod bases;
mod blocks;
mod care_episodes;
mod changes;
mod decisions;
mod due;
mod findings;
mod fixture;
mod grants;
mod humans;
mod matrices;
mod notifications;
mod patients;
mod plans;
mod records;
mod requests;
mod visibilities;

use accesses::*;
use aliases::*;
use bases::*;
use blocks::*;
use care_episodes::*;
use changes::*;
use decisions::*;
use due::*;
use findings::*;
use fixture::Fixture;
use grants::*;
use humans::*;
use matrices::*;
use notifications::*;
use patients::*;
use plans::*;
use records::*;
use requests::*;
use visibilities::*;

use super::sql::Migrator;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        a_record_is_created_changed_and_read_back,
        a_rule_without_a_record_to_change_gives_record_unavailable,
        a_refused_change_leaves_nothing_behind,
        the_same_write_again_changes_nothing_and_answers_the_same,
        two_equal_writes_at_once_are_one,
        a_record_that_many_open_at_once_is_opened_once,
        one_name_for_two_writes_is_refused,
        a_kept_answer_is_that_of_the_very_write_and_asking_for_it_claims_nothing,
        a_repetition_is_not_answered_before_the_change_could_be,
        what_was_refused_is_traced_and_changes_nothing,
        changes_of_one_record_queue_and_none_is_lost,
        a_grant_needs_an_open_record_and_a_grantee_who_is_not_blocked,
        a_second_live_grant_to_a_grantee_names_the_first,
        of_many_grants_made_at_once_to_one_grantee_one_stays,
        a_new_grant_takes_the_place_of_one_that_is_over,
        grants_to_a_person_an_organization_and_a_number_read_back,
        another_patients_grant_is_not_found,
        every_given_grant_changes_in_one_step,
        each_state_lists_its_grants_and_no_other,
        pages_of_grants_show_each_once_while_more_are_made,
        a_request_reads_back_and_no_decision_rests_on_it,
        a_request_has_the_conditions_of_a_grant,
        of_many_requests_made_at_once_one_stays,
        a_request_nobody_answered_is_listed_as_expired_and_makes_room,
        an_approval_has_the_conditions_of_a_grant,
        an_approval_takes_the_place_of_a_grant_that_is_over,
        of_answers_and_a_grant_made_at_once_one_stays,
        waiting_numbers_are_listed_once_in_order_while_a_grant_waits,
        a_declaration_made_meanwhile_ends_for_what_the_patient_gave,
        waiting_grants_are_given_once_and_the_newer_of_two_stays,
        a_block_stands_once_and_is_replaced_when_it_is_over,
        another_patients_block_is_not_found,
        ended_blocks_are_listed_when_asked_for,
        an_episode_reads_back_and_is_in_the_basis_of_its_members,
        an_episode_needs_an_open_record_and_an_opener_who_is_not_blocked,
        a_block_on_the_organization_that_cares_is_told_to_whomever_it_cares_with,
        a_block_under_one_identifier_is_on_the_care_under_another,
        somebody_elses_episode_is_not_found,
        episodes_that_are_over_are_listed_when_asked_for_and_pages_follow,
        everybody_whom_something_may_authorise_is_a_candidate_once,
        a_setting_is_added_once_taken_back_and_remembered,
        lists_of_settings_show_what_holds_and_nothing_of_what_is_hidden,
        of_ten_thousand_masks_each_holds_and_all_are_listed,
        a_basis_holds_what_concerns_these_three_and_nothing_else,
        a_basis_leaves_out_what_was_ended,
        a_grant_to_come_that_is_changed_by_a_clock_ahead_is_still_to_come,
        what_had_begun_when_it_was_given_has_begun_by_every_clock_whatever_changes,
        a_basis_holds_the_settings_of_the_documents_asked_for,
        a_basis_without_a_professional_knows_the_record_alone,
        several_bases_are_given_in_the_order_asked,
        what_a_returned_change_shut_out_is_shut_out,
        a_recorded_decision_is_answered_again_and_traced_once,
        a_repetition_that_is_permitted_less_is_a_decision_of_its_own,
        in_one_batch_too_nobody_is_given_more_than_is_permitted_last,
        a_repetition_promises_no_more_than_what_was_decided_last,
        one_batch_may_hold_new_known_repeated_and_reused_names,
        a_decision_recorded_twice_at_once_is_traced_once,
        forgotten_requests_may_be_made_again,
        a_clock_that_is_ahead_of_the_databases_is_not_believed,
        a_change_tells_whom_it_concerns_and_a_repeated_one_nobody_again,
        a_change_that_is_refused_tells_nobody,
        what_is_declared_for_somebody_who_is_blocked_is_told_to_the_patient_alone,
        one_step_tells_everybody_whom_it_concerns,
        a_reader_who_goes_on_misses_none_and_sees_none_twice,
        pages_of_notifications_follow_the_newest_first_while_more_come,
        one_is_read_once_and_only_by_whom_it_is_for,
        what_is_muted_is_not_told_from_then_on,
        preferences_are_chosen_repeatably_and_by_who_saw_the_last,
        old_notifications_are_forgotten_and_positions_go_on,
        a_finding_is_told_once_to_who_wants_it_and_to_nobody_else,
        a_finding_that_the_trail_withholds_is_told_to_the_holder_alone,
        a_finding_goes_to_the_present_identifier,
        findings_are_followed_from_where_they_were_and_anew_when_that_is_unknown,
        the_first_access_of_each_professional_is_told_once,
        what_is_told_to_the_holder_alone_is_not_there_for_representatives,
        of_first_accesses_at_once_one_is_told,
        what_was_not_recorded_is_told_when_it_is,
        a_repeated_request_tells_nobody_again,
        an_emergency_is_told_to_the_patient_and_the_treating_doctors_of_now,
        an_end_that_nears_is_told_once_and_again_when_it_moved,
        an_end_that_came_is_told_to_the_patient_once,
        what_ended_too_long_ago_is_not_told,
        instances_that_look_at_once_tell_once,
        a_document_withheld_for_two_weeks_is_told_unless_it_was_shown,
        every_change_moves_the_clock_of_its_patient_once,
        an_act_that_changes_nothing_and_a_repeated_one_move_no_clock,
        many_changes_at_once_take_positions_without_holes,
        an_entry_is_of_the_position_it_names_and_says_what_bases_say,
        an_entry_of_very_many_settings_says_that_it_has_not_got_them,
        a_matrix_is_loaded_once_and_moves_the_clock_of_what_spans_patients,
        a_load_is_later_than_those_before_it_whatever_the_clock_says,
        a_revision_never_has_another_content_or_day,
        a_load_that_may_not_be_leaves_nothing_and_a_repeated_one_answers_the_same,
        each_of_loads_at_once_knows_those_before_it,
        matrices_and_their_position_are_of_one_state,
        old_changes_are_forgotten_and_recent_ones_are_not,
        whichever_patients_are_merged_a_human_has_what_all_identifiers_have,
        lists_and_changes_reach_what_stands_under_another_identifier,
        of_two_records_the_most_restrictive_holds_until_the_human_lifts_it,
        a_human_with_one_record_has_it_under_every_identifier,
        a_document_is_shown_again_under_all_identifiers_of_the_patient,
        a_patient_is_told_under_the_present_identifier,
        an_entry_rests_on_every_identifier_of_the_patient,
        a_cached_answer_is_what_the_database_says_whatever_changed,
        the_basis_is_read_through_indexes,
        what_was_written_under_either_identifier_is_the_humans_and_an_undo_restores_it,
        a_block_under_either_identifier_refuses_what_is_given_to_the_human,
        a_grant_under_either_identifier_is_in_the_way_of_another,
        a_number_that_waited_for_a_human_replaces_their_older_grants,
        lists_are_of_the_human,
        what_is_hidden_from_a_human_under_one_identifier_is_taken_back_under_all,
        a_human_is_told_under_the_present_identifier,
        what_was_learnt_is_taken_in_once_by_whoever_comes_first,
        a_merge_moves_the_clock_of_every_identifier_and_a_repeated_one_none,
        a_cached_answer_of_before_a_merge_is_refused,
        whoever_turns_out_to_be_whom_a_human_has_what_all_identifiers_have,
    ],
}

mod migrations {
    use crate::store::sql::Migrator;

    aval_database::migration_suite!(Migrator);
}
