//! The store's promises, on every engine.

mod aliases;
mod appending;
mod erasing;
mod examining;
mod fencing;
mod findings;
mod fixture;
mod growing;
mod half_erased;
mod heads;
mod hidings;
mod keeping;
mod lists;
mod months;
mod plans;
mod professionals;
mod proofs;
mod searching;
mod standby;
mod standing;
mod tampering;
mod witnessed;

use aliases::*;
use appending::*;
use erasing::*;
use examining::*;
use fencing::*;
use findings::*;
use fixture::Fixture;
use growing::*;
use half_erased::*;
use heads::*;
use hidings::*;
use keeping::*;
use lists::*;
use plans::*;
use professionals::*;
use proofs::*;
use searching::*;
use standing::*;
use tampering::*;
use witnessed::*;

use super::sql::Migrator;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::new,
    tests: [
        entries_keep_the_order_of_the_batch_and_indexes_have_no_gap,
        a_large_batch_is_stored_whole,
        the_events_of_a_patient_are_chained,
        a_batch_that_repeats_an_event_changes_nothing,
        positions_come_back_to_the_next_writer,
        events_are_recognised_by_their_identifier,
        what_a_producer_delivered_is_found_for_it_alone,
        own_events_wait_in_the_outbox,
        a_writer_that_was_overtaken_is_fenced_and_nothing_is_lost,
        a_batch_for_another_size_is_refused,
        a_batch_that_was_made_ready_is_fenced_as_well,
        the_next_writer_finds_the_tree_as_it_was_signed,
        every_proof_from_the_store_verifies,
        nodes_are_remembered_until_they_are_to_be_forgotten,
        the_nodes_of_a_whole_group_are_read_out_of_one_row,
        a_log_from_before_there_were_groups_is_proved_and_whole,
        tiles_hold_the_nodes_of_the_tree,
        receipts_prove_events,
        the_largest_checkpoint_that_was_witnessed_is_kept,
        what_witnesses_saw_is_held_against_the_log_of_today,
        erasing_payload_and_salt_leaves_every_proof_possible,
        an_altered_row_is_noticed,
        each_filter_narrows_the_list,
        the_first_access_is_the_first_whatever_else_is_asked,
        pages_show_every_event_once_while_the_log_grows,
        what_is_erased_while_a_page_is_read_leaves_its_place_to_the_next,
        a_reader_forwards_misses_nothing_and_doubles_nothing_while_the_log_grows,
        a_list_read_forwards_is_the_list_read_backwards,
        news_names_whom_new_entries_concern,
        the_checkpoint_commits_to_the_heads_that_the_leaves_tell,
        a_history_from_the_store_is_proved_whole,
        leaves_of_a_patient_come_from_any_place_and_outlive_their_payloads,
        an_altered_head_is_never_built_upon,
        heads_from_before_there_was_a_map_are_in_it,
        a_log_that_nobody_touched_is_whole,
        whatever_is_changed_in_the_database_is_found,
        an_erasure_that_came_back_by_half_is_found,
        a_merge_that_is_no_more_what_the_log_says_is_found,
        who_is_merged_is_read_with_whom_they_lead_to,
        merges_make_chains_and_are_taken_back_link_by_link,
        both_copies_of_a_merge_and_its_repetition_change_nothing_more,
        a_merge_that_another_producer_tells_leads_nowhere,
        a_merge_of_nobody_clear_leads_nowhere,
        a_merge_in_a_batch_that_is_not_taken_leads_nowhere,
        pages_of_several_identifiers_are_one_list,
        the_first_access_to_a_human_is_one_whatever_the_identifier,
        merges_from_before_there_were_aliases_are_known,
        merges_that_an_older_program_wrote_are_taken_in_by_the_next_writer,
        what_is_told_is_read_with_the_key_alone,
        a_patient_has_one_key_whoever_writes,
        a_key_that_was_taken_away_or_altered_opens_nothing,
        a_rotation_wraps_the_keys_and_touches_no_event,
        what_is_in_clear_is_read_and_encrypted_by_a_rotation,
        what_is_erased_is_gone_with_its_key_and_the_log_says_so,
        more_than_one_step_erases_is_erased_step_by_step,
        a_page_has_what_was_erased_beside_what_was_not,
        what_is_over_is_erased_and_nothing_else,
        what_was_told_last_is_another_service_s_and_not_erased,
        an_erasure_that_is_not_what_was_done_changes_nothing,
        a_page_is_a_walk_along_an_index,
        the_acts_of_a_professional_are_those_under_every_identifier,
        a_block_that_was_erased_keeps_out_whom_a_later_list_of_doctors_names,
        a_block_that_an_earlier_step_erased_holds_while_the_declaration_is_there,
        a_record_that_was_closed_stays_so_when_that_was_erased,
        what_had_no_effect_leaves_nothing_that_has_one,
        a_merge_of_professionals_that_another_producer_tells_leads_nowhere,
        merges_of_professionals_are_found_by_an_index_and_kept_for_ever,
        a_search_sees_every_event_that_is_left_once,
        a_place_is_found_by_when_it_was_recorded,
        who_stands_how_to_a_patient_is_found_under_every_identifier,
        who_may_see_a_document_is_found_under_every_identifier,
        that_a_setting_was_erased_stays_known,
        a_page_says_whether_nothing_of_the_patient_was_ever_hidden,
        what_nothing_explains_is_found_once_by_whoever_walks,
        an_emergency_is_judged_when_its_time_is_over,
        several_identifiers_of_a_professional_are_one_human_to_what_is_found,
    ],
}

mod migrations {
    use crate::store::sql::Migrator;

    aval_database::migration_suite!(Migrator);
}
